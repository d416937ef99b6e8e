"""The exercise catalogue: one YAML file per exercise says what a repetition of it is.

Adding an exercise is adding a file to `fitness_core/exercises/`, or to a folder of your own given by path.
"""

import math
import reprlib
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.file_refusals import first_of
from fitness_core.form_rules import FormRule
from fitness_core.yaml_text import parse

NON_EXERCISES = ("idle", "other", "unknown")
"""Labels that a classifier may have beside the exercises of the catalogue."""

SHIPPED = Path(__file__).parent / "exercises"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class JointName(StrEnum):
    """A joint that can drive a repetition; measured on both sides."""

    ELBOW = "elbow"
    SHOULDER = "shoulder"
    HIP = "hip"
    KNEE = "knee"
    ANKLE = "ankle"


class Direction(StrEnum):
    """How the driving value moves on the way from the starting position to the turning point."""

    FLEX = "flex"  # it falls: curl, squat
    EXTEND = "extend"  # it grows: press

    @property
    def sign(self) -> int:
        """1 where it grows, -1 where it falls."""
        return 1 if self is Direction.EXTEND else -1


class Effort(StrEnum):
    """Which way of a repetition works against the load; strength coaches measure speed on it."""

    OUT = "out"  # to the turning point: curl, press
    BACK = "back"  # to the starting position: squat, push-up


class Half(StrEnum):
    """Which half of a repetition counts as one where a recording begins or ends within it."""

    ANY = "any"
    BACK = "back"  # from the turning point: a bar is lifted on the way back, on the way out it may only be put down


class Sides(StrEnum):
    """Which sides of the body do a repetition."""

    BOTH = "both"  # together: one signal, the mean of the visible sides
    EITHER = "either"  # one, both or alternating: each side is watched; a repetition of both at once counts once
    ALTERNATING = "alternating"  # in turn: a repetition of each side counts, however far the two overlap


class Plane(StrEnum):
    """In what an angle is measured."""

    SPACE = "space"  # in metres, as the pose network estimates depth
    IMAGE = "image"  # in the picture: for movements that the camera sees from the side it needs


class Point(StrEnum):
    """A landmark that posture conditions speak of; the mean of the visible ones of the sides that move."""

    SHOULDER = "shoulder"
    ELBOW = "elbow"
    WRIST = "wrist"
    HIP = "hip"
    KNEE = "knee"
    ANKLE = "ankle"
    HEEL = "heel"
    FOOT_INDEX = "foot_index"


class Along(StrEnum):
    """Which part of a distance is measured."""

    UP = "up"  # the height of one point above the other in the picture's upright
    ANY = "any"  # the whole length


class _Apart(_Model):
    """How `point` lies to another one, `of`."""

    point: Point
    of: Point | Literal["picture"]

    @model_validator(mode="after")
    def _two_points(self) -> Self:
        if self.point == self.of:
            raise ValueError(f"from {self.point} to itself there is nothing to measure; give two points")
        return self


class Distance(_Apart):
    """A driving distance: from `of` to `point` on the same side of the body, in torso lengths."""

    of: Point
    along: Along = Along.ANY


class Posture(_Apart):
    """A condition at the turning point: `point` lies at least `by` torso lengths above (or below) `of` in the image.

    Not judged where a point is hidden. throughout: it holds from a second before the repetition to its end.
    """

    is_: Literal["above", "below"] = Field(alias="is")
    of: Point
    by: float = Field(default=0.0, ge=-4, le=4)
    throughout: bool = False


class Still(_Model):
    """What stays where it is from a second before a repetition to its end: the height of `point` in the picture of a
    camera that stands still changes by no more than `within` torso lengths, on the side that moves less.

    Hands that carry the body stay where they are. Not judged where the point is hidden.
    """

    point: Point
    within: float = Field(gt=0, le=4)


