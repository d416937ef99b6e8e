"""Launch files, parameter files, the graph in one process, offline analysis and the command line."""

import fitness_core  # noqa: F401 (before NumPy: it says how many threads that takes)

__version__ = "0.1.0"
