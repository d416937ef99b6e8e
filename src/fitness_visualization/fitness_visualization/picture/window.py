"""A desktop window that shows pictures: a program of its own, fed through its standard input. Free of ROS.

Tkinter, because it is in the standard library and shares no files with the headless OpenCV; a process, because a window
system wants the main thread and may take the whole program down. It says READY, or why not, on its standard output.
"""

import os
import queue
import struct
import subprocess
import sys
import threading
from typing import BinaryIO

import cv2
import numpy as np

from fitness_core.errors import InputError

READY = "ready"
REFRESH_MS = 20
START_TIMEOUT = 20.0
"""[s]"""
_HEAD = struct.Struct("<II")


class Window:
    """The window, from outside. Raises InputError where there is no display or no Tk."""

    def __init__(self, title: str) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "fitness_visualization.picture.window", title]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            # Ctrl-C in the terminal is for the graph; the window goes with it.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        timer = threading.Timer(START_TIMEOUT, self._process.kill)
        timer.start()
        said = self._process.stdout.readline().decode().strip()
        timer.cancel()
        if said != READY:
            self.close()
            raise InputError(f"no window: {said or 'it did not start'}; the dashboard shows the same in a browser")

    @property
    def open(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def show(self, picture: np.ndarray) -> None:
        """Show a picture, BGR uint8 [height, width, 3]. Waits until the window takes it; does nothing once closed."""
        stream = self._process.stdin
        assert stream is not None
        if not self.open:
            return
        try:
            stream.write(_HEAD.pack(picture.shape[1], picture.shape[0]))
            stream.write(np.ascontiguousarray(picture).data)
            stream.flush()
        except (OSError, ValueError):
            return  # it was closed meanwhile

    def close(self) -> None:
        """Close it."""
        self._process.terminate()
        self._process.wait(START_TIMEOUT)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except OSError:
                continue


def main(title: str) -> int:
    """Show what comes on standard input until it ends, the window is closed, or Escape or q is pressed."""
    if not os.environ.get("DISPLAY"):
        print("there is no display (DISPLAY is not set)")
        return 2
    try:
        import tkinter
    except ImportError:
        print("this Python has no tkinter (Debian, Ubuntu: sudo apt install python3-tk)")
        return 2
    try:
        root = tkinter.Tk(className="fitness")
    except tkinter.TclError as error:
        print(f"the display cannot be used ({error})")
        return 2
    root.title(title)
    root.configure(background="black")
    label = tkinter.Label(root, background="black", borderwidth=0)
    label.pack(fill="both", expand=True)
    for key in ("<Escape>", "q"):
        root.bind(key, lambda _: root.destroy())
    pictures: queue.Queue[np.ndarray | None] = queue.Queue(1)
    threading.Thread(target=_read, args=(sys.stdin.buffer, pictures), daemon=True).start()

    sized = False

    def refresh() -> None:
        nonlocal sized
        try:
            picture = pictures.get_nowait()
        except queue.Empty:
            root.after(REFRESH_MS, refresh)
            return
        if picture is None:
            root.destroy()
            return
        if not sized:
            height, width = picture.shape[:2]
            root.geometry(f"{min(width, root.winfo_screenwidth())}x{min(height, root.winfo_screenheight())}")
            root.update_idletasks()
            sized = True
        picture = fitted(picture, root.winfo_width(), root.winfo_height())
        data = b"P6 %d %d 255\n" % picture.shape[1::-1] + cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).tobytes()
        photo = tkinter.PhotoImage(data=data, format="ppm")
        label.configure(image=photo)
        label.image = photo  # type: ignore[attr-defined] # Tk does not keep it
        root.after(REFRESH_MS, refresh)

    refresh()
    print(READY)
    root.mainloop()
    return 0


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture as large as it fits into width x height [px]; as it is where the window has no size yet."""
    if width < 16 or height < 16:
        return picture
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _read(stream: BinaryIO, pictures: "queue.Queue[np.ndarray | None]") -> None:
    while len(head := stream.read(_HEAD.size)) == _HEAD.size:
        width, height = _HEAD.unpack(head)
        data = stream.read(3 * width * height)
        if len(data) < 3 * width * height:
            break
        pictures.put(np.frombuffer(data, np.uint8).reshape(height, width, 3))
    pictures.put(None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
