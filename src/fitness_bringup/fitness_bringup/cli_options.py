"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, Any

import click
import typer

from pose_estimator.backends import BACKENDS

Overlay = Annotated[bool, typer.Option(help="Publish annotated pictures.")]
Params = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Parameter file over the one that ships.", show_default=False)
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
