"""Errors that a user can mend."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one line: what was given, what is accepted, what to do. Programs print it and exit with 2.
    """
