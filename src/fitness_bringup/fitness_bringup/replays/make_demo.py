"""Makes the bag that `./fitness live --demo` replays (for maintainers; the bag is committed).

python -m fitness_bringup.replays.make_demo CURL_CLIP PRESS_CLIP SQUAT_CLIP --out .../fitness_bringup/demo
"""

import argparse
import sys
from pathlib import Path

from fitness_bringup.replays.landmarks import record_landmarks
from fitness_core.errors import InputError

GAP = 2.0
"""Seconds of nobody between the clips."""
RATE = 15.0
"""Poses per second: enough for every exercise, and half the size."""


def main() -> int:
    """Write the bag and say how big it is."""
    parser = argparse.ArgumentParser(description="Make the bag of the demo from clips.")
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    given = parser.parse_args()
    poses = record_landmarks(given.clips, given.out, GAP, RATE, compress=True)
    size = sum(file.stat().st_size for file in given.out.iterdir())
    print(f"{given.out}: {poses} poses, {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
