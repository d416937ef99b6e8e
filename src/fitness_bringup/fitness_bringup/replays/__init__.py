"""Bags of landmarks that are made of clips."""
