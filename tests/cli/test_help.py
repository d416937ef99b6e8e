"""`--help` says everything of every command, at once, whatever is installed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from fitness_bringup import cli

WITHOUT_TRAINING = """
import sys
class Missing:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "keras_tuner", "sklearn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing)
sys.argv = ["fitness", *sys.argv[1:]]
from fitness_bringup import cli
cli.main()
"""


def commands() -> Iterator[click.Command]:
    """The commands whose help typer writes."""
    for command in typer.main.get_command(cli.app).commands.values():
        if command.context_settings.get("help_option_names") != []:
            yield command


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.name)
def test_help_has_every_option_in_full_on_a_narrow_terminal(command, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.app([command.name, "--help"], prog_name="fitness")
    shown = "".join(capsys.readouterr().out.split())
    assert "…" not in shown, "text is cut off"
    for parameter in command.params:
        assert parameter.help, f"{parameter.name} is not explained"
        assert parameter.help.split()[0] in shown, f"{parameter.name}: its explanation is not shown"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("help", "--help"),
        ("help live", "live --help"),
        ("live -h", "live --help"),
        ("-h", "--help"),
        ("", "--help"),
        ("--version", "version"),
    ],
)
def test_it_is_asked_as_other_programs_are(typed: str, meant: str, monkeypatch, capsys) -> None:
    said = []
    for line in (typed, meant):
        monkeypatch.setattr("sys.argv", ["fitness", *line.split()])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != ""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("liev", "No such command 'liev'. Did you mean 'live'? (see ./fitness --help)"),
        ("record", "Missing option '--subject' (see ./fitness record --help)"),
        ("help nosuch", "No such command 'nosuch' (see ./fitness --help)"),
    ],
)
def test_a_mistyped_line_is_told_where_to_look(typed: str, said: str, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["fitness", *typed.split()])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert (end.value.code, capsys.readouterr().err) == (2, f"error: {said}\n")


def without_training(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`./fitness ARGUMENTS` where the packages for training are not installed."""
    command = [sys.executable, "-c", WITHOUT_TRAINING, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "arguments", [["train"], ["evaluate"], ["evaluate", "counts"], ["evaluate", "form"]], ids=" ".join
)
def test_help_needs_no_packages_for_training(arguments: list[str]) -> None:
    done = without_training(*arguments, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: fitness {' '.join(arguments)} ")


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--clips", "/nowhere.csv"], "cannot be read"), (["."], "not a dataset")],
    ids=["table", "folder"],
)
def test_what_cannot_be_read_is_told_before_the_packages_load(command: str, arguments: list[str], said: str) -> None:
    done = without_training(command, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_training_without_its_packages_is_one_line(command: str, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("file,exercise\na.mp4,squat\n")
    done = without_training(command, "--clips", str(tmp_path / "clips.csv"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not installed" in done.stderr and done.stderr.count("\n") == 1
