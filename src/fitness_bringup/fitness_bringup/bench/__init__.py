"""`./fitness bench`: what the graph costs beside the bare pose network and the existing system, in one run."""
