"""`./fitness soak`: the graph at work for an hour, and what it holds on to."""
