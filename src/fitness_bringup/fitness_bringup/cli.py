"""`./fitness COMMAND`: parses, calls, prints. What a command does lives in the module of its name.

Exit codes: 0 done, 2 bad input (one line on stderr), 130 interrupted. Imports of the pipeline and of ROS 2 stay inside
the commands, so that help and mistakes are answered at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import click
import typer

from fitness_bringup import __version__
from fitness_core.errors import InputError

app = typer.Typer(
    help="Watches a person exercise: names the exercise, counts the repetitions.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def version() -> None:
    """Print the version of the project."""
    print(f"fitness {__version__}")


@app.command()
def doctor() -> None:
    """Say what is there on this machine, what is missing, and how to get it."""
    from fitness_bringup import doctor

    raise typer.Exit(doctor.main())


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="fitness", standalone_mode=False)
    except click.ClickException as error:
        _fail(error.format_message())
    except InputError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code or 0)


def _fail(message: str) -> None:
    print("error:", " ".join(message.split()), file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
