"""The calibration file of a camera, as `camera_calibration` and `camera_info_manager` write it. Free of ROS.

Format: http://wiki.ros.org/camera_calibration_parsers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fitness_camera.source import Source
from fitness_core import paths
from fitness_core.command_line import write_file
from fitness_core.errors import InputError
from fitness_core.yaml_text import dump, parse


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fields of sensor_msgs/CameraInfo. width, height [px]; k, r 3x3 and p 3x4 by rows; d: distortion coefficients."""

    camera_name: str
    width: int
    height: int
    distortion_model: str
    d: tuple[float, ...]
    k: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]

    def require_size_of(self, source: Source) -> None:
        """Close a source whose pictures are of another size, and raise InputError."""
        if (self.width, self.height) != (source.width, source.height):
            source.close()
            raise InputError(
                f"calibration for {self.width}x{self.height}, {source.name} is {source.width}x{source.height}; "
                "calibrate at this size or leave camera_info_url empty"
            )

    def fill(self, info: Any) -> None:
        """Write it into a CameraInfo."""
        info.distortion_model = self.distortion_model
        info.d, info.k, info.r, info.p = self.d, self.k, self.r, self.p


def of_url(
    url: str, camera_name: str, package_folder: Callable[[str], str], warn: Callable[[str], Any]
) -> Calibration | None:
    """The calibration that a camera_info_url names, see `locate`; None where it is empty. warn: it is another camera's.

    Raises InputError for what is none.
    """
    if not url:
        return None
    path = locate(url, camera_name, package_folder)
    calibration = load(path)
    if calibration.camera_name not in ("", camera_name):
        warn(f"{path} is the calibration of camera {calibration.camera_name!r}, this one is {camera_name!r}")
    return calibration


def locate(url: str, camera_name: str, package_folder: Callable[[str], str]) -> Path:
    """The path of a camera_info_url: file:///path, a path, or package://name/path; `${NAME}` is the camera's name.

    package_folder: share folder of a package, raises LookupError where there is none.
    """
    text = url.replace("${NAME}", camera_name)
    if text.startswith("package://"):
        package, _, rest = text.removeprefix("package://").partition("/")
        try:
            return Path(package_folder(package)) / rest
        except (LookupError, ValueError):
            raise InputError(f"camera_info_url {url!r}: there is no package {package!r} here") from None
    if "://" in text and not text.startswith("file://"):
        raise InputError(f"camera_info_url {url!r}: accepted are file:///path.yaml, package://name/path.yaml or a path")
    return paths.given(text.removeprefix("file://"))


def load(path: Path) -> Calibration:
    """Read a calibration file; InputError where it is not one."""
    try:
        content = parse(path.read_text())
        calibration = Calibration(
            camera_name=str(content.get("camera_name", "")),
            width=int(content["image_width"]),
            height=int(content["image_height"]),
            distortion_model=str(content.get("distortion_model", "plumb_bob")),
            d=_values(content, "distortion_coefficients"),
            k=_values(content, "camera_matrix", 9),
            r=_values(content, "rectification_matrix", 9),
            p=_values(content, "projection_matrix", 12),
        )
    except OSError as error:
        raise InputError(f"calibration {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error).splitlines()[0]
        raise InputError(f"calibration {path} is not one: {reason}; camera_calibration writes such files") from None
    _check(calibration, f"calibration {path}")
    return calibration


def of_info(info: Any, camera_name: str) -> Calibration:
    """The calibration in a sensor_msgs/CameraInfo; InputError where it holds none."""
    numbers = (tuple(map(float, values)) for values in (info.d, info.k, info.r, info.p))
    calibration = Calibration(camera_name, info.width, info.height, info.distortion_model or "plumb_bob", *numbers)
    _check(calibration, "the calibration that was given")
    return calibration


def save(path: Path, calibration: Calibration) -> None:
    """Write a calibration file; one that is there is kept as FILE.old. Raises InputError where the disk refuses."""
    rows = {"camera_matrix": calibration.k, "rectification_matrix": calibration.r, "projection_matrix": calibration.p}
    content: dict[str, Any] = {
        "image_width": calibration.width,
        "image_height": calibration.height,
        "camera_name": calibration.camera_name,
        "distortion_model": calibration.distortion_model,
        "distortion_coefficients": _matrix(calibration.d, 1),
    } | {name: _matrix(values, 3) for name, values in rows.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            write_file(path.with_name(f"{path.name}.old"), path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); give another camera_info_url") from None
    write_file(path, dump(content, default_flow_style=None))


def _matrix(values: tuple[float, ...], rows: int) -> dict[str, Any]:
    return {"rows": rows, "cols": len(values) // rows, "data": list(values)}


def _check(calibration: Calibration, what: str) -> None:
    if not all(map(math.isfinite, (*calibration.d, *calibration.k, *calibration.r, *calibration.p))):
        raise InputError(f"{what} is not one: a number in it is not finite")
    if not (0 < calibration.width < 2**31 and 0 < calibration.height < 2**31):
        raise InputError(f"{what} is not one: the picture is {calibration.width}x{calibration.height}")
    if calibration.k[0] <= 0 or calibration.k[4] <= 0:
        raise InputError(f"{what} is not one: camera_matrix has no focal length")


def _values(content: dict, name: str, count: int | None = None) -> tuple[float, ...]:
    values = tuple(float(value) for value in content[name]["data"])
    if count is not None and len(values) != count:
        raise ValueError(f"{name} has {len(values)} values, not {count}")
    return values
