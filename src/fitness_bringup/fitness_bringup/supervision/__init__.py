"""Nodes and programs that are started again when they fail, and what is said of it on /diagnostics."""
