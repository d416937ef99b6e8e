"""Faults, made to happen: what the graph survives on this machine, how fast, and what it says. `./fitness faults`."""
