"""The body in space as messages, and what they are made of."""
