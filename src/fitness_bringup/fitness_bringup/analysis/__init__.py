"""A recording from its pictures or landmarks to a report, as fast as the machine can go; free of ROS."""
