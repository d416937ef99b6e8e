"""What can happen to the stream of poses: it stalls, loses messages, jumps in time, carries nonsense."""

import math
import os
import random
import signal
import threading
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy

from fitness_bringup.faults.feed import lossy
from fitness_bringup.faults.kills import AFTERMATH, blame, counted
from fitness_bringup.faults.stage import Stage
from fitness_bringup.faults.table import Fault
from fitness_core.ros import qos
from fitness_core.ros.node import FitnessNode
from fitness_core.types import nanoseconds
from fitness_msgs import msg

STALL = 2.5
HOUR = nanoseconds(3600.0)


def lost_messages(stage: Stage) -> Fault:
    """30 % of the poses never arrive, for a whole loop."""
    fault = Fault("30 % message loss", 1)
    before = len(stage.notes.events)
    stage.feed.begin()
    stage.feed.fault = lossy(0.3)
    begun = time.monotonic()
    stage.until(lambda: stage.notes.times.get("rep_state", 0) > begun, "nothing is counted")
    fault.times.append(time.monotonic() - begun)
    fault.declared += stage.told(begun, "/rep_counter", "missing", patience=20.0)
    for _ in counted(stage, before):
        # A third of the poses missing is told as such, for as long as it is so.
        fault.reps_lost += 1
        fault.silent += not fault.declared
    return fault


def one_loop(stage: Stage, seed: int) -> list[Fault]:
    """Faults that pass, one after the other while one loop runs: what they cost is looked for at the end."""
    rows = [wrong_qos, slow_subscriber, frozen, nonsense, stall]
    before = len(stage.notes.events)
    stage.feed.begin()
    chance = random.Random(seed)
    faults: list[tuple[float, Fault]] = []
    for row in rows:
        time.sleep(chance.uniform(1.0, 3.0))
        faults.append((time.monotonic(), row(stage)))
    for lost in counted(stage, before):
        guilty = [fault for when, fault in faults if when <= stage.feed.moment(lost.end) + AFTERMATH]
        blame(stage, (guilty or [faults[0][1]])[-1], lost)
    return [fault for _, fault in faults]


def stall(stage: Stage) -> Fault:
    """No poses for a while."""
    fault = Fault("pose stream stalls", 1)
    since, begun = time.time_ns(), time.monotonic()
    stage.feed.paused.set()
    time.sleep(STALL)
    stage.feed.paused.clear()
    _heard_again(stage, fault)
    told = stage.within(lambda: stage.notes.interrupted(since) or stage.notes.declared(begun, "/rep_counter"), 5.0)
    fault.declared += told is not None
    return fault


def nonsense(stage: Stage) -> Fault:
    """Landmarks that are not numbers, or far out of the picture, in every second pose for a second."""
    fault = Fault("NaN and out-of-range landmarks", 1)
    until = stage.feed.number + 30

    def spoil(number: int, message: msg.BodyPose) -> msg.BodyPose:
        if number >= until or number % 2:
            return message
        spoilt = msg.BodyPose(header=message.header, status=message.status)
        spoilt.image_width, spoilt.image_height = message.image_width, message.image_height
        for landmark in spoilt.landmarks:
            landmark.x = landmark.y = math.nan if number % 4 else 1e30
        return spoilt

    begun = time.monotonic()
    stage.feed.fault = spoil
    stage.within(lambda: stage.feed.number >= until, 10.0)
    stage.feed.fault = None
    _heard_again(stage, fault)
    fault.declared += stage.told(begun, "/rep_counter", "no landmark", patience=5.0)
    return fault


def wrong_qos(stage: Stage) -> Fault:
    """A stranger publishes body_pose best effort: nobody here can hear that, and it is told."""
    fault = Fault("wrong QoS", 1)
    begun = time.monotonic()
    # A node of its own: what is spun in another thread must not lose an entity.
    node = rclpy.create_node("stranger")
    node.create_publisher(msg.BodyPose, "body_pose", QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    fault.declared += stage.told(begun, "/rep_counter", "quality of service", patience=8.0)
    node.destroy_node()
    _heard_again(stage, fault)
    return fault


def slow_subscriber(stage: Stage) -> Fault:
    """A node takes a second for each pose and each state: it says so, and the others do not wait for it."""
    fault = Fault("slow subscriber", 1)
    begun = time.monotonic()
    slow = FitnessNode("slow")
    stop = threading.Event()

    def dawdle(message: object) -> None:
        stop.wait(1.0)

    for kind, topic in ((msg.BodyPose, "body_pose"), (msg.RepState, "rep_state")):
        slow.create_subscription(kind, topic, dawdle, qos.STREAM)
    executor = SingleThreadedExecutor()
    executor.add_node(slow)

    def spin() -> None:
        while not stop.is_set():
            executor.spin_once(timeout_sec=0.1)

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    fault.declared += stage.told(begun, "/slow", "too slow", patience=15.0)
    _heard_again(stage, fault)
    stop.set()
    thread.join()
    executor.shutdown()
    slow.destroy_node()
    return fault


def frozen(stage: Stage) -> Fault:
    """The counter gets no processor for a while; what came in the meantime must still be counted."""
    fault = Fault("counter frozen for 2.5 s", 1)
    begun, pid = time.monotonic(), stage.core["rep_counter"].process.pid
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STALL)
    os.kill(pid, signal.SIGCONT)
    _heard_again(stage, fault)
    fault.declared += stage.told(begun, "/rep_counter", "held up", patience=5.0)
    return fault


def clock_jumps(stage: Stage) -> Fault:
    """Stamps jump an hour ahead, and back again."""
    fault = Fault("clock jumps by an hour")
    stage.feed.begin()
    for shift in (HOUR, 0):
        time.sleep(6.0)
        _jump(stage, fault, shift)
    stage.feed.cut()
    return fault


def _jump(stage: Stage, fault: Fault, shift: int) -> None:
    events, since, begun = len(stage.notes.events), stage.notes.stamp, time.monotonic()
    stage.feed.shift = shift
    fault.injected += 1
    fault.back(stage.within(lambda: abs(stage.notes.stamp - since) > HOUR // 2))

    def told() -> bool:
        return len(stage.notes.events) > events or stage.notes.declared(begun, "/rep_counter")

    fault.declared += stage.within(told, 10.0) is not None


def _heard_again(stage: Stage, fault: Fault) -> None:
    now = time.monotonic()
    fault.back(stage.within(lambda: stage.notes.times.get("rep_state", 0.0) > now))
