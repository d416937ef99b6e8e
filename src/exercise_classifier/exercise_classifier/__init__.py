"""Landmarks to exercise: features, windows, the classifier stage and its node; `training` fits the models."""

import fitness_core  # noqa: F401 (before NumPy: it says how many threads that takes)
