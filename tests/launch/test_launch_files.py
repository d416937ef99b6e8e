"""What the launch files start exists, and every parameter, remapping and argument is one that the node declares."""

import importlib
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import rclpy
import setuptools
import yaml

from fitness_bringup.interfaces import node_apis, policies
from fitness_core.ros.parameters import Parameter

ROOT = Path(__file__).resolve().parents[2]
BRINGUP = ROOT / "src" / "fitness_bringup"
PARAMS = BRINGUP / "params" / "fitness.yaml"
FILES = sorted(path.name for path in (BRINGUP / "launch").glob("*.launch.py"))
NODES = {node.name: node for node in node_apis.nodes()}
STANDARD = {"namespace", "use_sim_time", "params_file", "autostart", "use_respawn", "log_level"}
PICTURES = {"camera/image_raw", "camera/image_raw/compressed", "camera/camera_info"}
# A value for each argument that takes any text.
SAMPLES = {"namespace": "robot1/fitness", "params_file": str(PARAMS), "rate": "2", "record": "/tmp/bag", "source": "0"}
SAMPLES["recordings"] = "/tmp/recordings"
SAMPLES["record_video"] = "/tmp/video.mp4"
SAMPLES |= {"catalogue": "/tmp/exercises", "frame_id": "left_optical_frame"}
SAMPLES |= {"bind": "0.0.0.0", "port": "8090"}
SAMPLES |= {"image_topic": "/robot/image_raw", "camera_info_topic": "/robot/info"}
SAMPLES |= {
    "subject": "P01",
    "session": "S02",
    "exercise": "squat,idle",
    "takes": "3",
    "repetitions": "4",
    "seconds": "9",
}


def problem(parameter: Parameter, value: object) -> str:
    """Why a value does not fit a parameter; empty where it does."""
    wanted = type(parameter.default)
    if type(value) is not wanted and not (wanted is float and type(value) is int):
        return f"{value!r} is a {type(value).__name__}, the parameter a {wanted.__name__}"
    if parameter.minimum is not None and value < parameter.minimum:
        return f"{value!r} is below {parameter.minimum}"
    if parameter.maximum is not None and value > parameter.maximum:
        return f"{value!r} is above {parameter.maximum}"
    return parameter.problem(value)


def check(name: str, given: dict[str, object]) -> None:
    """Every parameter given to a node is in its schema and fits."""
    schema = {parameter.name: parameter for parameter in NODES[name].parameters}
    for parameter, value in given.items():
        if parameter == "use_sim_time":
            assert type(value) is bool
            continue
        assert parameter in schema, f"{name} has no parameter {parameter!r}"
        assert not problem(schema[parameter], value), f"{name}.{parameter}: {problem(schema[parameter], value)}"


def recorded(launch, file: str) -> dict[str, str]:
    """What makes a launch file record, so that the arguments of a recording count."""
    given = {"record": SAMPLES["record"]}
    return given | ({"subject": "P01", "consent": "true"} if "consent" in launch(file).arguments else {})


def ended(node, code: int):
    """What a launch makes of the end of a node, where the arguments of the launch file are not known any more."""
    context = importlib.import_module("launch").LaunchContext()
    return node.on_exit(SimpleNamespace(returncode=code, process_name=node.name, action=node), context)


def endings(node) -> list[str]:
    """What ends the launch, of the ways in which a node may end."""
    said = []
    for code in (0, 2, -9):
        try:
            said += [f"{code}: timer"] if ended(node, code) else []
        except RuntimeError as error:
            said.append(f"{code}: {error}")
    return said


def variations(launch, file: str) -> list[dict[str, str]]:
    """No arguments; then each argument with each of its values, while recording."""
    found = [{}]
    for name, argument in launch(file).arguments.items():
        for value in argument.choices or [SAMPLES[name]]:
            # Compressed pictures are of a driver of one's own, where the launch file knows any.
            topic = "image_topic" if name == "image_transport" and "image_topic" in launch(file).arguments else name
            found.append(recorded(launch, file) | {topic: SAMPLES.get(topic, ""), name: value})
    return found


@pytest.mark.parametrize("file", FILES)
def test_arguments_are_described_and_are_those_of_nav2(launch, file):
    arguments = launch(file).arguments
    assert set(arguments) >= STANDARD
    for name, argument in arguments.items():
        # launch adds the choices to the description.
        sentence = argument.description.split(" Valid choices")[0]
        assert sentence.endswith("."), f"{name}: {sentence!r}"


