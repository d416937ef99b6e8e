"""What every package of the fitness graph shares. Nothing here imports rclpy, but `fitness_core.ros`."""