class Inside(_Apart):
    """What comes over what: for a fifth of a repetition at least `point` is no further out than `of`, away from the
    body's middle, but for `within` torso lengths.

    Hands that lift a weight are over the elbows, or closer together; who pulls on a wide bar has them further out all
    the way. Judged in pictures that show the body from the front or from behind, where no point is hidden, unless the
    exercise was asked for.
    """

    of: Point
    within: float = Field(ge=0, le=4)


class Steady(_Model):
    """A joint that takes little part: from a repetition's beginning to its end the angle of `joint` changes by no more
    than `share` of what the driving angle changes by, on each side of the body that is seen.

    Arms that hold a weight stay as they are while the hips bend; arms that pull on it bend as far. Not judged where the
    exercise was asked for.
    """

    joint: JointName
    share: float = Field(gt=0, le=4)


PICTURE = "picture"
"""What a point travels over when not over another point: the picture, of a camera that stands still."""


class Travel(_Apart):
    """How a point must move: from a repetition's ends to its turning point it rises over `of` by `by` torso lengths.

    Negative: it falls. What a movement does to the whole body, while its driving signal says what one joint does: legs
    that are drawn up bend the hip as a sit-up does, but do not lift the shoulders. Over the picture: in a pull-up the
    body rises to the hands, in a press the hands leave the body. Not judged where a point is hidden.
    """

    by: float = Field(ge=-4, le=4)


class Exercise(_Model):
    """What a repetition of one exercise is. Angles in degrees here, as people write them; properties are radians.

    Driven by the angle of a `joint`, with `minimum_range_deg` and `turn_deg`; or by a `distance`, with
    `minimum_range_torso` and `turn_torso`.
    """

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    title: str
    joint: JointName | None = None
    plane: Plane = Plane.SPACE
    distance: Distance | None = None
    direction: Direction
    sides: Sides = Sides.BOTH
    effort: Effort = Effort.OUT
    half: Half = Half.ANY
    minimum_range_deg: float | None = Field(default=None, gt=0, le=180, description="a smaller excursion is shallow")
    turn_deg: float | None = Field(default=None, ge=0, le=180, description="the turning point must pass this angle")
    minimum_range_torso: float | None = Field(default=None, gt=0, le=4, description="the same in torso lengths")
    turn_torso: float | None = Field(default=None, ge=-4, le=4, description="the same in torso lengths")
    shortest_s: float = Field(default=0.4, gt=0, description="from leaving to 60 % back; less is too fast")
    longest_s: float = Field(default=15.0, gt=0, description="a slower repetition is rejected as too slow")
    rest_s: float = Field(default=6.0, gt=0, description="a set ends after so long without a repetition")
    posture: tuple[Posture, ...] = ()
    travel: tuple[Travel, ...] = ()
    still: tuple[Still, ...] = ()
    inside: tuple[Inside, ...] = ()
    steady: tuple[Steady, ...] = ()
    even: float = Field(default=0, ge=0, le=1, description="the side that moves less does this share of the other's")
    bounce: float = Field(
        default=0,
        ge=0,
        le=4,
        description="the trunk goes up and down by this many torso lengths; 0: not asked",
    )
    jump: bool = Field(
        default=True,
        description="whether the body may leave the ground; false: only where the exercise was asked for",
    )
    least_probability: float = Field(
        default=0,
        ge=0,
        le=1,
        description="mean probability of the label, over the repetitions that begin a set, however many they are",
    )
    form: tuple[FormRule, ...] = ()

    @model_validator(mode="after")
    def _one_signal(self) -> "Exercise":
        if (self.joint is None) == (self.distance is None):
            raise ValueError("give either `joint` or `distance`, the signal that drives a repetition")
        unit, other = ("deg", "torso") if self.joint else ("torso", "deg")
        for name in ("minimum_range", "turn"):
            if getattr(self, f"{name}_{unit}") is None or getattr(self, f"{name}_{other}") is not None:
                given = "joint" if self.joint else "distance"
                raise ValueError(f"a `{given}` needs `{name}_{unit}`, and no `{name}_{other}`")
        if self.distance and "plane" in self.model_fields_set:
            raise ValueError("`plane` is of the angle of a `joint`; a `distance` is taken `along`: leave `plane` out")
        if self.distance and self.steady:
            raise ValueError("`steady` is a share of the angle of a `joint`; with a `distance`, leave it out")
        return self

    @model_validator(mode="after")
    def _some_tempo(self) -> "Exercise":
        if self.shortest_s >= self.longest_s:
            raise ValueError(
                f"shortest_s {self.shortest_s:g} is not below longest_s {self.longest_s:g}: no repetition would count"
            )
        return self

    @model_validator(mode="after")
    def _own_codes(self) -> "Exercise":
        for rule in self.form:
            if not rule.code.startswith(f"{self.name}_"):
                raise ValueError(f"rule {rule.code}: a code begins with the exercise's name; give `{self.name}_...`")
        codes = [rule.code for rule in self.form]
        for code in codes:
            if codes.count(code) > 1:
                raise ValueError(f"rule {code}: there are {codes.count(code)} of this code; give each rule its own")
        return self

    @property
    def minimum_range(self) -> float:
        """Smallest range of motion of a counted repetition [rad; torso lengths where a distance drives]."""
        return self._in_its_unit(self.minimum_range_deg, self.minimum_range_torso)

    @property
    def turn(self) -> float:
        """Value that the turning point must pass [rad; torso lengths where a distance drives]."""
        return self._in_its_unit(self.turn_deg, self.turn_torso)

    @staticmethod
    def _in_its_unit(degrees: float | None, torso_lengths: float | None) -> float:
        if degrees is not None:
            return math.radians(degrees)
        assert torso_lengths is not None  # the model is valid
        return torso_lengths


