"""The graph on a bag instead of a camera: recorded landmarks (or pictures) through classifier, counter and overlay."""

from pathlib import Path

from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

import fitness_bringup
from fitness_bringup import launch_common as common
from fitness_bringup.composition import node_parameters
from launch import LaunchContext, LaunchDescription

DEMO = str(Path(fitness_bringup.__file__).parent / "demo")
PICTURES = ["camera/image_raw", "camera/image_raw/compressed", "camera/camera_info"]


def player_parameters(context: LaunchContext) -> dict[str, object]:
    """The player makes the clock that the others follow, and starts when those who must hear all of it are there."""
    given = context.launch_configurations
    parameters: dict[str, object] = {"clock": common.is_true(context, "use_sim_time"), "use_sim_time": False}
    of_file = node_parameters.value_of(Path(given["params_file"]), common.full_name(context, "player"), "bag")
    if not given["source"] and not of_file:
        parameters["bag"] = DEMO
    record = given["record"] != ""
    if common.is_true(context, "estimate_poses"):
        return parameters | {
            "topics": PICTURES,
            "wait_for_subscribers": 1 + (record and common.is_true(context, "record_images")),
        }
    return parameters | {"wait_for_subscribers": common.hearers_of_poses(context)}


def generate_launch_description() -> LaunchDescription:
    """Player, classifier, counter; pose estimator, overlay and recorder where asked for."""
    return LaunchDescription(
        [
            *common.standard_arguments(use_sim_time="true"),
            common.argument(
                "source",
                "",
                "Bag to play: a folder, or its .mcap or .db3 file. Empty: params_file, or the demo that ships.",
            ),
            common.argument(
                "rate", "", "Speed: 1 = as recorded, 2 = twice as fast, 0 = as fast as it goes. Empty: params_file."
            ),
            common.switch("loop", "", "Play the bag again and again. Empty: params_file."),
            common.switch("estimate_poses", "false", "Estimate poses anew from the pictures in the bag."),
            common.transport_argument("the bag"),
            *common.result_arguments(),
            common.forget_dead_run(),
            common.node(
                "player",
                arguments={"source": ("bag", str), "rate": ("rate", float), "loop": ("loop", bool)},
                parameters=player_parameters,
                source=True,
            ),
            common.node("pose_estimator", condition=IfCondition(LaunchConfiguration("estimate_poses"))),
            common.node("exercise_classifier"),
            common.node("rep_counter"),
            common.node("run_set"),
            *common.result_nodes(),
        ]
    )
