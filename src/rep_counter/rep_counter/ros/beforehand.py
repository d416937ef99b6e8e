"""Imports of what is needed later, while there is time."""

import functools
import importlib
import threading


@functools.cache
def import_beforehand(*modules: str) -> threading.Thread:
    """Import modules in a thread, once: where they are needed first nothing then waits for them.

    Not when the process starts: whoever waits for that would wait longer.
    """
    thread = threading.Thread(target=lambda: [importlib.import_module(name) for name in modules], name="imports")
    thread.start()
    return thread
