"""What is read of poses: driving signals, the whole body over a repetition, how it moved, gaps in the stream."""
