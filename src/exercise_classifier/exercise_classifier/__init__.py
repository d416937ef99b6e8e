"""Landmarks to exercise: features, windows, the classifier stage and its node; `training` fits the models."""
