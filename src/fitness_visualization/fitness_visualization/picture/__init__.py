"""The annotated picture: what is drawn into it, and where it goes, into a file or a window. Free of ROS."""
