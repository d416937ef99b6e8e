"""The dashboard in the browser: a web server free of ROS, and the pages that it serves."""
