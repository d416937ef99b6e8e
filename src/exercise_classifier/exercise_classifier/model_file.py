"""The model: ONE .tflite file that carries its own description.

A TFLite file tolerates a zip archive behind it (how TFLite Metadata packs associated files,
https://ai.google.dev/edge/litert/models/metadata); ours holds `metadata.json`.
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from exercise_classifier.features import FEATURE_SETS
from fitness_core.command_line import write_file
from fitness_core.errors import InputError

METADATA = "metadata.json"
_MAGIC = b"TFL3"
_KEYS = ("name", "labels", "features", "window", "confidence_threshold")
_HASH = "network_sha256"
_LARGEST = 1_000_000  # of the metadata, in bytes
# What zipfile raises for what is none, or damaged.
_NO_ARCHIVE = (
    zipfile.BadZipFile,
    KeyError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    struct.error,
    zlib.error,
)
_REMEDY = "give a model that `./fitness train` wrote, or none for the shipped one"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model is. model_id: name and content hash. window_duration [s], window_rate [Hz], threshold 0..1.

    features: name of the feature set it was fitted to.
    """

    model_id: str
    labels: tuple[str, ...]
    window_duration: float
    window_rate: float
    confidence_threshold: float
    features: str = "body_frame"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A read and checked model file: its network as bytes and what it says about itself."""

    network: bytes
    info: ModelInfo


def write(path: Path, network: bytes, metadata: dict) -> None:
    """Write a network (bytes of a .tflite) and its metadata as one file, the same bytes for the same input.

    Raises InputError where the disk refuses; a model that was there stays then.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        # A fixed date: the same model is the same file, hence the same model_id.
        zipped.writestr(
            zipfile.ZipInfo(METADATA, (1980, 1, 1, 0, 0, 0)),
            json.dumps(metadata | {_HASH: _hash(network)}, indent=1),
        )
    write_file(path, network + archive.getvalue())


def describe(
    name: str,
    labels: tuple[str, ...],
    duration: float,
    rate: float,
    threshold: float,
    features: str = "body_frame",
) -> dict:
    """The metadata of a model fitted to a feature set of this code."""
    chosen = FEATURE_SETS[features]
    return {
        "name": name,
        "labels": list(labels),
        "features": {
            "name": chosen.name,
            "version": chosen.version,
            "count": chosen.count,
        },
        "window": {"duration": duration, "rate": rate},
        "confidence_threshold": threshold,
    }


def read(path: Path) -> ModelFile:
    """Read a model file and check that this code can feed it. Raises InputError in words where it cannot."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"model {path} cannot be read ({error.strerror}); {_REMEDY}") from None
    metadata, network_ends = _metadata_in(content, path)
    # LiteRT takes what it gets, and may take the process along.
    if _HASH in metadata and metadata[_HASH] != _hash(content[:network_ends]):
        raise InputError(f"model {path} was damaged or changed after it was written; {_REMEDY}")
    if missing := [key for key in _KEYS if key not in metadata]:
        raise InputError(f"model {path}: its {METADATA} lacks {', '.join(missing)}; {_REMEDY}")
    try:
        given = tuple(metadata["features"][key] for key in ("name", "version", "count"))
        info = ModelInfo(
            model_id=f"{metadata['name']}-{hashlib.sha256(content).hexdigest()[:8]}",
            labels=tuple(metadata["labels"]),
            window_duration=float(metadata["window"]["duration"]),
            window_rate=float(metadata["window"]["rate"]),
            confidence_threshold=float(metadata["confidence_threshold"]),
            features=str(given[0]),
        )
        _check(info)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"model {path}: its {METADATA} is not what it should be ({error!r}); {_REMEDY}") from None
    ours = [(chosen.name, chosen.version, chosen.count) for chosen in FEATURE_SETS.values()]
    if given not in ours:
        raise InputError(
            f"model {path} was fitted to the features {_named(given)}; this version computes "
            f"{' or '.join(map(_named, ours))}: fit it again with `./fitness train`, or use the shipped one"
        )
    return ModelFile(content, info)


def _metadata_in(content: bytes, path: Path) -> tuple[dict, int]:
    """What a model file says of itself, and where its network ends [bytes]. Raises InputError where it says nothing."""
    if content[4:8] != _MAGIC:
        raise InputError(f"model {path} is not a .tflite file; {_REMEDY}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entry = archive.getinfo(METADATA)
            if entry.file_size > _LARGEST:
                raise zipfile.BadZipFile
            metadata = json.loads(archive.read(entry))
    except _NO_ARCHIVE:
        raise InputError(f"model {path} is a .tflite file without our {METADATA} behind it; {_REMEDY}") from None
    except ValueError as error:
        raise InputError(f"model {path}: its {METADATA} is not valid JSON ({error}); {_REMEDY}") from None
    if not isinstance(metadata, dict):
        raise InputError(f"model {path}: its {METADATA} is no JSON object; {_REMEDY}")
    return metadata, entry.header_offset


def _hash(network: bytes) -> str:
    return hashlib.sha256(network).hexdigest()


def _check(info: ModelInfo) -> None:
    """Raise ValueError for what no model can be."""
    if not info.labels or len(set(info.labels)) != len(info.labels) or not all(isinstance(n, str) for n in info.labels):
        raise ValueError("labels are names, each once")
    if not (0 < info.window_duration <= 60 and 0 < info.window_rate <= 240 and 0 <= info.confidence_threshold <= 1):
        raise ValueError("window or confidence_threshold out of bounds")


def _named(of: tuple) -> str:
    return f"{of[0]} version {of[1]} ({of[2]} values)"
