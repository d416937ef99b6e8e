"""Node `window`: annotated pictures -> a desktop window."""

import sys
import threading

from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import Image

from fitness_core.ros import diagnostics, qos, timers
from fitness_core.ros.images import to_bgr
from fitness_core.ros.node import FitnessNode, run
from fitness_core.types import SILENT
from fitness_visualization.overlay import old
from fitness_visualization.window import Window

WATCH_PERIOD = 0.25
"""How often it is looked whether the window was closed [s]."""


class WindowNode(FitnessNode):
    """Shows the annotated pictures in a window; `finished` completes when the window is closed.

    A picture that no other follows for some seconds is darkened, and the window says so.

    Needs a display and Tk (Debian, Ubuntu: python3-tk). Escape or q closes the window.
    """

    def __init__(self, name: str = "window", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._window: Window | None = None
        self._subscription: Subscription | None = None
        self._timer: Timer | None = None
        self._thread: threading.Thread | None = None
        self._news = threading.Condition()
        self._next: Image | None = None
        self._stopping = False
        self._shown = diagnostics.Rate()

    def activate(self) -> None:
        self._subscription = self.create_subscription(Image, "overlay/image", self._on_picture, qos.OVERLAY)
        self._timer = timers.steady(self, WATCH_PERIOD, self._watch)
        window = self._window = Window("fitness")
        self._stopping = False
        self._thread = threading.Thread(target=self._work, args=(window,), name="window", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        if self._timer:
            self.destroy_timer(self._timer)
        if self._subscription:
            self.destroy_subscription(self._subscription)
        with self._news:
            self._stopping = True
            self._news.notify()
        if self._window:
            self._window.close()
        if self._thread:
            self._thread.join()
        self._window = None

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        message = "active" if self.active else "inactive"
        return diagnostics.OK, message, {"rate_hz": self._shown.hertz()}

    def _watch(self) -> None:
        if self._window and not self._window.open and not self.finished.done():
            self.finished.set_result(None)

    def _on_picture(self, message: Image) -> None:
        with self._news:
            self._next = message
            self._news.notify()

    def _work(self, window: Window) -> None:
        shown = None
        while True:
            with self._news:
                self._news.wait_for(lambda: self._next or self._stopping, SILENT if shown is not None else None)
                message, self._next = self._next, None
            if self._stopping:
                return
            if not window.open:
                continue
            if message is not None:
                with self.refusals.taking("overlay/image"), self._shown.timed():
                    shown = to_bgr(message)
                    window.show(shown)
            elif shown is not None:
                window.show(old(shown))
                shown = None


def main() -> int:
    """Program `window_node`."""
    return run(WindowNode)


if __name__ == "__main__":
    sys.exit(main())
