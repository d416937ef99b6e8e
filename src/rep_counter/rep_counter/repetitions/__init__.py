"""From signals to repetitions: machines find them, they are credited to an exercise, judged and told."""
