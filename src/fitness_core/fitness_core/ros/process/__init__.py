"""What a process of the graph lives by: its executor, recordings in step with it, how it ends and what it leaves."""
