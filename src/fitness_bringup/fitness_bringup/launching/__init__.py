"""What the launch files share; only they import it. It needs `launch` and `launch_ros`, which an apt ROS 2 has."""
