"""Thin helpers of ROS 2 that nodes of all packages share; those of one package are in a `ros/` of its own."""
