"""The exercise catalogue: one YAML file per exercise says what a repetition of it is.

Adding an exercise is adding a file to `fitness_core/exercises/`, or to a folder of your own given by path.
"""

import math
from enum import StrEnum
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fitness_core.errors import InputError

NON_EXERCISES = ("idle", "other", "unknown")
"""Labels that a classifier may have beside the exercises of the catalogue."""

SHIPPED = Path(__file__).parent / "exercises"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JointName(StrEnum):
    """A joint that can drive a repetition; measured on both sides."""

    ELBOW = "elbow"
    SHOULDER = "shoulder"
    HIP = "hip"
    KNEE = "knee"
    ANKLE = "ankle"


class Direction(StrEnum):
    """How the driving angle moves on the way from the starting position to the turning point."""

    FLEX = "flex"  # the angle falls: curl, squat
    EXTEND = "extend"  # the angle grows: press


class Sides(StrEnum):
    """Which sides of the body do a repetition."""

    BOTH = "both"  # together: one signal, the mean of the visible sides
    EITHER = "either"  # one, both or alternating: each side is watched; a repetition of both at once counts once


class Point(StrEnum):
    """A landmark that posture conditions speak of; the mean of the visible sides."""

    SHOULDER = "shoulder"
    ELBOW = "elbow"
    WRIST = "wrist"
    HIP = "hip"
    KNEE = "knee"
    ANKLE = "ankle"


class Posture(_Model):
    """A condition at the turning point: `point` lies at least `by` torso lengths above (or below) `of` in the image.

    Not judged where a point is hidden.
    """

    point: Point
    is_: str = Field(alias="is", pattern="^(above|below)$")
    of: Point
    by: float = 0.0


class Exercise(_Model):
    """What a repetition of one exercise is. Angles in degrees here, as people write them; properties are radians."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    title: str
    joint: JointName
    direction: Direction
    sides: Sides = Sides.BOTH
    minimum_range_deg: float = Field(gt=0, le=180, description="a smaller excursion is rejected as shallow")
    turn_deg: float = Field(ge=0, le=180, description="the turning point must pass this angle")
    shortest_s: float = Field(default=0.4, gt=0, description="from leaving to 60 % back; less is too fast")
    longest_s: float = Field(default=15.0, gt=0, description="a slower repetition is rejected as too slow")
    rest_s: float = Field(default=6.0, gt=0, description="a set ends after so long without a repetition")
    posture: tuple[Posture, ...] = ()

    @property
    def minimum_range(self) -> float:
        """Smallest range of motion of a counted repetition [rad]."""
        return math.radians(self.minimum_range_deg)

    @property
    def turn(self) -> float:
        """Angle that the turning point must pass [rad]."""
        return math.radians(self.turn_deg)


class Catalogue:
    """Exercises by name."""

    def __init__(self, exercises: list[Exercise]) -> None:
        self._exercises = {exercise.name: exercise for exercise in exercises}

    @classmethod
    def load(cls, path: Path | None = None) -> "Catalogue":
        """Read a folder of `*.yaml`, or one file; default: the shipped exercises.

        Raises InputError that names the file and the field.
        """
        path = SHIPPED if path is None else Path(path)
        if not path.exists():
            raise InputError(f"exercise catalogue {path} does not exist; give a YAML file or a folder of them")
        files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not files:
            raise InputError(f"exercise catalogue {path} holds no *.yaml file; see docs/add-an-exercise.md")
        exercises = [_read(file) for file in files]
        names = [exercise.name for exercise in exercises]
        for name in names:
            if names.count(name) > 1 or name in NON_EXERCISES:
                raise InputError(f"exercise catalogue {path}: the name {name!r} is taken; give each exercise its own")
        return cls(exercises)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the exercises, sorted."""
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
        return Exercise.model_validate(yaml.safe_load(file.read_text()))
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        raise InputError(f"{file} is not YAML{f' (line {where.line + 1})' if where else ''}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{file}: {field}: {first['msg']} (given: {first['input']!r})") from None
