"""Node `record_take`: guides a person through labelled takes, asked for by an action or by its own parameters."""

import sys
import time
from functools import partial

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.action import CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from std_msgs.msg import String
from std_srvs.srv import Trigger

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.folder_lock import FolderLock
from fitness_core.ros import messages, pictures, qos, timers
from fitness_core.ros.actions import HeldGoals
from fitness_core.ros.node import FitnessNode, run
from fitness_datasets.collection.collector import Collector, Outcome
from fitness_datasets.collection.guidance import Decision, TakeRequest
from fitness_datasets.collection.session import Session, open_locked, plan
from fitness_datasets.ros import takes
from fitness_datasets.ros.light import LightMeter
from fitness_datasets.ros.neighbours import Neighbours
from fitness_datasets.ros.recorded import Recorded
from fitness_msgs.action import RecordTake
from fitness_msgs.msg import BodyPose, RepEvent, TakeLabel


class RecordTakeNode(FitnessNode):
    """Guides a person through takes and publishes on take_label which poses belong to them; the recorder records both.

    One take for each goal of the action; if `subject` is given, all takes that its session still lacks, after which
    `finished` completes. A finished take waits for ~/keep, ~/redo or ~/stop, unless `auto` decides. With `out`, it
    keeps session.yaml in the session's folder up to date. The counter is told the exercise.

    A goal without consent, without a pseudonym, with an unknown exercise or no end, or during a take is refused; the
    log says why. Cancelling withdraws the take (DISCARD).
    """

    PARAMETERS = takes.PARAMETERS

    def __init__(self, name: str = "record_take", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._labels = self.create_lifecycle_publisher(TakeLabel, "take_label", qos.TAKES)
        self._instructions = self.create_publisher(String, "instruction", qos.TAKES)
        self._instructions.publish(String())  # what one that was killed has said last is not said any more
        self._neighbours = Neighbours(self)
        self.create_service(Trigger, "~/keep", partial(self._answer, Decision.KEEP))
        self.create_service(Trigger, "~/redo", partial(self._answer, Decision.REDO))
        self.create_service(Trigger, "~/stop", partial(self._answer, Decision.STOP))
        # Always there, so that a goal for a node that is not active is refused with a reason.
        self._server = HeldGoals(
            self,
            RecordTake,
            "record_take",
            self._result,
            goal_callback=self._on_goal,
            handle_accepted_callback=lambda goal: self._begin(takes.from_goal(goal.request, self._session), goal),
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
        )
        self.collector = Collector()  # the take under way, and what became of the last one
        self.outcomes: list[tuple[TakeRequest, Outcome]] = []  # what became of each take since activation
        self._request: TakeRequest | None = None
        self._goal: ServerGoalHandle | None = None
        self._session: Session = Session(None, "", "")  # of nobody: none is open
        self._lock, self._plan, self._heard, self._frame_id = FolderLock(None), list[str](), time.monotonic(), ""

    def configure(self) -> None:
        self._catalogue = Catalogue.load(self.params.catalogue)
        self._recorded = Recorded(self.params.needs_recorder)
        self.collector = Collector(self.params.auto, self.params.attempts, self._recorded.lacking)
        for exercise in takes.exercises_of(self.params) if self.params.subject else ():
            takes.request_of(self.params, exercise, 1).check(self._catalogue.names)

    def activate(self) -> None:
        self.outcomes, self._session = [], Session(None, "", "")
        if self.params.subject:
            self._open_session(self.params.subject, self.params.session)
            self._plan = plan(self._session, takes.exercises_of(self.params), self.params.takes)
        self._light = LightMeter(self.params.image_transport)
        # Only now, so that session.yaml is there before the first frame.
        self._inputs = [
            self.create_subscription(BodyPose, "body_pose", self._on_pose, qos.STREAM),
            self.create_subscription(RepEvent, "rep_event", takes.count_by(self.collector), qos.EVENTS),
            self.create_subscription(DiagnosticArray, "/diagnostics", self._recorded.hear, qos.DIAGNOSTICS),
            pictures.subscribe(self, self.params.image_transport, self._light.look, qos.IMAGE_SUBSCRIBER, raw=True),
        ]
        # A goal that is cancelled comes to its end also where /clock stands still.
        self._timer = timers.steady(self, 0.1, self._watch)
        self._next()

    def deactivate(self) -> None:
        self._plan = []
        self.collector.interrupt("interrupted")
        self._tell()
        self.destroy_timer(self._timer)
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._lock.release()

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        return takes.told_of(self.collector) or super().diagnose()

    def decide(self, decision: Decision) -> str:
        """Keep, repeat or stop after the take that is over. Returns why that cannot be; empty where it was done."""
        problem = "the take was cancelled" if self._withdrawn() else self.collector.decide(decision)
        self._plan = self._plan if problem or decision != Decision.STOP else []
        self._tell()
        return problem

    def _open_session(self, subject: str, name: str) -> None:
        self._lock.release()
        now, camera = self.get_clock().now().nanoseconds, self.params.camera
        self._session, self._lock = open_locked(self.params.out, subject, name, now, camera, self._session)

    def _next(self) -> None:
        if self._plan:
            self._begin(takes.request_of(self.params, self._plan.pop(0), self._session.next_take), None)
        elif self.params.subject and not self.finished.done():
            self.get_logger().info(takes.left_of(self._session, self.params))
            self.finished.set_result(None)

    def _on_goal(self, goal: RecordTake.Goal) -> GoalResponse:
        try:
            if not self.active or self.collector.guidance is not None:
                raise InputError("the node is not active, or a take is under way")
            takes.from_goal(goal).check(self._catalogue.names)
            self._open_session(goal.subject, goal.session)
        except InputError as error:
            self.get_logger().error(f"goal refused: {error}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _begin(self, request: TakeRequest, goal: ServerGoalHandle | None) -> None:
        if goal is not None:
            goal.execute()
        self._request, self._goal = request, goal
        self._neighbours.again()
        self._heard = time.monotonic()
        self.collector.begin(request, self._catalogue, takes.settings_of(self.params), self._session, self.params.bag)
        self._tell()

    def _on_pose(self, message: BodyPose) -> None:
        if self.collector.guidance is None or self._withdrawn():
            return
        self._heard, self._frame_id = time.monotonic(), message.header.frame_id
        self._neighbours.look(self.collector.guidance, self._catalogue, self._session)
        self.collector.step(messages.from_body_pose(message), self._light.level)
        self._tell()

    def _answer(self, decision: Decision, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        problem = self.decide(decision)
        response.success, response.message = not problem, problem or self.collector.problem
        return response

    def _watch(self) -> None:
        self._fail(self.collector.settle())
        if self.collector.guidance is None:
            self._tell()
        limit = takes.settings_of(self.params).placement_timeout
        if not self._withdrawn() and 0 < limit < time.monotonic() - self._heard:
            self.collector.give_up("no picture came from the camera, or no pose from the pose estimator")
            self._tell()

    def _fail(self, problem: str) -> None:
        # Nobody is led on where what they do is lost.
        if problem and self.params.subject and not self.finished.done():
            self.get_logger().error(problem)
            self._plan = []
            self.finished.set_result(problem)

    def _withdrawn(self) -> bool:
        """Whether the goal of the take was cancelled; it is withdrawn then, before anything else becomes of it."""
        if self._goal is None or not self._goal.is_cancel_requested:
            return False
        self.collector.cancel()
        self._tell()
        return True

    def _tell(self) -> None:
        """Publish what is new; where a take is over, answer its goal and go on to the next one."""
        while self.collector.labels:
            self._labels.publish(takes.to_label(self.collector.labels.pop(0), self._frame_id))
        while self.collector.instructions:
            self._instructions.publish(String(data=(instruction := self.collector.instructions.pop(0))))
            self.get_logger().info(instruction)
        self._fail(self.collector.problem)
        if self.collector.guidance is not None:
            if self._goal is not None:
                self._goal.publish_feedback(takes.to_feedback(self.collector.guidance))
        elif self._request is not None and self.collector.outcome is not None:
            self.outcomes.append((self._request, self.collector.outcome))
            self.get_logger().info(takes.became(*self.outcomes[-1]))
            self._request = None
            # Who does not come for one take does not come for the next one either.
            self._plan = self._plan if self.collector.outcome.placed else []
            self._instructions.publish(String())
            if self._goal is not None:
                self._server.finish(self._goal, self._result)
                self._goal = None
            self._next()
            if self._request is None:
                self._neighbours.over()
                self._lock.release()

    def _result(self, goal: ServerGoalHandle) -> RecordTake.Result:
        outcome = self.outcomes[-1][1]
        # What was kept before it was cancelled stays kept, and is not told as cancelled.
        (goal.succeed if outcome.kept else goal.canceled if goal.is_cancel_requested else goal.abort)()
        return takes.to_result(outcome, self._frame_id)


def main() -> int:
    """Program `record_take_node`."""
    return run(RecordTakeNode)


if __name__ == "__main__":
    sys.exit(main())
