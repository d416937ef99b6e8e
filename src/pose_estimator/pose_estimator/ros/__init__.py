"""Parts of the pose estimator's node."""
