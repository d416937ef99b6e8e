"""What a robot says about form: the most important fault of a repetition, seldom enough to be heard.

Feedback after every single trial helps the moment and hinders learning (Winstein and Schmidt 1990,
https://doi.org/10.1037/0278-7393.16.4.677): so one sentence per repetition at most, the same one only after a
cool-down, and praise when what was said has been put right.
"""

from fitness_core.catalogue import Catalogue
from fitness_core.types import CuePriority, FormCue, Reason, RepEvent, nanoseconds

# What was said so long ago is not remembered.
_REMEMBERED = nanoseconds(300.0)
# Of a repetition that was over so long ago nobody speaks any more: it was credited late.
_STALE = nanoseconds(3.0)


class Cues:
    """Repetitions in, sentences out. Time is the repetitions' stamps.

    cool_down: the same sentence comes again after so long at the earliest [s]. gap: any other after so long [s].
    """

    def __init__(self, catalogue: Catalogue, cool_down: float = 12.0, gap: float = 4.0) -> None:
        self._catalogue = catalogue
        self.cool_down = cool_down
        self.gap = gap
        self.reset()

    def reset(self) -> None:
        """Forget what was said."""
        self._said: dict[tuple[str, str], int] = {}
        self._last: int | None = None
        self._to_praise: tuple[str, str] | None = None
        self._body_id = ""

    def step(self, event: RepEvent) -> FormCue | None:
        """What to say after this repetition, if anything."""
        if self._last is not None and event.stamp < self._last:
            self.reset()  # time jumped back
        if event.body_id != self._body_id:
            self.reset()  # this one was told nothing yet
            self._body_id = event.body_id
        if event.exercise not in self._catalogue or event.reason not in (Reason.NONE, Reason.SHALLOW):
            return None
        if event.stamp - event.end > _STALE:
            return None
        if self._last is not None and event.stamp - self._last < nanoseconds(self.gap):
            return None
        for rule in self._catalogue[event.exercise].form:
            about = (event.exercise, rule.code)
            if rule.code in event.form_faults and self._cooled_down(about, event.stamp):
                self._said[about] = event.stamp
                self._to_praise = about if rule.praise else None
                return self._cue(event, rule.code, rule.say, CuePriority.CORRECTION)
            if about == self._to_praise and rule.code in event.form_judged and rule.code not in event.form_faults:
                self._to_praise = None
                if event.stamp - self._said[about] > _REMEMBERED:
                    return None  # nobody knows any more what is praised
                return self._cue(event, rule.code, rule.praise, CuePriority.INFO)
        return None

    def _cooled_down(self, about: tuple[str, str], now: int) -> bool:
        said = self._said.get(about)
        return said is None or now - said >= nanoseconds(self.cool_down)

    def _cue(self, event: RepEvent, code: str, text: str, priority: CuePriority) -> FormCue:
        self._last = event.stamp
        return FormCue(event.stamp, event.exercise, code, text, priority, event.body_id)
