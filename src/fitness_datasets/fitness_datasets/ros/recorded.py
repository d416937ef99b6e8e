"""Whether the recorder still writes the bag that takes are said to be in, by what it says of itself."""

import time
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray

from fitness_core.ros import diagnostics
from fitness_core.types import SILENT

RECORDING = "recording"
"""Value of a recorder's diagnostics: whether what comes gets into its bag."""

STARTS = 15.0
"""A recorder whose process starts beside the guide's is heard of within so long [s]."""
_NEVER = 0.0
_LONGEST = 0.5
"""Between two questions, as far as silence is counted [s]: who was frozen itself has heard nobody meanwhile."""


class Recorded:
    """Hears /diagnostics.

    expected: whether the recorder of any bag must be heard. A recorder of somebody else's, as the stock one, says
    nothing of itself there: where none must be heard, none is asked for before it has said something.
    """

    def __init__(self, expected: bool = False) -> None:
        self._expected = expected
        self._said: dict[str, tuple[float, float, str]] = {}  # bag -> when, when awake, and what is wrong with it
        self._asked, self._awake = time.monotonic(), 0.0

    def hear(self, message: DiagnosticArray) -> None:
        """What nodes say of themselves."""
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            if "bag" in values and RECORDING in values:
                wrong = "" if values[RECORDING] == str(True) else f"{values['bag']}: recording has stopped"
                if values.get("dropped", "0") != "0" or status.level == diagnostics.ERROR:
                    wrong = status.message
                self._said[values["bag"]] = time.monotonic(), self._awake, wrong

    def lacking(self, bag: Path, since: float = 0.0) -> str | None:
        """Why a bag lacks something, "" = it does not; None: its recorder has said nothing `since` then (monotonic).

        To be asked again and again: silence is counted from one time to the next.
        """
        now = time.monotonic()
        self._awake += min(now - self._asked, _LONGEST)
        self._asked = now
        if str(bag) not in self._said:
            if not self._expected:
                return ""
            self._said[str(bag)] = _NEVER, self._awake, ""
        when, awake, wrong = self._said[str(bag)]
        if not wrong and (silent := self._awake - awake) > (STARTS if when == _NEVER else SILENT):
            return f"{bag}: nothing was heard of its recorder for {silent:.0f} s; start the recording again"
        return wrong if wrong or when >= since else None
