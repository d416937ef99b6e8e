"""`./fitness policies`: who may say and hear what in the graph, as a policy of SROS 2, made from the nodes themselves.

What a node declares comes from where docs/ros-api.md comes from (`api_docs`); what it names while it runs, from the
constants that it takes the names from. A test runs the nodes and holds the policy to what they open over DDS.
Format: https://github.com/ros2/sros2/blob/rolling/sros2/sros2/policy/schemas/policy.xsd, version 0.2.0.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from xml.etree import ElementTree

from fitness_bringup import api_docs
from fitness_bringup.node_parameters import check_namespace
from fitness_core.errors import InputError
from fitness_datasets.bags import TOPICS
from fitness_visualization.foxglove_node import RELAYED
from fitness_visualization.hri_bridge_node import BODIES, OF_BODY
from fitness_visualization.ros.commands import THRESHOLDS

FILE = "policy.xml"
LONGEST = 64
"""Characters of an enclave: it is the common name of a certificate (X.509, ub-common-name)."""
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

    def __or__(self, other: "Access") -> "Access":
        return Access(*(getattr(self, kind.name) | getattr(other, kind.name) for kind in fields(self)))

    def without(self, **denied: Iterable[str]) -> "Access":
        """All but these."""
        return Access(*(getattr(self, kind.name) - frozenset(denied.get(kind.name, ())) for kind in fields(self)))


def _access(**given: Iterable[str]) -> Access:
    return Access(**{kind: frozenset(names) for kind, names in given.items()})


_BARE = _access(publish=("/parameter_events",), subscribe=("/clock",), reply=("~/get_type_description",))
PLAIN = _BARE | _access(publish=("/rosout",), reply=PARAMETER_SERVICES)
"""What rclpy opens for every node."""
MANAGED = PLAIN | _access(
    publish=("/diagnostics", "~/transition_event"),
    reply=(
        *("~/change_state", "~/get_state", "~/get_available_states", "~/get_available_transitions"),
        "~/get_transition_graph",
    ),
)
"""What every managed node of the graph has beside."""
TUNED = sorted({node for node, _ in THRESHOLDS.values()})
"""Nodes that have a slider on the dashboard."""
AT_RUN_TIME: dict[str, Access] = {
    "recorder": _access(subscribe=TOPICS),
    # What its parameter names where nobody says otherwise: results are for those who make them.
    "player": _access(publish=("body_pose", "camera/image_raw", "camera/image_raw/compressed", "camera/camera_info")),
    "foxglove": _access(subscribe=(topic for topic, _, _ in RELAYED)),
    "hri_bridge": _access(publish=(f"{BODIES}/tracked", *(f"{BODIES}/*/{name}" for name in OF_BODY))),
    "dashboard": _access(
        request=(
            *(f"{node}/{verb}_parameters" for node in TUNED for verb in ("get", "set")),
            *(f"{node}/{service}" for node in ("recorder", "record_take") for service in SWITCHES),
            *(f"record_take/{decision}" for decision in ("keep", "redo", "stop")),
        )
    ),
}
"""What nodes name while they run."""
RESULTS = ("exercise", "exercise/info", "rep_state", "rep_event", "set_summary", "form_cue")
PROGRAMS: dict[str, Access] = {
    "status": PLAIN | _access(subscribe=("exercise", "rep_state", "rep_event", "set_summary", "instruction")),
    "supervisor": PLAIN | _access(publish=("/diagnostics",), subscribe=("/diagnostics",)),
    "health": PLAIN | _access(subscribe=("/diagnostics",)),
}
"""Nodes that are not of the graph but of its command line: what `live` shows, what starts nodes again, the check."""
ROBOT = "talking_robot"
"""The program of a robot, by the name of the one in examples/."""


def accesses(browser: bool = False) -> dict[str, Access]:
    """What each node may do. browser: the camera is a page of the dashboard (`--source browser`)."""
    nodes = {api.name: MANAGED | _declared(api) | AT_RUN_TIME.get(api.name, Access()) for api in api_docs.nodes()}
    if not browser:
        nodes["dashboard"] = nodes["dashboard"].without(publish=nodes["camera"].publish - MANAGED.publish)
    robot = PLAIN | _access(
        publish=("say",),
        subscribe=(*RESULTS, "/diagnostics"),
        request=("rep_counter/set_exercise", "rep_counter/reset", *(f"{n}/{s}" for n in nodes for s in SWITCHES)),
        call=("run_set",),
    )
    return nodes | PROGRAMS | {ROBOT: robot}


def policy(namespace: str = "fitness", browser: bool = False) -> ElementTree.Element:
    """The policy of the graph in this namespace: an enclave `/NAMESPACE/NODE` for each node in a process of its own,
    and `/NAMESPACE/live` for all of them in one. Raises InputError for a namespace that is none, or too long.
    """
    check_namespace(namespace)
    above = "/" + namespace.strip("/")
    of = accesses(browser)
    every = [api.name for api in api_docs.nodes()]
    root = ElementTree.Element("policy", version="0.2.0")
    enclaves = ElementTree.SubElement(root, "enclaves")
    for name in of:
        # What starts the nodes in processes of their own shows their results, too.
        _enclave(enclaves, above, name, [name, "status"] if name == "supervisor" else [name], of)
    _enclave(enclaves, above, "live", [*every, "status"], of)
    ElementTree.indent(root)
    return root


def run(out: Path, namespace: str, browser: bool) -> None:
    """Write DIR/policy.xml and say what to do with it. Raises InputError."""
    root = policy(namespace, browser)
    file = out / FILE
    if file.exists():
        raise InputError(f"{file} exists and may have been edited; remove it, or give another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        file.write_text('<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n")
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}") from None
    enclaves = [enclave.attrib["path"] for enclave in root.iter("enclave")]
    print(f"{file}: {len(enclaves)} enclaves, {enclaves[0]} to {enclaves[-1]}")
    print(f"next: ros2 security generate_artifacts -k {out / 'keystore'} -p {file}; docs/security.md#sros-2")


def _declared(api: api_docs.NodeApi) -> Access:
    """What stands in the code of a node."""

    def names(endpoints: Iterable[api_docs.Endpoint]) -> frozenset[str]:
        return frozenset(endpoint.name for endpoint in endpoints)

    return Access(
        publish=names(api.publishers),
        subscribe=names(api.subscriptions),
        reply=names(api.services),
        request=names(api.clients),
        execute=names(api.actions),
        call=names(api.action_clients),
    )


def _enclave(enclaves: ElementTree.Element, above: str, name: str, nodes: Iterable[str], of: dict[str, Access]) -> None:
    path = f"{above}/{name}"
    if len(path) > LONGEST:
        raise InputError(
            f"--namespace {above.strip('/')!r}: {path} is longer than the {LONGEST} characters of an enclave"
        )
    enclave = ElementTree.SubElement(enclaves, "enclave", path=path)
    profiles = ElementTree.SubElement(enclave, "profiles")
    for node in nodes:
        _profile(profiles, above, node, of[node])
        if node == "dashboard":
            # It calls by a node of its own.
            _profile(profiles, above, "dashboard_calls", _BARE)


def _profile(profiles: ElementTree.Element, namespace: str, node: str, access: Access) -> None:
    profile = ElementTree.SubElement(profiles, "profile", ns=namespace, node=node)
    for kind in fields(access):
        names = getattr(access, kind.name)
        if names:
            group = {"publish": "topic", "subscribe": "topic", "reply": "service", "request": "service"}
            what = group.get(kind.name, "action")
            element = ElementTree.SubElement(profile, f"{what}s", {kind.name: "ALLOW"})
            for name in sorted(names):
                ElementTree.SubElement(element, what).text = name
