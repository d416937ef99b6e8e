"""OpenCV without its own lines on stderr: what goes wrong is said once, by us, as an InputError."""

import os

# Read by OpenCV at its import and by its FFmpeg at the first capture, so they are set before either.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# A device that stops delivering is noticed after this long [s] instead of ten.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")

import cv2

if os.environ["OPENCV_LOG_LEVEL"] == "SILENT":
    cv2.setLogLevel(0)  # somebody may have imported OpenCV before us

__all__ = ["cv2"]
