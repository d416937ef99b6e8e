"""Takes: labelled pose sequences, read from what a lab records."""
