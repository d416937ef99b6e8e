"""Thin helpers that nodes share. The only place below the nodes that imports rclpy."""
