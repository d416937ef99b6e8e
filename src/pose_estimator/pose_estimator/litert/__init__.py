"""BlazePose run directly with LiteRT: the networks and the steps of MediaPipe's pose graph, without MediaPipe.

The graph: https://github.com/google-ai-edge/mediapipe/blob/v0.10.21/mediapipe/modules/pose_landmark/pose_landmark_cpu.pbtxt
"""
