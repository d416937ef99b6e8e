"""The whole graph on a camera, a video file, a stream or a folder of pictures."""

from launch import LaunchDescription
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

from fitness_bringup import launch_common as common


def generate_launch_description() -> LaunchDescription:
    """Camera, pose estimator, classifier, counter; overlay and recorder where asked for."""
    return LaunchDescription(
        [
            *common.standard_arguments(use_sim_time="false"),
            common.argument(
                "source",
                "",
                "Camera number or device, video file, stream URL or folder of pictures; empty: params_file.",
            ),
            common.switch(
                "paced", "", "Play a file at its own rate; false: as fast as it goes. Empty: params_file."
            ),
            common.switch("loop", "", "Play a file again and again. Empty: params_file."),
            common.switch("overlay", "true", "Publish annotated pictures on overlay/image."),
            common.argument("record", "", "Bag to record landmarks, exercises and counts into; empty: none."),
            common.switch(
                "record_images",
                "false",
                "Record the pictures of the camera too: large, and they show people.",
            ),
            *common.environment(),
            common.node(
                "fitness_camera",
                "camera_node",
                "camera",
                arguments={"source": ("source", str), "paced": ("paced", bool), "loop": ("loop", bool)},
                source=True,
            ),
            common.node("pose_estimator", "pose_estimator_node", "pose_estimator"),
            common.node("exercise_classifier", "exercise_classifier_node", "exercise_classifier"),
            common.node("rep_counter", "rep_counter_node", "rep_counter"),
            common.node(
                "fitness_visualization",
                "overlay_node",
                "overlay",
                condition=IfCondition(LaunchConfiguration("overlay")),
            ),
            common.node(
                "fitness_datasets",
                "recorder_node",
                "recorder",
                arguments={"record": ("path", str), "record_images": ("images", bool)},
                condition=common.given("record"),
            ),
        ]
    )
