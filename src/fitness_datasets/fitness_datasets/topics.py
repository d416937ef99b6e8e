"""The topics that a bag may hold."""

TOPICS = {
    "camera/image_raw": "sensor_msgs/msg/Image",
    "camera/image_raw/compressed": "sensor_msgs/msg/CompressedImage",
    "camera/camera_info": "sensor_msgs/msg/CameraInfo",
    "body_pose": "fitness_msgs/msg/BodyPose",
    "joint_angles": "fitness_msgs/msg/JointAngles",
    "exercise": "fitness_msgs/msg/ExerciseClassification",
    "exercise/info": "fitness_msgs/msg/ClassifierInfo",
    "rep_state": "fitness_msgs/msg/RepState",
    "rep_event": "fitness_msgs/msg/RepEvent",
    "set_summary": "fitness_msgs/msg/SetSummary",
    "periodicity": "fitness_msgs/msg/Periodicity",
    "form_cue": "fitness_msgs/msg/FormCue",
    "take_label": "fitness_msgs/msg/TakeLabel",
}
"""Relative name -> type of the topics of the graph that a bag may hold."""
