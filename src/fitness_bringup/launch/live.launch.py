"""The whole graph on a camera, a video file, a stream or a folder of pictures."""

from fitness_bringup import launch_common as common
from fitness_camera.source_kinds import BROWSER, KINDS, OF_CAMERA
from launch import LaunchContext, LaunchDescription


def camera_parameters(context: LaunchContext) -> dict[str, object]:
    """A recording starts when the pose estimator is there, and whoever records its pictures."""
    recorded = common.is_true(context, "record_images") and context.launch_configurations["record"] != ""
    return {"wait_for_subscribers": 1 + recorded}


def pose_parameters(context: LaunchContext) -> dict[str, object]:
    """No pose is published before those are there who hear them all."""
    return {"wait_for_subscribers": common.hearers_of_poses(context)}


def generate_launch_description() -> LaunchDescription:
    """Camera, pose, classifier, counter, sets on request; overlay, dashboard and markers; more where asked for."""
    return LaunchDescription(
        [
            *common.standard_arguments(use_sim_time="false"),
            common.source_argument(*(kind for kind in KINDS if kind in (*OF_CAMERA, BROWSER))),
            common.switch("paced", "", "Play a file at its own rate; false: as fast as it goes. Empty: params_file."),
            common.switch("loop", "", "Play a file again and again. Empty: params_file."),
            *common.picture_arguments(),
            *common.result_arguments(),
            common.forget_dead_run(common.camera_plays),
            common.node(
                "camera",
                arguments={
                    "source": ("source", str),
                    "frame_id": ("frame_id", str),
                    "paced": ("paced", bool),
                    "loop": ("loop", bool),
                },
                parameters=camera_parameters,
                source=True,
                where=common.camera_is_ours,
            ),
            common.node("pose_estimator", parameters=pose_parameters),
            common.node("exercise_classifier"),
            common.node("rep_counter"),
            common.node("run_set"),
            *common.result_nodes(),
        ]
    )
