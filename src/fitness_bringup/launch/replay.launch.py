"""The graph on a bag instead of a camera: recorded landmarks (or pictures) through classifier, counter and overlay."""

from pathlib import Path

from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

import fitness_bringup
from fitness_bringup.composition import node_parameters
from fitness_bringup.launching.arguments import argument, full_name, is_true, standard_arguments, switch
from fitness_bringup.launching.nodes import forget_dead_run, hearers_of_poses, node
from fitness_bringup.launching.pictures import transport_argument
from fitness_bringup.launching.results import result_arguments, result_nodes
from launch import LaunchContext, LaunchDescription

DEMO = str(Path(fitness_bringup.__file__).parent / "demo")
PICTURES = ["camera/image_raw", "camera/image_raw/compressed", "camera/camera_info"]


def player_parameters(context: LaunchContext) -> dict[str, object]:
    """The player makes the clock that the others follow, and starts when those who must hear all of it are there."""
    given = context.launch_configurations
    parameters: dict[str, object] = {"clock": is_true(context, "use_sim_time"), "use_sim_time": False}
    of_file = node_parameters.value_of(Path(given["params_file"]), full_name(context, "player"), "bag")
    if not given["source"] and not of_file:
        parameters["bag"] = DEMO
    record = given["record"] != ""
    if is_true(context, "estimate_poses"):
        return parameters | {
            "topics": PICTURES,
            "wait_for_subscribers": 1 + (record and is_true(context, "record_images")),
        }
    return parameters | {"wait_for_subscribers": hearers_of_poses(context)}


def generate_launch_description() -> LaunchDescription:
    """Player, classifier, counter; pose estimator, overlay and recorder where asked for."""
    return LaunchDescription(
        [
            *standard_arguments(use_sim_time="true"),
            argument(
                "source",
                "",
                "Bag to play: a folder, or its .mcap or .db3 file. Empty: params_file, or the demo that ships.",
            ),
            argument(
                "rate", "", "Speed: 1 = as recorded, 2 = twice as fast, 0 = as fast as it goes. Empty: params_file."
            ),
            switch("loop", "", "Play the bag again and again. Empty: params_file."),
            switch("estimate_poses", "false", "Estimate poses anew from the pictures in the bag."),
            transport_argument("the bag"),
            *result_arguments(),
            forget_dead_run(),
            node(
                "player",
                arguments={"source": ("bag", str), "rate": ("rate", float), "loop": ("loop", bool)},
                parameters=player_parameters,
                source=True,
                plays=lambda context: True,
            ),
            node("pose_estimator", condition=IfCondition(LaunchConfiguration("estimate_poses"))),
            node("exercise_classifier"),
            node("rep_counter"),
            node("run_set"),
            *result_nodes(),
        ]
    )
