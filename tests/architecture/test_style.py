"""The linters of the project, with the settings of pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "tool", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=lambda tool: "-".join(tool)
)
def test_style(tool, tmp_path):
    cache = ["--cache-dir", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-m", *tool, *cache], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert result.returncode == 0, result.stdout + result.stderr
