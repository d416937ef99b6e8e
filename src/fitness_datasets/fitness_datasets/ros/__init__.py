"""Helpers of this package that know ROS 2."""
