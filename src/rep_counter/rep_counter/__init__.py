"""Landmarks and exercise labels to counted repetitions and sets."""
