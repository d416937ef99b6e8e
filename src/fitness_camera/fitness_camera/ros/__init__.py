"""Parts of the camera's node."""
