"""Sets: counted repetitions together, those that a robot asked for, and what is kept over a crash."""
