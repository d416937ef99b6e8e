"""Whether the recorder still writes the bag that takes are said to be in, by what it says of itself."""

import time
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray

from fitness_core.ros import diagnostics
from fitness_core.types import SILENT

RECORDING = "recording"
"""Value of a recorder's diagnostics: whether what comes gets into its bag."""

_LONGEST = 0.5
"""Between two questions, as far as silence is counted [s]: who was frozen itself has heard nobody meanwhile."""


class Recorded:
    """Hears /diagnostics. A recorder that says nothing of itself there, as the stock one, is not asked for."""

    def __init__(self) -> None:
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
            return ""
        when, awake, wrong = self._said[str(bag)]
        if not wrong and (silent := self._awake - awake) > SILENT:
            return f"{bag}: nothing was heard of its recorder for {silent:.0f} s; start the recording again"
        return wrong if wrong or when >= since else None
