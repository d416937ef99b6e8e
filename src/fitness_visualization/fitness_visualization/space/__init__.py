"""The body in space, before its camera: for RViz and Foxglove. Free of ROS but for its `ros/`."""
