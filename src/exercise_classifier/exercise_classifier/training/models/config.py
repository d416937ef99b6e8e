"""What is fitted to what, as a YAML file: `training/configs/*.yaml` ship, `./fitness train --config FILE` takes any."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from exercise_classifier.training.data.windows import Shape
from exercise_classifier.window import MIN_SEEN
from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.file_refusals import first_of
from fitness_core.yaml_text import parse

CONFIGS = Path(__file__).parents[1] / "configs"
"""Folder of the configurations that ship; `--config` takes their names too."""

DEFAULT = "exercise_lstm"
"""Name of the configuration of the shipped model."""

OWN = "own"
"""In `sources`: the take is a source of its own."""

_OF_A_FIT = (
    *("windows", "synthetic", "mocap_as_seen", "shares", "epochs", "batch", "learning_rate", "schedule", "patience"),
)

Positive = Annotated[int, Field(gt=0)]
Shares = dict[str, Annotated[float, Field(ge=0, le=1)]]


Kind = Literal["lstm", "lstm_stack", "bilstm_attention", "temporal_convolution", "attention_lstm"]
"""The networks there are: each is a function `build_<kind>` of `networks.py`, which needs Keras as this does not."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NetworkConfig(_Strict):
    """Which network; sizes of its layers and dropout, None = its own."""

    kind: Kind = "lstm"
    sizes: tuple[Positive, ...] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None


class Baseline(_Strict):
    """The existing system beside ours on the same folds: its two networks on its raw 132 values.

    Capped, so that it is affordable: windows to fit to (of the clips as filmed), epochs (0 = leave out), patience as in
    TrainingConfig. folds: where ours leaves out one source at a time, both are compared on so many folds of sources
    instead, ours fitted on these too. The last of `systems` is the one that `baseline_macro_f1` tells of.
    """

    systems: dict[str, NetworkConfig] = {
        "existing_lstm": NetworkConfig(kind="lstm_stack", sizes=(128, 256, 128)),
        "existing_attention": NetworkConfig(kind="bilstm_attention", sizes=(256, 512)),
    }
    windows: Positive = 4000
    folds: int = Field(10, ge=2)
    epochs: int = Field(6, ge=0)
    patience: int = Field(2, ge=0)
    batch: Positive = 64
    learning_rate: float = Field(1e-3, gt=0)


class TrainingConfig(_Strict):
    """One model.

    about: what a reader of the model's card should know of its data, in words.
    labels: None = every exercise that the data carries, `other` and `idle`. relabel: pattern of a take's name ->
    exercise that it counts as. sources: pattern -> source that it is of, `own` = one for itself; the first pattern that
    matches holds, without one what the table says. stretches: a CSV file (take, start, end, exercise; beside the
    configuration) that says what takes show when, as somebody saw who looked at them: what they are tested by. Fitting
    goes by the exercise of a take, which is `idle` where an upright body rests.
    min_sources, min_test_sources: an exercise with fewer people to fit to, or to test on, is `other`. rejected: labels
    that are fitted as classes of their own, so that they are not taken for another one, but that come out as `other`:
    their held-out figures are not good enough.
    mocap_as_seen: motion capture is turned to a random side and gets the errors and the visibility of the pose network.
    ensemble: networks that are fitted beside `network`, to the same windows; the model's logits are the mean of all.
    shares: of the windows to fit to, by where they come from (clips, extra, synthetic) and class; None = equal.
    duration [s], rate [Hz]: of a window. windows: augmented windows to fit to. synthetic: takes per exercise.
    schedule: of the learning rate, `cosine` or `plateau` (halved when the checked loss stays). patience: epochs without
    a better checked loss before a fit is stopped; 0 = none is stopped and no source is spared for it. folds: what the
    sources are dealt out to; 0 = leave-one-source-out, every source a fold of its own. quantize: `auto` = int8 where it
    is as good and faster.
    Same values, same result.
    """

    name: str = Field("exercise_lstm", pattern=r"^[a-z0-9_]+$")
    about: str = ""
    labels: tuple[str, ...] | None = None
    relabel: dict[str, str] = {}
    sources: dict[str, str] = {}
    stretches: Path | None = None
    rejected: tuple[str, ...] = ()
    min_sources: Positive = 2
    min_test_sources: Positive = 2
    features: Literal["body_frame", "raw132"] = "body_frame"
    network: NetworkConfig = NetworkConfig()
    ensemble: tuple[NetworkConfig, ...] = ()
    duration: float = Field(2.0, ge=MIN_SEEN, le=10)
    rate: float = Field(15.0, ge=5, le=60)
    folds: int = Field(5, ge=0)
    windows: Positive = 32000
    synthetic: int = Field(400, ge=0)
    mocap_as_seen: bool = False
    shares: dict[Literal["clips", "extra", "synthetic"], Shares] | None = None
    epochs: Positive = 8
    batch: Positive = 256
    learning_rate: float = Field(3e-3, gt=0)
    schedule: Literal["cosine", "plateau"] = "cosine"
    patience: int = Field(4, ge=0)
    threshold: float = Field(0.5, ge=0, le=1)
    quantize: Literal["auto", "never", "always"] = "auto"
    baseline: Baseline | None = None
    seed: int = Field(1, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _consistent(self) -> "TrainingConfig":
        if self.labels is not None and ("other" not in self.labels or len(set(self.labels)) != len(self.labels)):
            raise ValueError("labels need `other`, and each only once")
        if self.folds == 1:
            raise ValueError("folds must be 2 or more, or 0 for leave-one-source-out")
        if "other" in self.rejected:
            raise ValueError("`other` cannot be rejected: it is what the rejected become")
        return self

    @property
    def networks(self) -> tuple[NetworkConfig, ...]:
        """All that are fitted."""
        return (self.network, *self.ensemble)

    def networks_as_told(self) -> dict:
        """What an evaluation says of them, as JSON has it: `network`, and the others of the `ensemble`."""
        first, *others = (network.model_dump(mode="json", exclude_none=True) for network in self.networks)
        return {"network": first, "ensemble": others}

    def fit_as_told(self) -> dict:
        """What an evaluation says of how its networks were fitted, as JSON has it."""
        return self.model_dump(mode="json", include=set(_OF_A_FIT))

    @property
    def shape(self) -> Shape:
        """Of a window."""
        return Shape(self.duration, self.rate)


def load_config(given: str | None, **overrides: object) -> TrainingConfig:
    """A configuration file, or one that ships by its name; None = the shipped model's. overrides: values over it."""
    path = Path(given) if given and paths.given(given).is_file() else CONFIGS / f"{given or DEFAULT}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.yaml")))
        raise InputError(f"configuration {given} is not there; give a YAML file, or one that ships: {known}")
    try:
        values = parse(path.read_text()) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"configuration {path} is not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise InputError(f"configuration {path} is a {type(values).__name__}; it must be `name: value` lines")
    if isinstance(values.get("stretches"), str):
        values["stretches"] = path.parent / values["stretches"]
        if not values["stretches"].is_file():
            raise InputError(f"configuration {path}: stretches: {values['stretches']} is not there")
    try:
        return TrainingConfig.model_validate(values | overrides)
    except ValidationError as error:
        raise InputError(f"configuration {path}: {first_of(error, TrainingConfig)}") from None
