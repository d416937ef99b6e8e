"""Takes that nobody did: a jointed body, and motion capture as a camera would have seen it. Never in a test fold."""
