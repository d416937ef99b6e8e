"""Errors that a user can mend."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one line: what was given, what is accepted, what to do. Programs print it and exit with 2.
    """

    def __init__(self, message: object = "") -> None:
        # The name of a file may be any bytes, what ROS 2 logs and publishes of it is text.
        super().__init__(str(message).encode(errors="backslashreplace").decode())
