"""Node `camera`: pictures of a source on camera/image_raw, each with its camera_info."""

import sys
import threading
import traceback
from copy import copy
from dataclasses import replace
from functools import partial

from sensor_msgs.msg import CameraInfo, Image

from fitness_camera.given_up import opened
from fitness_camera.ros.calibrated import Calibrated
from fitness_camera.ros.pace import Pace
from fitness_camera.source import Source
from fitness_camera.source_kinds import OF_CAMERA, is_live, sentence, shown
from fitness_camera.sources import Repeated, open_source
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, messages, qos
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.process.last_words import wait_for_readers
from fitness_core.ros.topics import handover
from fitness_core.ros.topics.stamps import stamped_by
from fitness_core.ros.topics.subscribers import wait_for_subscribers
from fitness_core.types import Frame
from fitness_core.words import amount

RETRY_PERIOD = 1.0
"""Between attempts to get a lost device or stream back [s]."""
DRAIN_TIMEOUT = 2.0
"""How long the last pictures of a recording may take to reach reliable subscribers [s]."""


class CameraNode(FitnessNode):
    """Publishes a source; parameters take effect at the next activation, those of the calibration when configured.

    Pictures of a recording (file, folder) are stamped with its start plus their own time, those of a device or stream
    with the time of acquisition. At the end of a recording `finished` completes. The node tries again each second to
    open a device or stream that is lost, or, with `wait_for_device`, not there yet.
    """

    PARAMETERS = (
        Parameter("source", "0", f"{sentence(OF_CAMERA)}."),
        Parameter("paced", True, "Play recordings at the rate they were taken; false: as fast as their poses come."),
        Parameter("loop", False, "Start a recording again at its end; stamps go on increasing."),
        Parameter(
            "wait_for_subscribers",
            1,
            "Recordings start once this many nodes subscribe to image_raw (or after 30 s); 0 starts at once.",
            minimum=0,
        ),
        Parameter(
            "wait_for_device",
            False,
            "If a device or stream is not there at activation, as after boot, try again each second; else refuse it.",
        ),
        Parameter("frame_id", "camera_optical_frame", "Frame of the pictures: x right, y down, z forward (REP-103)."),
        Parameter("camera_name", "camera", "Name of the camera, for its calibration."),
        Parameter(
            "camera_info_url",
            "",
            "Calibration: file:///path.yaml or package://name/path.yaml, with ${NAME} and ${ROS_HOME} as "
            "camera_info_manager has them; empty = uncalibrated.",
        ),
        Parameter("width", 0, "Width requested from a device [px]; 0 leaves it to the device.", minimum=0),
        Parameter("height", 0, "Height requested from a device [px]; 0 leaves it to the device.", minimum=0),
        Parameter("rate", 0.0, "Of device or folder [Hz]; 0: its own, folders 30.", minimum=0, maximum=1e3, least=1e-3),
    )

    def __init__(self, name: str = "camera", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._image_publisher = self.create_lifecycle_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
        self._info_publisher = self.create_lifecycle_publisher(CameraInfo, "camera/camera_info", qos.IMAGE_PUBLISHER)
        self._outlet = handover.Outlet(self, self._image_publisher)
        self._given = self.params  # as they were at activation: what is set later holds from the next one on
        self._source: Source | None = None
        self._calibrated = Calibrated(
            self,
            lambda: self.params.camera_info_url,
            lambda: self.params.camera_name,
            lambda: self._source if self.active else None,
        )
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._pace = Pace(self, True, self._stopping)
        self._published = diagnostics.Rate()
        self._errors, self._trouble = 0, ""

    def configure(self) -> None:
        self._calibrated.load()

    def activate(self) -> None:
        self._given = copy(self.params)
        # An address may take seconds to answer. Who waits for it leaves that to the thread; else it is refused here.
        self._stopping.clear()
        waits = self._given.wait_for_device and is_live(self._given.source)
        self._source = None if waits else self._open()
        self._pace = Pace(self, self._given.paced, self._stopping)
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        self._stopping.set()
        self._pace.stop()
        if self._thread is not None:
            self._thread.join()
        self._pace.close()
        self._trouble = ""  # it tries no more

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message = diagnostics.OK, "active" if self.active else "inactive"
        if self._trouble:
            level, message = diagnostics.ERROR, self._trouble
        elif self.active and self.finished.done():
            message = "finished"
        values = {"source": shown(self._given.source), "rate_hz": self._published.hertz(), "errors": self._errors}
        return level, message, values | {"published": self._published.total, "unanswered": self._pace.unanswered}

    def _open(self) -> Source | None:
        given = self._given
        size = {"width": given.width, "height": given.height}
        open_once = partial(open_source, given.source, **size, rate=given.rate, frame_id=given.frame_id)
        source = opened(given.source, open_once, self._stopping)
        if source is None:  # told to stop
            return None
        self._calibrated.require_size_of(source)
        self.get_logger().info(f"source {source}")
        return Repeated(source, open_once) if given.loop and not source.live else source

    # What follows runs in the capture thread.

    def _run(self) -> None:
        try:
            over = self._relay()
        except Exception:
            # A thread that dies is not seen by anybody.
            self._report("the capture thread failed")
            self.get_logger().error(traceback.format_exc())
            over = self._source is not None and not self._source.live
        finally:
            if self._source is not None:
                self._source.close()
        if over and not self.finished.done():
            self.finished.set_result(self._trouble)

    def _play(self, source: Source) -> bool:
        """Publish a recording; whether it came to its end."""
        wanted = self.params.wait_for_subscribers
        if self._image_publisher.get_subscription_count() < wanted:
            self.get_logger().info(f"waiting for {amount(wanted, 'subscriber')} of camera/image_raw")
        wait_for_subscribers(self._image_publisher, wanted, self._stopping)
        if self._stopping.is_set():
            return False
        self._pace.begin()
        start, before = self.get_clock().now().nanoseconds, self._published.total
        try:
            for frame in source:
                if not self._pace.wait(frame.stamp, start + frame.stamp):
                    return False
                self._publish(replace(frame, stamp=start + frame.stamp))
        except InputError as error:
            self._report(str(error))
        self._pace.wait_for_last()
        wait_for_readers(self._image_publisher, DRAIN_TIMEOUT)
        if not self._trouble:
            more = f", {source.undecoded} more are damaged or missing" if source.undecoded else ""
            published = amount(self._published.total - before, "frame") + " published"
            self.get_logger().info(f"end of {source.name}: {published}{more}")
        return True

    def _relay(self) -> bool:
        """Publish until told to stop (False) or a recording ends (True); ask again for what is live and not there."""
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = RETRY_PERIOD
            if self._source is None:
                try:
                    self._source = self._open()
                except InputError as error:
                    self._report(f"{error}; trying again every {RETRY_PERIOD:g} s", once=True)
                if self._source is None:
                    continue
                self._trouble = ""
                self.get_logger().info(f"{self._source.name} is there")
            if not self._source.live:  # of an address known once it answers
                return self._play(self._source)
            for frame in self._source:
                self._publish(stamped_by(self.get_clock(), frame))
                if self._stopping.is_set():
                    return False
            self._source.close()
            self._report(f"{self._source.name} is lost; trying again every {RETRY_PERIOD:g} s")
            self._source = None
        return False

    def _publish(self, frame: Frame) -> None:
        if self._info_publisher.get_subscription_count():
            info = CameraInfo(header=messages.header(frame.stamp, frame.frame_id))
            info.height, info.width = frame.image.shape[:2]
            self._calibrated.fill(info)
            self._info_publisher.publish(info)
        self._outlet.publish(frame)
        self._published.tick()

    def _report(self, trouble: str, once: bool = False) -> None:
        """Tell of trouble. once: of trouble that is there already, only /diagnostics tells anew."""
        told, self._trouble = self._trouble, trouble
        if not (once and told):
            self._errors += 1
            self.get_logger().error(trouble)


def main() -> int:
    """Run the node as a program."""
    return run(CameraNode)


if __name__ == "__main__":
    sys.exit(main())
