"""What a process of the graph lives by: how it starts, its executor, recordings in step with it, how it ends."""
