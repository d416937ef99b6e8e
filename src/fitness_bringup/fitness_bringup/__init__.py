"""Launch files, parameter files, the graph in one process, offline analysis and the command line."""

__version__ = "0.1.0"
