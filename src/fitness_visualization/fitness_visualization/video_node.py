"""Node `video`: annotated pictures -> an MP4."""

import queue
import sys
import threading
from pathlib import Path

from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, qos
from fitness_core.ros.images import to_bgr
from fitness_core.ros.messages import from_time
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_visualization.picture.video import VideoWriter, check_path

WAITING = 30
"""Pictures that may wait to be encoded; more are left out, and counted."""


class VideoNode(FitnessNode):
    """Writes the annotated pictures into a video from activation to deactivation; then the file is complete.

    Each picture lasts from its stamp to that of the next one. A thread encodes, so that callbacks never wait.
    """

    WRITES_ONCE = True
    PARAMETERS = (
        Parameter("file", "", "MP4 to write, complete once the node is deactivated; no file is overwritten."),
        Parameter(
            "rate", 15.0, "Pictures per second of the video: the overlay's max_rate.", minimum=1.0, maximum=120.0
        ),
    )

    def __init__(self, name: str = "video", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._file = Path()  # which is being written, whatever the parameter says of the next one
        self._subscription: Subscription | None = None
        self._waiting: queue.Queue[Image | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._written = diagnostics.Rate()
        self._left_out = 0
        self._failure = ""

    def configure(self) -> None:
        self._take_file()

    def _take_file(self) -> None:
        if not self.params.file:
            raise InputError("no file to write; set the parameter `file`, e.g. file:=squats.mp4")
        self._file = paths.given(self.params.file)
        check_path(self._file)
        if self._file.exists():
            raise InputError(f"{self._file} exists; recordings are never overwritten: give another name")

    def activate(self) -> None:
        self._take_file()  # it may have been set since
        self._waiting = queue.Queue(WAITING)
        self._written, self._left_out, self._failure = diagnostics.Rate(), 0, ""
        self._subscription = self.create_subscription(Image, "overlay/image", self._on_picture, qos.OVERLAY)
        self._thread = threading.Thread(target=self._work, args=(self._waiting,), name="video", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        if self._subscription:
            self.destroy_subscription(self._subscription)
        if self._thread:
            self._waiting.put(None)
            self._thread.join()
        if self._failure:
            self.get_logger().error(self._failure)
        elif not self._written.total:
            self.get_logger().warning(f"{self._file} was not written: no annotated picture came")

    @property
    def incomplete(self) -> str:
        return self._failure

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message = diagnostics.OK, "active" if self.active else "inactive"
        if self._failure:
            level, message = diagnostics.ERROR, self._failure
        values: dict[str, object] = {
            "rate_hz": self._written.hertz(),
            "encode_ms": 1000 * self._written.mean_cost(),
            "written": self._written.total,
            "left_out": self._left_out,
        }
        return level, message, values

    def _on_picture(self, message: Image) -> None:
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self._left_out += 1

    def _work(self, waiting: "queue.Queue[Image | None]") -> None:
        writer: VideoWriter | None = None
        while (message := waiting.get()) is not None:
            if self._failure:
                continue
            try:
                with self._written.timed():
                    picture = to_bgr(message)
                    if writer is None:
                        writer = VideoWriter(self._file, picture.shape[1], picture.shape[0], self.params.rate)
                    writer.write(picture, from_time(message.header.stamp))
            except Exception as error:  # whatever a codec raises: this thread empties the queue to its end
                self._failure = str(error)
        if writer is not None:
            try:
                writer.close()
            except Exception as error:
                self._failure = f"{self._file} could not be completed: {error}"


def main() -> int:
    """Program `video_node`."""
    return run(VideoNode)


if __name__ == "__main__":
    sys.exit(main())