class Catalogue:
    """Exercises by name."""

    def __init__(self, exercises: list[Exercise]) -> None:
        self._exercises = {exercise.name: exercise for exercise in exercises}

    @classmethod
    def load(cls, path: Path | str | None = None) -> "Catalogue":
        """Read a folder of `*.yaml`, or one file (`~` is the user's home); default, also empty: the shipped exercises.

        Raises InputError that names the file and the field.
        """
        path = paths.given(path) if path else SHIPPED
        if not path.exists():
            raise InputError(f"exercise catalogue {path} does not exist; give a YAML file or a folder of them")
        files = [path]
        if path.is_dir():
            every = sorted(paths.inside(path))
            if misnamed := [file for file in every if file.suffix == ".yml"]:
                raise InputError(f"{misnamed[0]}: the files of a catalogue end in .yaml; rename it")
            files = [file for file in every if file.match("*.yaml")]
        if not files:
            raise InputError(f"exercise catalogue {path} holds no *.yaml file; see docs/add-an-exercise.md")
        exercises = [_read(file) for file in files]
        names = [exercise.name for exercise in exercises]
        for file, name in zip(files, names, strict=True):
            first = files[names.index(name)]
            if name in NON_EXERCISES or first != file:
                by = "means that no exercise is done" if name in NON_EXERCISES else f"is taken by {first.name}"
                raise InputError(f"{file}: name: {name!r} {by}; give each exercise its own")
        return cls(exercises)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the exercises, in the order of their files."""
        return tuple(self._exercises)

    def __iter__(self):
        return iter(self._exercises.values())

    def __contains__(self, name: object) -> bool:
        return name in self._exercises

    def __getitem__(self, name: str) -> Exercise:
        """The exercise of that name; InputError names those there are."""
        if name not in self._exercises:
            raise InputError(f"exercise {name!r} is not in the catalogue; it has: {', '.join(self.names)}")
        return self._exercises[name]


def _read(file: Path) -> Exercise:
    try:
        return Exercise.model_validate(parse(file.read_text()))
    except yaml.YAMLError as error:
        raise InputError(f"{file} is not YAML ({error})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"] and first["type"] == "model_type":
            given = reprlib.repr(first["input"])
            raise InputError(
                f"{file}: {given} given; an exercise is fields and their values, as `name: squat`"
            ) from None
        raise InputError(f"{file}: {first_of(error, Exercise)}") from None
