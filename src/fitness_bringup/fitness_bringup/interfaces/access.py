"""What a node may do over DDS: what rclpy opens for every node, and what nodes name only while they run."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from fitness_datasets.topics import TOPICS
from fitness_visualization.foxglove_node import RELAYED
from fitness_visualization.hri_bridge_node import BODIES, OF_BODY
from fitness_visualization.ros.commands import TUNED

PARAMETER_SERVICES = (
    *("~/describe_parameters", "~/get_parameter_types", "~/get_parameters", "~/list_parameters"),
    *("~/set_parameters", "~/set_parameters_atomically"),
)
SWITCHES = ("change_state", "get_state")
"""Services by which a node is switched off and on."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a node may do, by names as the node gives them: relative, `~/own` or `/absolute`; `*` = any part of a name.

    publish, subscribe: topics; reply, request: services that it serves, that it calls; execute, call: actions.
    """

    publish: frozenset[str] = frozenset()
    subscribe: frozenset[str] = frozenset()
    reply: frozenset[str] = frozenset()
    request: frozenset[str] = frozenset()
    execute: frozenset[str] = frozenset()
    call: frozenset[str] = frozenset()

    @classmethod
    def of(cls, **given: Iterable[str]) -> "Access":
        """From names of any kind of collection."""
        return cls(**{kind: frozenset(names) for kind, names in given.items()})

    def __or__(self, other: "Access") -> "Access":
        return Access(*(getattr(self, kind.name) | getattr(other, kind.name) for kind in fields(self)))

    def without(self, **denied: Iterable[str]) -> "Access":
        """All but these."""
        return Access(*(getattr(self, kind.name) - frozenset(denied.get(kind.name, ())) for kind in fields(self)))


BARE = Access.of(publish=("/parameter_events",), subscribe=("/clock",), reply=("~/get_type_description",))
"""What rclpy opens for a node without parameters and log."""
PLAIN = BARE | Access.of(publish=("/rosout",), reply=PARAMETER_SERVICES)
"""What rclpy opens for every node."""
MANAGED = PLAIN | Access.of(
    publish=("/diagnostics", "~/transition_event"),
    reply=(
        *("~/change_state", "~/get_state", "~/get_available_states", "~/get_available_transitions"),
        "~/get_transition_graph",
    ),
)
"""What every managed node of the graph has beside."""
AT_RUN_TIME: dict[str, Access] = {
    "recorder": Access.of(subscribe=TOPICS),
    # What its parameter names where nobody says otherwise: results are for those who make them.
    "player": Access.of(publish=("body_pose", "camera/image_raw", "camera/image_raw/compressed", "camera/camera_info")),
    "foxglove": Access.of(subscribe=(topic for topic, _, _ in RELAYED)),
    "hri_bridge": Access.of(publish=(f"{BODIES}/tracked", *(f"{BODIES}/*/{name}" for name in OF_BODY))),
    "dashboard": Access.of(
        request=(
            *(f"{node}/{verb}_parameters" for node in TUNED for verb in ("get", "set")),
            *(f"{node}/{service}" for node in ("recorder", "record_take") for service in SWITCHES),
            *(f"{node}/{verb}_parameters" for node in ("recorder", "record_take") for verb in ("get", "set")),
            *(f"record_take/{decision}" for decision in ("keep", "redo", "stop")),
        )
    ),
}
"""What nodes name while they run."""
