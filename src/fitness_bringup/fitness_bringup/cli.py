"""`./fitness COMMAND`: parses, calls, prints. What a command does lives in the module of its name.

Exit codes: 0 done, 2 bad input (one line on stderr), 130 interrupted, 143 terminated. Imports of the pipeline and of
ROS 2 stay inside the commands, so that help and mistakes are answered at once.
"""

import errno
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import click
import typer
import typer.rich_utils

from fitness_bringup import __version__
from fitness_bringup.commands import checks, recordings
from fitness_bringup.commands.options import (
    BackendOrParameter,
    Catalogue,
    Namespace,
    Overlay,
    Parameters,
    Params,
    Source,
    SourceOfTakes,
)
from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.ros.process.environment import check_middleware

# Refusals of a disk, which nothing but the user can mend.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)

_OF_ROS = ("live", "record", "policies", "bench", "soak", "faults")
"""Commands that load ROS 2."""
HELP = ("--help", "-h")
NARROW = 80
"""Columns that help needs."""

app = typer.Typer(
    help="Watches a person exercise: names the exercise, counts the repetitions.",
    epilog="Of a checkout only: ./fitness test, ./fitness shell, ./fitness lock.",
    add_completion=False,
    pretty_exceptions_enable=False,
    suggest_commands=False,  # click suggests already
    context_settings={"help_option_names": list(HELP)},
)


@app.command()
def live(
    source: Source = None,
    demo: Annotated[bool, typer.Option("--demo", help="Replay the landmarks that ship: no camera needed.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Open no window; this is the default.")] = False,
    record: Annotated[
        Path | None,
        typer.Option(metavar="BAG", help="Record landmarks and results into a new bag.", show_default=False),
    ] = None,
    another_bag: Annotated[
        bool, typer.Option("--another-bag", help="If BAG exists already, record into BAG_2, BAG_3, ...")
    ] = False,
    record_images: Annotated[bool, typer.Option("--record-images", help="Record the pictures too.")] = False,
    overlay: Overlay = True,
    dashboard: Annotated[bool, typer.Option(help="Serve the dashboard in the browser.")] = True,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the dashboard; 0 = any free one.  [default: 8080]", min=0, max=65535, show_default=False
        ),
    ] = None,
    bind: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address of the dashboard; any but the loopback asks for a token.",
            show_default=False,
        ),
    ] = "",
    markers: Annotated[bool, typer.Option(help="Publish the skeleton in space, for RViz.")] = True,
    hri: Annotated[
        bool, typer.Option("--hri", help="Also publish the body on /humans (REP-155); needs hri_msgs.")
    ] = False,
    foxglove: Annotated[bool, typer.Option("--foxglove", help="Serve Foxglove, on port 8765 of this machine.")] = False,
    window: Annotated[bool, typer.Option("--window", help="Show the annotated pictures in a window.")] = False,
    record_video: Annotated[
        Path | None,
        typer.Option(metavar="FILE.mp4", help="Write the annotated pictures into a video.", show_default=False),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Start a recording again at its end.")] = False,
    unpaced: Annotated[
        bool, typer.Option("--unpaced", help="Play a recording as fast as it goes, without losing a frame.")
    ] = False,
    backend: BackendOrParameter = None,
    catalogue: Catalogue = None,
    respawn: Annotated[bool, typer.Option("--respawn", help="Start the graph again when it crashes.")] = False,
    processes: Annotated[
        bool, typer.Option("--processes", help="Run each node in its own process, started again when it crashes.")
    ] = False,
    params: Params = None,
    parameter: Parameters = None,
    namespace: Namespace = "fitness",
) -> None:
    """Run the whole graph in one process, until the recording ends or Ctrl-C."""
    if headless and window:
        raise InputError("--headless and --window exclude each other")
    if another_bag and record is None:
        raise InputError("--another-bag: nothing is recorded; give the bag to make with --record BAG")
    from fitness_bringup.composition import live

    record, record_video, catalogue, params = map(_given, (record, record_video, catalogue, params))
    if another_bag and record is not None and record.exists():
        record = paths.unused(record)
        print(f"recording goes on in {record}", file=sys.stderr, flush=True)
    options = live.Options(
        source=source or "",
        demo=demo,
        record=record,
        record_images=record_images,
        overlay=overlay,
        dashboard=dashboard,
        port=port,
        bind=bind,
        markers=markers,
        hri=hri,
        foxglove=foxglove,
        window=window,
        record_video=record_video,
        loop=loop,
        unpaced=unpaced,
        backend=backend or "",
        catalogue=catalogue,
        params=params,
        parameters=tuple(parameter or ()),
        namespace=namespace,
    )
    if processes or respawn:
        from fitness_bringup.composition import processes as own

        without = [given for given in sys.argv[1:] if given != "--respawn"]
        raise typer.Exit(own.separate(options) if processes else own.respawned(options, without))
    live.run(options)


