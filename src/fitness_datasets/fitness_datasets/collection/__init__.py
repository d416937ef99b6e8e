"""Guided collection of takes: where to stand, 3-2-1, go, was it good; the folder of a session. Free of ROS."""