@pytest.mark.parametrize("file", FILES)
def test_what_is_started_exists_and_takes_its_parameters(launch, file, monkeypatch):
    scripts: dict[str, dict] = {}
    for package in node_apis.PACKAGES:
        monkeypatch.chdir(ROOT / "src" / package)
        monkeypatch.setattr(setuptools, "setup", lambda package=package, **given: scripts.update({package: given}))
        runpy.run_path("setup.py")
    for values in variations(launch, file):
        for name, node in launch(file, **values).nodes.items():
            entries = [
                entry.split("=")[0].strip() for entry in scripts[node.package]["entry_points"]["console_scripts"]
            ]
            assert node.executable in entries, f"{node.package} has no executable {node.executable}"
            assert (node.package, node.executable) == (NODES[name].package, NODES[name].executable)
            check(name, node.parameters)
            assert {source for source, _ in node.remappings} <= PICTURES


@pytest.mark.parametrize("file", FILES)
def test_every_argument_has_an_effect(launch, file):
    def outcome(**values):
        launched = launch(file, **(recorded(launch, file) | values))
        nodes = {name: replace(node, on_exit=endings(node)) for name, node in launched.nodes.items()}
        return nodes, launched.environment, launched.arguments.keys()

    usual = outcome()
    for name, argument in launch(file).arguments.items():
        if name in ("record", "log_level"):
            continue
        if name == "camera_info_topic":
            assert outcome(image_topic="/a/image", **{name: "/b"}) != outcome(image_topic="/a/image")
            continue
        if name == "image_transport" and "image_topic" in usual[2]:
            assert outcome(image_topic="/a/image", **{name: "compressed"}) != outcome(image_topic="/a/image")
            continue
        others = argument.choices or [SAMPLES[name] + "2" if name == "subject" else SAMPLES[name]]
        assert any(outcome(**{name: value}) != usual for value in others), f"{name} changes nothing"
    for name in ("recorder", "record_take") if "dashboard" in usual[2] else ():
        assert launch(file).nodes[name].parameters["autostart"] is False, "it waits for the dashboard"
    assert "recorder" not in launch(file, dashboard="false").nodes


@pytest.mark.parametrize("file", FILES)
def test_the_parameter_file_rules_where_nothing_is_given(launch, file):
    for name, node in launch(file).nodes.items():
        assert node.params_file.endswith("params/fitness.yaml")
        own = set(node.parameters) - {"autostart", "use_sim_time"}
        assert own <= {"wait_for_subscribers", "clock", "bag"}, f"{name}: {own} overrule the parameter file"


def test_a_parameter_file_that_is_not_there_is_refused(launch):
    with pytest.raises(RuntimeError, match="is not there"):
        launch("live.launch.py", params_file="nowhere.yaml")


