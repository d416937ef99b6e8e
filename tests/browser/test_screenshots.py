"""The command that makes the pictures of the docs makes them, of every size of screen."""

import shutil
import subprocess
import sys
from pathlib import Path

import cv2

SCRIPT = Path(__file__).with_name("screenshots.py")
SIZES = {
    "dashboard-desktop-dark.png": (900, 1440),
    "dashboard-phone-light.png": (1688, 780),
    "dashboard-television-dark.png": (1080, 1920),
}


def test_the_pictures_of_the_docs_are_made(needed, tmp_path: Path):
    needed(shutil.which("chromium"), "Chromium: apt-get install chromium")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), "Biceps curl", "2"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name, size in SIZES.items():
        picture = cv2.imread(str(tmp_path / name))
        assert picture.shape[:2] == size
        # Skeleton, ring and count are on it: far more than one colour.
        assert len(set(map(bytes, picture.reshape(-1, 3)[::97]))) > 20, f"{name} is empty"
