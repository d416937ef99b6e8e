"""What is needed of rclpy's native module, which rclpy does not promise to keep where it is."""

from rclpy.impl.implementation_singleton import rclpy_implementation

RCLError = rclpy_implementation.RCLError
"""What the middleware refuses."""
WaitSet = rclpy_implementation.WaitSet
BareNode = rclpy_implementation.Node
"""A node without topics, services and parameters."""
