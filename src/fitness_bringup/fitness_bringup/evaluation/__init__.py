"""How well the counter counts and judges form, on recordings whose truth is known; free of ROS."""
