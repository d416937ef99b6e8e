"""How a backend of pose networks is made. Light to import: parameters and command lines are made of it."""

from dataclasses import dataclass

from fitness_core.errors import InputError


@dataclass(frozen=True, slots=True)
class Options:
    """How a backend is made; each takes what it has a use for. Raises InputError for what none can take.

    model: one of the backend's `models`, empty = its usual one. min_detection_confidence: to accept a body that is new
    in the picture, 0..1. min_tracking_confidence: to go on following it, 0..1. threads: of a network. networks: where
    their files are, see `litert.files.load`; empty = where the backend finds them itself.
    """

    model: str = ""
    min_detection_confidence: float = 0.5
    min_tracking_confidence: float = 0.5
    threads: int = 2
    networks: str = ""

    def __post_init__(self) -> None:
        for name in ("min_detection_confidence", "min_tracking_confidence"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}; accepted: 0 .. 1")
        if self.threads < 1:
            raise InputError(f"threads is {self.threads}; accepted: 1 or more")
