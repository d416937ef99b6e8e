"""Where things are, and what was done to them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

UV_VERSION = "0.13.9"


class SetupError(Exception):
    """What failed and what to do about it, in one or two lines."""


@dataclass(frozen=True)
class Layout:
    """Where things are. A sourced ROS 2 has a home of its own beside the one with ROS 2 from PyPI."""

    root: Path
    sourced: str = ""

    @property
    def home(self) -> Path:
        return self.root / f".ros-{self.sourced}" if self.sourced else self.root

    @property
    def venv(self) -> Path:
        return self.home / ("venv" if self.sourced else ".venv")

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def build(self) -> Path:
        return self.home / "build"

    @property
    def install(self) -> Path:
        return self.home / "install"

    @property
    def stamps(self) -> Path:
        """What was done to the venv; inside it, so that it goes when the venv goes."""
        return self.venv / "fitness"

    @property
    def ready(self) -> Path:
        """What `./fitness` looks at; inside install/, for the same reason."""
        return self.install / ".fitness"

    @property
    def log(self) -> Path:
        return self.root / "log" / "setup.log"


def write(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.replace(path)


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def begun(layout: Layout, step: str) -> Path:
    """The mark of a step under way; outside the venv and install/, which the step may have to clear."""
    return layout.log.parent / f"{layout.home.name if layout.sourced else 'pypi'}-{step}.begun"


def packages_key(layout: Layout) -> str:
    """Changes when the installed packages have to: with the lock, the requirements, the kind of ROS 2."""
    import tomllib

    project = tomllib.loads((layout.root / "pyproject.toml").read_text())
    asked = [
        project["project"]["dependencies"],
        project.get("dependency-groups"),
        project.get("tool", {}).get("uv"),
    ]
    digest = hashlib.sha256((layout.root / "requirements.lock").read_bytes())
    digest.update(json.dumps([asked, layout.sourced, UV_VERSION], sort_keys=True).encode())
    return digest.hexdigest()


def fingerprint(layout: Layout, *part: str) -> str:
    """The hash that `./fitness` compares (tools/fingerprint.sh: one rule for both)."""
    script = layout.root / "tools" / "fingerprint.sh"
    command = ["bash", "-c", '. "$0"; fingerprint "$@"', str(script), str(layout.root), *part]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
