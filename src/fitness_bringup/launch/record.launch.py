"""Guided collection: the graph of live.launch.py, a guide through labelled takes, and a recorder."""

from pathlib import Path
from typing import Any

from launch.actions import OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

from fitness_bringup.composition import node_parameters
from fitness_bringup.launching.arguments import (
    argument,
    full_name,
    is_true,
    source_argument,
    standard_arguments,
    switch,
)
from fitness_bringup.launching.nodes import forget_dead_run, node, stages
from fitness_bringup.launching.pictures import camera_name, camera_plays, picture_arguments
from fitness_camera.source_kinds import OF_CAMERA
from fitness_datasets.collection.session import next_bag
from launch import LaunchContext, LaunchDescription


def is_recorded(context: LaunchContext) -> bool:
    """Nothing is recorded without a subject who has agreed."""
    given = context.launch_configurations
    agreed = is_true(context, "consent") if given["consent"] else of_file(context, "consent")
    return bool(given["record"] and who(context) and agreed)


def who(context: LaunchContext) -> str:
    """The subject's pseudonym; empty = nobody is named."""
    return context.launch_configurations["subject"] or of_file(context, "subject") or ""


def bag(context: LaunchContext) -> Path:
    """The next bag of the session."""
    given = context.launch_configurations
    return next_bag(Path(given["record"]), who(context), given["session"] or of_file(context, "session") or "S01")


def of_file(context: LaunchContext, parameter: str) -> Any:
    """What params_file gives the guide; None where it gives nothing."""
    given = context.launch_configurations
    guide = full_name(context, "record_take")
    return node_parameters.value_of(Path(given["params_file"]), guide, parameter) if given["params_file"] else None


def take_parameters(context: LaunchContext) -> dict[str, object]:
    """Where session.yaml goes, and what it says of this launch."""
    given = context.launch_configurations
    if not is_recorded(context):
        return {}
    return {
        "out": given["record"],
        "bag": bag(context).name,
        "needs_recorder": True,
        "camera": camera_name(context) or "parameter file",
    }


def camera_parameters(context: LaunchContext) -> dict[str, object]:
    """A recording starts when the pose estimator is there, who measures the light, and who records its pictures."""
    return {"wait_for_subscribers": 2 + (is_recorded(context) and is_true(context, "record_images"))}


def pose_parameters(context: LaunchContext) -> dict[str, object]:
    """No pose is published before classifier, counter, guide and recorder are there to hear it."""
    return {"wait_for_subscribers": 3 + is_recorded(context)}


def recorder(context: LaunchContext) -> list[OpaqueFunction]:
    """The recorder, where there is somebody to record."""
    if not is_recorded(context):
        return []
    path = str(bag(context))
    images = {"record_images": ("images", bool)}
    return [node("recorder", arguments=images, parameters=lambda context: {"bag": path})]


def generate_launch_description() -> LaunchDescription:
    """Camera, pose estimator, classifier, counter, guide, recorder; overlay where asked for."""
    return LaunchDescription(
        [
            *standard_arguments(use_sim_time="false"),
            argument(
                "subject",
                "",
                "Pseudonym of who is recorded, e.g. P01, never a name. Empty: goals of the action record_take are "
                "waited for, and record them with a recorder of your own.",
            ),
            switch("consent", "", "The subject has agreed to be recorded; nothing is recorded without."),
            argument("session", "", "Name of this visit of the subject. Empty: params_file."),
            argument("exercise", "", "Exercises to record, separated by commas. Empty: params_file."),
            argument("takes", "", "Takes of each exercise that the session shall have. Empty: params_file."),
            argument("repetitions", "", "End a take after so many; 0: by time. Empty: params_file."),
            argument("seconds", "", "End a take after so long [s]; 0: by repetitions. Empty: params_file."),
            switch("auto", "", "Keep good takes and repeat others without asking. Empty: params_file."),
            source_argument(*OF_CAMERA),
            switch("loop", "", "Play a file again and again. Empty: params_file."),
            *picture_arguments(),
            switch("overlay", "true", "Publish annotated pictures on overlay/image."),
            argument("record", "recordings", "Folder of the collection; a session in it is gone on with."),
            switch("record_images", "false", "Record the pictures too: large, and they show people."),
            forget_dead_run(camera_plays),
            *stages(camera_parameters, pose_parameters),
            node("overlay", condition=IfCondition(LaunchConfiguration("overlay"))),
            node(
                "record_take",
                arguments={
                    "subject": ("subject", str),
                    "consent": ("consent", bool),
                    "session": ("session", str),
                    "exercise": ("exercise", str),
                    "takes": ("takes", int),
                    "repetitions": ("repetitions", int),
                    "seconds": ("seconds", float),
                    "auto": ("auto", bool),
                },
                parameters=take_parameters,
                source=True,
            ),
            OpaqueFunction(function=recorder),
        ]
    )
