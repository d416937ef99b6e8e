"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, Any

import click
import typer

from fitness_camera.source_kinds import ADDRESS, DEVICE, FILE, FOLDER, KINDS, TOPIC, SourceKind, kind_of, sentence
from pose_estimator.backends import BACKENDS


def _source(*kinds: SourceKind, more: str = "") -> Any:
    """The option --source. Not given it leaves the source to the camera's parameter; an empty text is a mistake."""

    def check(given: str | None) -> str | None:
        if given is not None:
            kind_of(given, kinds)
        return given

    words = f"{sentence(kinds)}{more}."
    return typer.Option(metavar="SOURCE", help=words, show_default=False, callback=check)


Source = Annotated[str | None, _source(*KINDS)]
SourceOfTakes = Annotated[
    str | None,
    _source(DEVICE, ADDRESS, TOPIC, FOLDER, FILE, more="; folder and file are played again and again"),
]
Overlay = Annotated[bool, typer.Option(help="Publish annotated pictures.")]
Params = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Parameter file whose values override the shipped ones.", show_default=False),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", metavar="NODE.NAME:=VALUE", help="One parameter; repeatable.", show_default=False),
]
_BACKEND = typer.Option(help="What finds the body: docs/backends.md.", click_type=click.Choice(list(BACKENDS)))
Backend = Annotated[str, _BACKEND]
BackendOrParameter = Annotated[str | None, _BACKEND]
"""None leaves it to the parameter of pose_estimator."""
Catalogue = Annotated[
    Path | None,
    typer.Option(metavar="FILE|DIR", help="Exercise files; default: those that ship.", show_default=False),
]
Namespace = Annotated[str, typer.Option(help="Namespace of every node.")]
PASSED_ON: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Of a command that has a parser of its own."""
