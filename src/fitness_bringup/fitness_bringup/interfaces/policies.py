"""`./fitness policies`: who may say and hear what in the graph, as a policy of SROS 2, made from the nodes themselves.

What a node declares comes from where docs/ros-api.md comes from (`node_apis`); what it names while it runs, from the
constants that it takes the names from. A test runs the nodes and holds the policy to what they open over DDS.
Format: https://github.com/ros2/sros2/blob/rolling/sros2/sros2/policy/schemas/policy.xsd, version 0.2.0.
"""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

from fitness_bringup.composition.node_parameters import absolute, check_namespace
from fitness_bringup.interfaces.access import AT_RUN_TIME, BARE, MANAGED, PLAIN, SWITCHES, Access
from fitness_bringup.interfaces.node_apis import Endpoint, NodeApi, nodes
from fitness_core.errors import InputError

FILE = "policy.xml"
LONGEST = 64
"""Characters of an enclave: it is the common name of a certificate (X.509, ub-common-name)."""
RESULTS = ("exercise", "exercise/info", "rep_state", "rep_event", "set_summary", "form_cue")
PROGRAMS: dict[str, Access] = {
    "status": PLAIN | Access.of(subscribe=("exercise", "rep_state", "rep_event", "set_summary", "instruction")),
    "supervisor": PLAIN | Access.of(publish=("/diagnostics",), subscribe=("/diagnostics",)),
    "health": PLAIN | Access.of(subscribe=("/diagnostics",)),
}
"""Nodes that are not of the graph but of its command line: what `live` shows, what starts nodes again, the check."""
ROBOT = "talking_robot"
"""The program of a robot, by the name of the one in examples/."""


def accesses(browser: bool = False) -> dict[str, Access]:
    """What each node may do. browser: the camera is a page of the dashboard (`--source browser`)."""
    graph = {api.name: MANAGED | _declared(api) | AT_RUN_TIME.get(api.name, Access()) for api in nodes()}
    if not browser:
        graph["dashboard"] = graph["dashboard"].without(publish=graph["camera"].publish - MANAGED.publish)
    robot = PLAIN | Access.of(
        publish=("say",),
        subscribe=(*RESULTS, "/diagnostics"),
        request=("rep_counter/set_exercise", "rep_counter/reset", *(f"{n}/{s}" for n in graph for s in SWITCHES)),
        call=("run_set",),
    )
    return graph | PROGRAMS | {ROBOT: robot}


def policy(namespace: str = "fitness", browser: bool = False) -> ElementTree.Element:
    """The policy of the graph in this namespace: an enclave `/NAMESPACE/NODE` for each node in a process of its own,
    and `/NAMESPACE/live` for all of them in one. Raises InputError for a namespace that is none, or too long.
    """
    check_namespace(namespace)
    above = absolute(namespace)
    of = accesses(browser)
    every = [api.name for api in nodes()]
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
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; give a folder to write {FILE} into")
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


def _declared(api: NodeApi) -> Access:
    """What stands in the code of a node."""

    def names(endpoints: Iterable[Endpoint]) -> frozenset[str]:
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
            _profile(profiles, above, "dashboard_calls", BARE)


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
