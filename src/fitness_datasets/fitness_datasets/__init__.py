"""Bags of landmarks and labels: writing, reading, recording and playing; pose files of public datasets."""
