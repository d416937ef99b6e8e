"""What every package of the fitness graph shares. Nothing here imports rclpy, but `fitness_core.ros`."""

import os

# Matrices here are of one body. OpenBLAS would share even these among threads that wait for each other by spinning:
# beside a network that keeps all cores busy, milliseconds. NumPy reads it when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