@app.command()
def record(
    subject: Annotated[
        str, typer.Option(metavar="P01", help="Pseudonym of who is recorded, never a name.", show_default=False)
    ],
    exercise: Annotated[
        list[str],
        typer.Option(metavar="NAME,NAME", help="Exercises; idle and other too; repeatable.", show_default=False),
    ],
    takes: Annotated[int | None, typer.Option(help="Takes of each exercise.  [default: 1]", min=1, max=1000)] = None,
    reps: Annotated[
        int | None,
        typer.Option(help="End a take at this count; 0 = by time.  [default: 5 without --seconds]", min=0),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="End a take after this time [s]; 0 = by repetitions.", min=0)
    ] = None,
    consent: Annotated[bool, typer.Option("--consent", help="The person has agreed to be recorded.")] = False,
    session: Annotated[
        str | None, typer.Option(metavar="S01", help="Name of this visit.  [default: S01]", show_default=False)
    ] = None,
    source: SourceOfTakes = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the collection.")] = Path("recordings"),
    images: Annotated[bool, typer.Option("--images", help="Record the pictures too: they show people.")] = False,
    auto: Annotated[bool, typer.Option("--auto", help="Keep good takes and repeat others without asking.")] = False,
    overlay: Overlay = True,
    catalogue: Catalogue = None,
    params: Params = None,
    parameter: Parameters = None,
    namespace: Namespace = "fitness",
) -> None:
    """Lead a person through takes and record them; the same command again continues an unfinished session."""
    if not consent:
        raise InputError("nothing is recorded without consent; ask the person, then add --consent")
    from fitness_bringup.composition import record

    options = record.Options(
        subject=subject,
        exercises=tuple(name.strip() for name in ",".join(exercise).split(",")),
        takes=takes,
        reps=reps,
        seconds=seconds,
        session=session,
        source=source or "",
        out=paths.given(out),
        images=images,
        consent=consent,
        auto=auto,
        overlay=overlay,
        catalogue=_given(catalogue),
        params=_given(params),
        parameters=tuple(parameter or ()),
        namespace=namespace,
    )
    raise typer.Exit(record.run(options))


@app.command()
def policies(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write policy.xml into.", show_default=False)],
    namespace: Namespace = "fitness",
    browser: Annotated[bool, typer.Option("--browser", help="The dashboard may be the camera too.")] = False,
) -> None:
    """Write an SROS 2 policy of who may publish and hear what in the graph: docs/security.md."""
    from fitness_bringup.interfaces import policies

    policies.run(paths.given(out), namespace, browser)


@app.command()
def version() -> None:
    """Print the version of the project; also --version."""
    print(f"fitness {__version__}")


app.add_typer(recordings.app)
app.add_typer(checks.app)


def _given(path: Path | None) -> Path | None:
    """A path of an option, if there is one; of `--record=~/bag` the shell leaves the `~`."""
    return None if path is None else paths.given(path)


def main() -> None:
    """Run the command line; ends the process with its exit code.

    SIGTERM and SIGHUP end it as Ctrl-C does, so that what is half written goes; commands that run the graph have
    handlers of their own.
    """
    ended: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        ended.append(number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What was started by nohup is not told when its terminal closes.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, end)
    try:
        _run()
    except BaseException:
        # Native code that was being run makes another error of it.
        if ended:
            sys.exit(128 + ended[0])
        raise


def _at_home(argument: str) -> str:
    """An argument with the user's home in the place of `~`: of `--json=~/report.json` the shell leaves it."""
    option, sign, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    return f"{option}{sign}{paths.given(value)}" if value == "~" or value.startswith("~/") else argument


def _as_usual(given: list[str]) -> list[str]:
    """What is meant where somebody asks as other programs are asked: `help`, `help live`, `--version`, or nothing."""
    if given[:1] == ["help"]:
        given = [*given[1:2], "--help"]
    return ["version"] if given == ["--version"] else given or ["--help"]


def _run() -> NoReturn:
    if shutil.get_terminal_size().columns < NARROW:
        # Help that is cut off names options that cannot be typed; a terminal wraps what is too wide for it.
        typer.rich_utils.MAX_WIDTH = NARROW
    try:
        given = _as_usual([_at_home(argument) for argument in sys.argv[1:]])
        if given[0] in _OF_ROS and not set(HELP) & set(given):
            check_middleware()
        code = app(given, prog_name="fitness", standalone_mode=False)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "fitness"
        _fail(f"{error.format_message().removesuffix('.')} (see ./{command} --help)")
    except click.ClickException as error:
        _fail(error.format_message())
    except InputError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Who read the output has enough of it; what is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.errno not in _DISK:
            raise
        _fail(f"{error.filename or 'a file'} cannot be written ({error.strerror}); make room or give another place")
    sys.exit(code or 0)


def _fail(message: str) -> NoReturn:
    print("error:", " ".join(message.split()), file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