def test_a_parameter_that_a_node_does_not_have_is_refused(launch, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("/**/rep_counter: {ros__parameters: {execise_name: squat}}\n")
    with pytest.raises(RuntimeError, match=r"^params_file .*rep_counter.execise_name: .* did you mean 'exercise'\?"):
        launch("live.launch.py", params_file=str(file))
    file.write_text("camera: [")
    with pytest.raises(RuntimeError, match="is not YAML"):
        launch("live.launch.py", params_file=str(file))


def test_a_parameter_file_may_be_that_of_the_whole_robot(launch, tmp_path):
    file = tmp_path / "robot.yaml"
    file.write_text(
        "amcl: {ros__parameters: {alpha1: 0.2}}\n"
        "/head/camera: {ros__parameters: {gain: 3}}\n"
        "/**/rep_counter: {ros__parameters: {exercise: squat}}\n"
    )
    assert "rep_counter" in launch("live.launch.py", params_file=str(file)).nodes


def test_replay_without_a_bag_plays_the_demo(launch, tmp_path):
    assert Path(launch("replay.launch.py").nodes["player"].parameters["bag"], "metadata.yaml").is_file()
    assert launch("replay.launch.py", source="/tmp/bag").nodes["player"].parameters["bag"] == "/tmp/bag"
    file = tmp_path / "mine.yaml"
    file.write_text("/**/player: {ros__parameters: {bag: /data/monday}}\n")
    assert "bag" not in launch("replay.launch.py", params_file=str(file)).nodes["player"].parameters


@pytest.mark.parametrize("file", ["live.launch.py", "record.launch.py"])
def test_pictures_of_the_robots_own_driver_take_the_place_of_the_camera(launch, file):
    nodes = launch(file, image_topic="/robot/front/image_raw").nodes
    assert "camera" not in nodes
    expected = [
        ("camera/image_raw", "/robot/front/image_raw"),
        ("camera/image_raw/compressed", "/robot/front/image_raw/compressed"),
        ("camera/camera_info", "/robot/front/camera_info"),
    ]
    assert all(node.remappings == expected for node in nodes.values())
    nodes = launch(file, image_topic="/robot/image", camera_info_topic="/robot/info").nodes
    assert ("camera/camera_info", "/robot/info") in nodes["pose_estimator"].remappings
    assert not any(node.remappings for node in launch(file).nodes.values())


@pytest.mark.parametrize("file", ["live.launch.py", "record.launch.py"])
def test_compressed_pictures_are_of_the_robots_own_driver(launch, file):
    own = {"image_topic": "/robot/image", "image_transport": "compressed"}
    nodes = launch(file, **(recorded(launch, file) | own)).nodes
    told = {name for name, node in nodes.items() if node.parameters.get("image_transport") == "compressed"}
    takes_pictures = {name for name in nodes if any(p.name == "image_transport" for p in NODES[name].parameters)}
    assert told == takes_pictures > {"pose_estimator", "overlay", "recorder"}
    with pytest.raises(RuntimeError, match="give its image_topic"):
        launch(file, image_transport="compressed")
    with pytest.raises(RuntimeError, match="image_topic:=/robot/image image_transport:=compressed"):
        launch(file, image_topic="/robot/image/compressed")


@pytest.mark.parametrize("file", FILES)
def test_what_a_launch_file_that_includes_it_starts_besides_is_left_alone(launch, file):
    launched = launch(file, **recorded(launch, file), required="false")
    assert launched.changed == {}
    for code in (0, 1, 2, -9):
        for node in launched.nodes.values():
            assert ended(node, code) is None


@pytest.mark.parametrize(
    ("pushed", "namespace", "full"), [("robot1", "gym", "/robot1/gym"), ("robot1", "/gym", "/gym")]
)
def test_a_pushed_namespace_is_part_of_names(launch, tmp_path, pushed, namespace, full):
    file = tmp_path / "mine.yaml"
    file.write_text(f"{full}/player: {{ros__parameters: {{bag: /data/monday}}}}\n")
    nodes = launch("replay.launch.py", ros_namespace=pushed, namespace=namespace, params_file=str(file)).nodes
    assert "bag" not in nodes["player"].parameters
    assert nodes["rep_counter"].ros_arguments[-1] == f"{full}/rep_counter"


def test_a_camera_number_stays_a_text(launch):
    assert launch("live.launch.py", source="0").nodes["camera"].parameters["source"] == "0"


def test_a_source_waits_for_all_who_listen(launch):
    def camera(**values):
        return launch("live.launch.py", **values).nodes["camera"].parameters["wait_for_subscribers"]

    def player(**values):
        return launch("replay.launch.py", **values).nodes["player"].parameters["wait_for_subscribers"]

    # Nodes that wait for the dashboard hear nothing. The overlay listens only while somebody looks at it.
    assert camera() == camera(record="/tmp/bag") == camera(record_images="true") == 1
    assert camera(record="/tmp/bag", record_images="true") == 2
    assert player(dashboard="false") == 2
    assert player() == 3
    assert player(record="/tmp/bag") == 4
    assert player(record="/tmp/bag", hri="true") == 5
    assert player(record="/tmp/bag", estimate_poses="true") == 1


def test_a_browser_is_the_camera_by_the_dashboard(launch):
    nodes = launch("live.launch.py", source="browser").nodes
    assert "camera" not in nodes
    assert nodes["dashboard"].parameters["camera"] is True


@pytest.mark.parametrize("file", ["live.launch.py", "replay.launch.py"])
def test_the_dashboard_lists_what_is_recorded(launch, file):
    nodes = launch(file, record="/tmp/monday", recordings="/data").nodes
    assert nodes["recorder"].parameters["bag"] == nodes["dashboard"].parameters["bag"] == "/tmp/monday"
    assert nodes["dashboard"].parameters["recordings"] == "/data"
    assert "bag" not in launch(file).nodes["dashboard"].parameters


@pytest.mark.parametrize("file", ["live.launch.py", "replay.launch.py"])
def test_what_the_dashboard_records_with_waits_for_it(launch, file):
    idle = launch(file, record_images="true", catalogue="/tmp/exercises", dashboard="true").nodes
    assert idle["recorder"].parameters["autostart"] is idle["record_take"].parameters["autostart"] is False
    assert idle["recorder"].parameters["images"] is True
    assert "images" not in launch(file).nodes["recorder"].parameters, "the parameter file says"
    assert idle["record_take"].parameters["catalogue"] == "/tmp/exercises"
    of_address = launch(file, source="rtsp://me:s3cret@eye/live").nodes
    assert of_address["record_take"].parameters["camera"] == "rtsp://eye/live", "its sessions tell no password"
    recording = launch(file, record="/tmp/bag", record_images="true").nodes
    assert recording["recorder"].parameters["autostart"] is recording["recorder"].parameters["images"] is True
    assert recording["record_take"].parameters["autostart"] is False
    assert not {"recorder", "record_take"} & launch(file, dashboard="false").nodes.keys()
    alone = launch(file, record="/tmp/bag", dashboard="false").nodes
    assert "recorder" in alone and "record_take" not in alone


@pytest.mark.parametrize("file", FILES)
def test_processes_get_the_dds_profile_and_stay_on_this_host(launch, file):
    environment = launch(file).environment
    assert Path(environment["FASTRTPS_DEFAULT_PROFILES_FILE"]).samefile(BRINGUP / "config" / "fastdds.xml")
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert environment["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    assert launch(file, discovery="subnet").environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"


@pytest.mark.parametrize("file", FILES)
def test_the_environment_of_the_user_stays(launch, file):
    own = {"FASTRTPS_DEFAULT_PROFILES_FILE": "/mine.xml", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
    own |= {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"}
    environment = launch(file, environment=own).environment
    assert {name: environment[name] for name in own} == own
    assert (
        launch(file, environment=own, discovery="localhost").environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    )


@pytest.mark.parametrize("file", FILES)
def test_the_launch_ends_with_its_source(launch, file):
    nodes = launch(file, use_respawn="true", **recorded(launch, file)).nodes
    # Where the dashboard brings the guide up, the launch does not end with it.
    ends = ("camera", "player", *(["record_take"] if file == "record.launch.py" else []))
    sources = [nodes.pop(name) for name in ends if name in nodes]

    for source in sources:
        (timer,) = ended(source, 0)
        assert [type(action).__name__ for action in timer.actions] == ["Shutdown"]
    for node in nodes.values():
        assert ended(node, 0) is None
    for node in [*sources, *nodes.values()]:
        assert node.respawn == (node.name != "recorder")
        assert node.respawn_delay == (2.0 if node.name in ends else 0.2)
        assert ended(node, -9) is None
        with pytest.raises(RuntimeError, match="input"):
            ended(node, 2)
    nodes = launch(file, **recorded(launch, file)).nodes
    for source in sources:
        with pytest.raises(RuntimeError, match="crashed"):
            ended(nodes[source.name], -9)


def test_nobody_is_recorded_without_consent(launch):
    given = {"record": "/tmp/nowhere/collection", "subject": "P01", "session": "S02"}
    for values in (given, given | {"consent": "false"}, {"record": "/tmp/nowhere/collection", "consent": "true"}):
        nodes = launch("record.launch.py", **values).nodes
        assert "recorder" not in nodes
        assert "out" not in nodes["record_take"].parameters
    nodes = launch("record.launch.py", **given, consent="true").nodes
    assert nodes["recorder"].parameters["bag"] == "/tmp/nowhere/collection/P01_S02/bag_001"
    assert nodes["record_take"].parameters["bag"] == "bag_001"
    nodes = launch("record.launch.py", **given, consent="true", source="rtsp://me:s3cret@eye/live").nodes
    assert nodes["record_take"].parameters["camera"] == "rtsp://eye/live"
    assert nodes["pose_estimator"].parameters["wait_for_subscribers"] == 4


def test_the_session_of_the_parameter_file_is_that_of_the_bag(launch, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("/**/record_take: {ros__parameters: {session: S02}}\n")
    given = {"record": "/tmp/nowhere/collection", "subject": "P01", "consent": "true", "params_file": str(file)}
    nodes = launch("record.launch.py", **given).nodes
    assert nodes["recorder"].parameters["bag"] == "/tmp/nowhere/collection/P01_S02/bag_001"
    nodes = launch("record.launch.py", **given, session="S03").nodes
    assert nodes["recorder"].parameters["bag"] == "/tmp/nowhere/collection/P01_S03/bag_001"


def test_who_has_agreed_by_the_parameter_file_is_recorded(launch, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("/**/record_take: {ros__parameters: {subject: P07, consent: true, session: S02}}\n")
    given = {"record": "/tmp/nowhere/collection", "params_file": str(file)}
    nodes = launch("record.launch.py", **given).nodes
    assert nodes["recorder"].parameters["bag"] == "/tmp/nowhere/collection/P07_S02/bag_001"
    assert nodes["record_take"].parameters["out"] == "/tmp/nowhere/collection"
    assert "recorder" not in launch("record.launch.py", **given, consent="false").nodes


def test_a_source_at_its_end_is_not_respawned(launch):
    source = launch("live.launch.py", use_respawn="true").nodes["camera"]
    (timer,) = ended(source, 0)
    period = timer.period if isinstance(timer.period, float) else float(timer.period[0].text)
    assert period < source.respawn_delay


@pytest.mark.parametrize("file", FILES)
def test_a_source_at_its_end_is_not_respawned_where_the_robot_goes_on(launch, file):
    nodes = launch(file, use_respawn="true", required="false", **recorded(launch, file)).nodes
    source = nodes["player" if file == "replay.launch.py" else "camera"]
    (stop,) = ended(source, 0)
    assert stop.event.process_matcher(source) and not stop.event.process_matcher(nodes["rep_counter"])
    # A camera that it needs may be back in a moment.
    of_now = file != "replay.launch.py"
    assert [ended(source, code) is None for code in (2, -9)] == [of_now, True]
    assert [ended(nodes["rep_counter"], code) for code in (0, 2, -9)] == [None] * 3


@pytest.mark.parametrize("file", ["live.launch.py", "record.launch.py"])
def test_a_recording_that_is_refused_is_not_respawned_for_ever(launch, file):
    given = recorded(launch, file) | {"source": "/nowhere.mp4", "use_respawn": "true", "required": "false"}
    camera = launch(file, **given).nodes["camera"]
    (stop,) = ended(camera, 2)
    assert stop.event.process_matcher(camera)
    assert ended(camera, -9) is None, "it has crashed"


@pytest.mark.parametrize("file", FILES)
def test_each_process_is_in_the_enclave_that_its_policy_has(launch, file):
    enclaves = {enclave.attrib["path"] for enclave in policies.policy("robot1/gym").iter("enclave")}
    for name, started in launch(file, namespace="/robot1/gym", consent="true").nodes.items():
        enclave = started.ros_arguments[started.ros_arguments.index("--enclave") + 1]
        assert enclave == f"/robot1/gym/{name}" and enclave in enclaves


def test_the_parameter_file_names_nodes_and_parameters_that_exist():
    for key, value in yaml.safe_load(PARAMS.read_text()).items():
        prefix, name = key.rsplit("/", 1)
        assert prefix == "/**", f"{key} holds in one namespace only"
        assert name in NODES, f"{key}: no such node"
        check(name, value["ros__parameters"])


@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize("namespace", ["/", "/robot1/fitness"])
def test_ros_takes_the_parameter_file_in_any_namespace(name, namespace):
    expected = yaml.safe_load(PARAMS.read_text()).get(f"/**/{name}", {"ros__parameters": {}})["ros__parameters"]
    rclpy.init(args=["--ros-args", "--params-file", str(PARAMS), "-r", f"__ns:={namespace}"])
    try:
        node = NODES[name].node_class()
        try:
            assert {parameter: getattr(node.params, parameter) for parameter in expected} == expected
        finally:
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def test_what_is_kept_for_nodes_that_start_again_is_kept_out_of_a_stock_recording():
    """`rosbag2` asks for what is kept unless it is told otherwise: https://docs.ros.org/en/jazzy/How-To-Guides."""
    file = yaml.safe_load((BRINGUP / "config" / "record_qos.yaml").read_text())
    kept = {
        f"/fitness/{end.name}" for node in NODES.values() for end in node.publishers if end.qos in ("POSES", "LABELS")
    }
    assert set(file) == kept
    assert all((one["durability"], one["depth"]) == ("volatile", 900) for one in file.values())
