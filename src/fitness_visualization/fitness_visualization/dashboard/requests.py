"""What a page may ask for: every message a client can send, validated before anything acts on it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fitness_core.errors import InputError

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    id: int = Field(default=0, ge=0, le=2**53)


class Picture(_Request):
    """Send pictures from now on, or no more."""

    type: Literal["picture"]
    on: bool


class Drawn(_Request):
    """A picture was drawn: the next one may come."""

    type: Literal["drawn"]


class Ping(_Request):
    """What time is it there? time: anything of the page's own, it comes back."""

    type: Literal["ping"]
    time: float


class SetParameter(_Request):
    """Set one of the thresholds."""

    type: Literal["set_parameter"]
    name: Literal["detection", "tracking", "confidence"]
    value: float = Field(ge=0, le=1)


class SetExercise(_Request):
    """Count this exercise; "" = the classifier decides."""

    type: Literal["set_exercise"]
    exercise: Name | Literal[""]


class Reset(_Request):
    """Begin counting anew."""

    type: Literal["reset"]


class Record(_Request):
    """Start or stop recording; the server chooses where to."""

    type: Literal["record"]
    on: bool


class Take(_Request):
    """Guide a person through one recorded take."""

    type: Literal["take"]
    subject: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")
    exercise: Name
    repetitions: int = Field(ge=1, le=100)
    consent: bool


class Decide(_Request):
    """What becomes of the take that is over."""

    type: Literal["decide"]
    decision: Literal["keep", "redo", "stop"]


Request = Picture | Drawn | Ping | SetParameter | SetExercise | Reset | Record | Take | Decide
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])


def parse(text: str) -> Request:
    """The request in a JSON text. Raises InputError, with what the client sent left out."""
    try:
        return _REQUEST.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"not a request: {where + ': ' if where else ''}{first['msg']}") from None
