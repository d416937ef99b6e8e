"""Quality of service of every topic of the graph, one name each (see docs/ros-api.md)."""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

_BEST_EFFORT, _RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE


def _keep_last(depth: int, reliability: ReliabilityPolicy = _RELIABLE, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


IMAGE_PUBLISHER = _keep_last(5)
"""camera/*: reliable, so that a recorder may ask for every frame."""
IMAGE_SUBSCRIBER = _keep_last(5, _BEST_EFFORT)
"""Sensor data (REP-2003). Not depth 1: while a callback runs two pictures may arrive, and one would be lost unseen."""
IMAGE_RECORDER = _keep_last(5, ReliabilityPolicy.BEST_AVAILABLE)
"""camera/* of any driver, to record: reliable where it is when the recorder starts."""
STREAM = _keep_last(10)
"""One message per frame or per classification."""
POSES = _keep_last(900, latched=True)
"""body_pose, to publish: keeps 30 s at 30 Hz (some 2 MB), so that a classifier or counter that crashed can catch up.
Subscribe with STREAM; who asks for POSES gets what is kept first."""
LABELS = _keep_last(300, latched=True)
"""exercise, to publish: 30 s at 10 Hz, as POSES."""
EVERY = _keep_last(300)
"""For who must not miss one (counter, classifier, recorder): ten seconds, while the processor is busy with others."""
EVENTS = _keep_last(50)
"""rep_event: none may be lost, and many can come at once when a label is decided late."""
LATCHED = _keep_last(1, latched=True)
"""Facts that late joiners need: exercise/info."""
STATE = _keep_last(10, latched=True)
"""rep_state, set_summary: every message for who is there; who joins late and asks for LATCHED gets the newest."""
TAKES = _keep_last(10, latched=True)
"""take_label."""
OVERLAY = _keep_last(1)
"""Pictures for people."""
DIAGNOSTICS = _keep_last(10)
