"""A graph that a test tells what to say, behind a real server."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from fitness_bringup.composition.live import DEMO
from fitness_core.catalogue import Catalogue
from fitness_core.types import Classification, ClassificationStatus, JointAngles, Phase, Pose, RepState, nanoseconds
from fitness_datasets.bags import BagReader
from fitness_visualization.dashboard import requests
from fitness_visualization.dashboard.server import Server, Settings
from fitness_visualization.dashboard.state import ANSWERS, Json, State

with BagReader(DEMO) as demo:
    BODY = next(pose for pose in demo.poses() if pose.tracked)


class Told:
    """Shows pages what the test has set: `known`, `pose`, `angles`, `image`. exercises: its catalogue;
    settings: of its server.

    answered: topics that come with each pose. exercise, thresholds: what the nodes say that they were told; what a page
    asks for does not change them.
    """

    def __init__(self, exercises: Catalogue | None = None, **settings: Any) -> None:
        self.known = State(exercises or Catalogue.load())
        self.pose: Pose | None = None
        self.angles: JointAngles | None = None
        self.image: np.ndarray | None = None
        self.silence = math.nan
        self.exercise = ""
        self.thresholds: dict[str, float] = {}
        self.answered = list(ANSWERS)
        self.server = Server(self, Settings(**({"port": 0} | settings)), print)
        self.server.start()

    @property
    def address(self) -> str:
        return self.server.address

    def stand(self, stamp: float, somebody: bool = True) -> None:
        """Somebody stands there at that time [s], or nobody."""
        at = nanoseconds(stamp)
        self.pose = replace(BODY, stamp=at) if somebody else Pose.nobody(at, BODY.width, BODY.height)
        self.known.tick(at)
        for topic in self.answered:
            self.known.answered(topic)

    def label(self, label: str, confidence: float, status: ClassificationStatus = ClassificationStatus.OK) -> None:
        rest = {label: confidence, "other": 1 - confidence}
        self.known.take_classification(Classification(0, 0, status, label, confidence, rest))

    def count(self, exercise: str, count: int, phase: Phase = Phase.REST, rejected: int = 0, number: int = 1) -> None:
        self.known.take_state(RepState(0, exercise, phase, 0.0, count, rejected, number))

    # What the server asks.

    def hello(self) -> Json:
        return self.known.hello() | {"picture": self.image is not None}

    def look(self) -> bool:
        return True

    async def ready(self) -> None:
        """There is nothing to wait for."""

    def state(self) -> Json:
        return self.known.now(self.pose, self.angles) | ({} if math.isnan(self.silence) else {"silence": self.silence})

    def picture(self) -> np.ndarray | None:
        return self.image

    async def graph(self) -> Json:
        told = {
            "thresholds": self.thresholds,
            "nodes": {},
            "exercise": self.exercise,
            "pictures": self.image is not None,
        }
        return {"type": "graph", "recording": None, "guide": False} | told

    async def act(self, _: requests.Request) -> str:
        return "done"
