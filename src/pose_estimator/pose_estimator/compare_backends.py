"""Print how far a backend is from MediaPipe on clips, and what each costs: `--help`.

Both get the pictures as they are stored, neither turned nor made of square pixels.
"""

import argparse
import json
import sys

import numpy as np

from fitness_core.errors import InputError
from fitness_core.quiet_opencv import cv2
from pose_estimator.backends import BACKENDS
from pose_estimator.compare import REFERENCE, costs, differences
from pose_estimator.options import Options

_COST_PICTURES = 120


def main() -> int:
    """Compare on every clip that is named; exit code 2 where one cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m pose_estimator.compare_backends", description=__doc__)
    parser.add_argument("clips", nargs="+", metavar="CLIP", help="videos")
    usual = Options()
    compared = [name for name in BACKENDS if name != REFERENCE]
    parser.add_argument("--backend", choices=compared, default="litert", help="compared with MediaPipe")
    parser.add_argument("--model", default=usual.model, help="of both, where both have it; default: the usual ones")
    parser.add_argument("--threads", type=int, default=usual.threads, help="of a network, where a backend heeds it")
    parser.add_argument("--pictures", type=int, default=300, help="at most so many pictures of each clip")
    parser.add_argument("--no-costs", action="store_true", help="landmarks only")
    parser.add_argument("--json", action="store_true", help="one JSON object per clip")
    given = parser.parse_args()
    try:
        options = Options(given.model, threads=given.threads)
        if given.pictures < 1:
            raise InputError(f"--pictures is {given.pictures}; accepted: 1 or more")
        for clip in given.clips:
            pictures = _pictures(clip, given.pictures)
            found = differences(pictures, given.backend, options)
            cost = None if given.no_costs else costs(pictures[:_COST_PICTURES], given.backend, options)
            if given.json:
                print(json.dumps({"clip": clip, **found.as_dict(), **(cost.as_dict() if cost else {})}), flush=True)
                continue
            print(
                f"{clip}: {found.pictures} pictures, {found.both} with a body by both, {found.one_only} by one; "
                f"landmarks {found.landmarks:.3%} of the torso (p95 {found.landmarks_p95:.2%}), "
                f"angles {found.angles:.3f} deg (p95 {found.angles_p95:.2f})",
                flush=True,
            )
            if cost:
                print(
                    "    "
                    + "; ".join(f"{name} {cost.latency[name]:.1f} ms, CPU {cost.cpu[name]:.1f} ms" for name in cost.cpu)
                    + f"; ratio of latency {cost.latency_ratio:.2f} [{cost.latency_spread[0]:.2f}, "
                    f"{cost.latency_spread[1]:.2f}], of CPU {cost.cpu_ratio:.2f}",
                    flush=True,
                )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _pictures(clip: str, count: int) -> list[np.ndarray]:
    source = cv2.VideoCapture(clip)
    pictures: list[np.ndarray] = []
    while len(pictures) < count:
        there, picture = source.read()
        if not there:
            break
        pictures.append(picture)
    source.release()
    if not pictures:
        raise InputError(f"{clip}: no pictures in it; accepted: a video that OpenCV reads")
    return pictures


if __name__ == "__main__":
    sys.exit(main())
