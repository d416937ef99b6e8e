"""Landmarks and exercise labels to counted repetitions and sets."""

import fitness_core  # noqa: F401 (before NumPy: it says how many threads that takes)
