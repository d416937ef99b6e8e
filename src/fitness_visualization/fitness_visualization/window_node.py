"""Node `window`: annotated pictures -> a desktop window."""

import sys
import threading

from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import Image

from fitness_core.mailbox import Mailbox
from fitness_core.ros import diagnostics, qos, timers
from fitness_core.ros.images import to_bgr
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.topics.while_watched import LOOK_PERIOD
from fitness_core.types import SILENT
from fitness_visualization.picture.overlay import old
from fitness_visualization.picture.window import Window


class WindowNode(FitnessNode):
    """Shows the annotated pictures in a window; `finished` completes when the window is closed.

    After some seconds without a new picture, the last one is darkened, and the window says so.

    Needs a display and Tk (Debian, Ubuntu: python3-tk). Escape or q closes the window.
    """

    def __init__(self, name: str = "window", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._window: Window | None = None
        self._subscription: Subscription | None = None
        self._timer: Timer | None = None
        self._thread: threading.Thread | None = None
        self._mailbox: Mailbox[Image] = Mailbox()
        self._shown = diagnostics.Rate()

    def activate(self) -> None:
        window, mailbox = Window("fitness"), Mailbox[Image]()
        self._window, self._mailbox = window, mailbox
        self._subscription = self.create_subscription(Image, "overlay/image", mailbox.put, qos.OVERLAY)
        self._timer = timers.steady(self, LOOK_PERIOD, self._watch)
        self._thread = threading.Thread(target=self._work, args=(window, mailbox), name="window", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        if self._timer:
            self.destroy_timer(self._timer)
        if self._subscription:
            self.destroy_subscription(self._subscription)
        self._mailbox.close()
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

    def _work(self, window: Window, mailbox: Mailbox[Image]) -> None:
        shown = None
        while not mailbox.closed:
            message = mailbox.take(SILENT if shown is not None else None)
            if mailbox.closed or not window.open:
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
