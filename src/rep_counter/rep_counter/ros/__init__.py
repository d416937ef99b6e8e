"""Parts of the counter's node."""
