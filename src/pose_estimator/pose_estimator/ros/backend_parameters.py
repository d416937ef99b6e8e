"""The parameters of the node that say which backend it runs, and how."""

from dataclasses import fields
from types import SimpleNamespace

from rclpy.parameter import Parameter as RosParameter

from fitness_core.ros.node import FitnessNode
from fitness_core.ros.parameters import Parameter
from pose_estimator.backends import BACKENDS, DEFAULT, model_of
from pose_estimator.options import Options

_USUAL = Options()
_MODEL = "One of the backend's models, see backends.md; empty: its default, which this parameter then names."
_NETWORKS = "Folder, .task or .whl with the networks; empty: MediaPipe's; litert only."

BACKEND_PARAMETERS = (
    Parameter("backend", DEFAULT, "What finds the body.", choices=tuple(BACKENDS), at_configure=True),
    Parameter("model", _USUAL.model, _MODEL, at_configure=True),
    Parameter("threads", _USUAL.threads, "Threads of a network; litert only.", 1, 64, at_configure=True),
    Parameter("networks", _USUAL.networks, _NETWORKS, at_configure=True),
    Parameter("min_detection_confidence", _USUAL.min_detection_confidence, "Score that a new body needs.", 0.0, 1.0),
    Parameter("min_tracking_confidence", _USUAL.min_tracking_confidence, "Score that a followed body needs.", 0.0, 1.0),
)
"""One for the backend's name, and one for each of its `Options`."""


def options_of(params: SimpleNamespace) -> Options:
    """What the backend is made with, of the values of a node's parameters."""
    return Options(**{field.name: getattr(params, field.name) for field in fields(Options)})


def name_model(node: FitnessNode) -> None:
    """Let the parameter `model` say which one it is where none is named: a recorder of takes asks for it.

    Raises InputError for one that the backend does not have.
    """
    given = node.params
    model = model_of(given.backend, given.model)
    if model != given.model:
        node.set_parameters([RosParameter("model", value=model)])
