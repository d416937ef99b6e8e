"""What becomes of pictures, counted."""

from dataclasses import dataclass


@dataclass(slots=True)
class Statistics:
    """What became of the pictures since the node was made.

    received: taken from DDS, or handed over within the process. processed: given to the backend; nobody: of these,
    without a body. replaced: made way for a newer one while the backend was busy. lost: published but never received.
    refused: in an encoding or shape that cannot be read. failed: the backend raised an error.
    received = processed + replaced + refused + failed + waiting.
    """

    received: int = 0
    processed: int = 0
    nobody: int = 0
    replaced: int = 0
    lost: int = 0
    refused: int = 0
    failed: int = 0
