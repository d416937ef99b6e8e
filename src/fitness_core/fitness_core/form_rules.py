"""What a form rule may say: the words that the `form:` list of an exercise is written in.

`rep_counter.repetitions.form` measures; docs/form.md describes each measure with its source.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator


class View(StrEnum):
    """From where the camera looks at the person, as far as a rule needs to know."""

    FRONT = "front"  # or from behind: shoulders and hips lie across the picture
    SIDE = "side"  # shoulders and hips lie along the line of sight
    ANY = "any"


class Measure(StrEnum):
    """What a rule looks at. Angles in degrees, lengths relative to a part of the body."""

    ELBOW = "elbow"  # inner angle of the joint, the visible sides together
    SHOULDER = "shoulder"
    HIP = "hip"
    KNEE = "knee"
    TRUNK_LEAN = "trunk_lean"  # hips to shoulders from upright, forward positive
    TRUNK_TILT = "trunk_tilt"  # hips to shoulders from upright, to the side
    UPPER_ARM = "upper_arm"  # between upper arm and trunk, as the side view shows it: 0 = hanging
    TRUNK_TO_SHIN = "trunk_to_shin"  # how much further forward the trunk leans than the shins
    THIGH = "thigh"  # hip above the knee: 90 = standing, 0 = thigh level
    BODY_LINE = "body_line"  # hip off the line from shoulder to ankle, sagging positive
    KNEE_WIDTH = "knee_width"  # distance of the knees over distance of the ankles
    FRONT_SHIN = "front_shin"  # lean of the shin in front, forward positive: past 27 the knee is past the toes
    MOUTH_OVER_HANDS = "mouth_over_hands"  # mouth above the wrists, in lengths of the trunk


SEEN_FROM = {
    Measure.TRUNK_LEAN: View.SIDE,
    Measure.UPPER_ARM: View.SIDE,
    Measure.TRUNK_TO_SHIN: View.SIDE,
    Measure.BODY_LINE: View.SIDE,
    Measure.FRONT_SHIN: View.SIDE,
    Measure.TRUNK_TILT: View.FRONT,
    Measure.KNEE_WIDTH: View.FRONT,
}
"""Measures that lie in the picture in one view only; the others can be taken in any."""


class Moment(StrEnum):
    """When in a repetition a measure counts."""

    TURN = "turn"  # median of the poses within 0.1 s of the turning point
    MOST = "most"  # 95th percentile over the repetition
    LEAST = "least"  # 5th percentile over the repetition
    CHANGE = "change"  # from the 5th to the 95th percentile


class FormRule(BaseModel):
    """A fault: the measure, at its moment, is above (or below) a limit. The order of rules is their importance."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    code: str = Field(pattern="^[a-z][a-z0-9_]*$", description="stable identifier, in RepEvent.form_faults")
    measure: Measure
    at: Moment
    view: View
    above: float | None = None
    below: float | None = None
    say: str = Field(min_length=1, description="what a robot says of the fault: one plain sentence")
    praise: str = Field(default="", description="what it says when the fault is gone again; empty = nothing")

    @model_validator(mode="after")
    def _check(self) -> "FormRule":
        if (self.above is None) == (self.below is None):
            raise ValueError(f"rule {self.code}: give either `above` or `below`, the limit past which it is a fault")
        needed = SEEN_FROM.get(self.measure, self.view)
        if self.view != needed:
            raise ValueError(f"rule {self.code}: {self.measure} can be judged in one view only; give `view: {needed}`")
        return self

    def broken_by(self, value: float) -> bool:
        """Whether a measured value is a fault; NaN (not judged) is none."""
        if self.above is not None:
            return value > self.above
        return self.below is not None and value < self.below
