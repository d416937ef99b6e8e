"""The whole graph on a camera, a video file, a stream or a folder of pictures."""

from fitness_bringup.launching.arguments import is_true, source_argument, standard_arguments, switch
from fitness_bringup.launching.nodes import forget_dead_run, hearers_of_poses, node, stages
from fitness_bringup.launching.pictures import camera_plays, picture_arguments
from fitness_bringup.launching.results import result_arguments, result_nodes
from fitness_camera.source_kinds import BROWSER, KINDS, OF_CAMERA
from launch import LaunchContext, LaunchDescription


def camera_parameters(context: LaunchContext) -> dict[str, object]:
    """A recording starts when the pose estimator is there, and whoever records its pictures."""
    recorded = is_true(context, "record_images") and context.launch_configurations["record"] != ""
    return {"wait_for_subscribers": 1 + recorded}


def pose_parameters(context: LaunchContext) -> dict[str, object]:
    """No pose is published before those are there who hear them all."""
    return {"wait_for_subscribers": hearers_of_poses(context)}


def generate_launch_description() -> LaunchDescription:
    """Camera, pose, classifier, counter, sets on request; overlay, dashboard and markers; more where asked for."""
    return LaunchDescription(
        [
            *standard_arguments(use_sim_time="false"),
            source_argument(*(kind for kind in KINDS if kind in (*OF_CAMERA, BROWSER))),
            switch("paced", "", "Play a file at its own rate; false: as fast as it goes. Empty: params_file."),
            switch("loop", "", "Play a file again and again. Empty: params_file."),
            *picture_arguments(),
            *result_arguments(),
            forget_dead_run(camera_plays),
            *stages(camera_parameters, pose_parameters, paced=bool),
            node("run_set"),
            *result_nodes(),
        ]
    )
