"""Commands that tell how a machine and the graph on it are doing: bench, soak, faults, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from fitness_bringup.commands.options import PASSED_ON, Parameters

app = typer.Typer()


@app.command()
def bench(
    source: Annotated[
        str,
        typer.Argument(
            metavar="[CLIP]",
            help="Video or folder of pictures; default: a figure drawn from the demo's landmarks.",
            show_default=False,
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="About a minute: fewer rounds, no growth.")] = False,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write everything as JSON.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one page for people.", show_default=False)
    ] = None,
) -> None:
    """Measure the graph beside the bare pose network and the existing system, in one run."""
    from fitness_bringup.bench import command

    command.run(source, command.QUICK if quick else command.Plan(), json, html)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(help="Length of the stream [min].", min=0.05, max=10000)] = 60.0,
    speed: Annotated[
        float, typer.Option(help="1 = real time, N = N times as fast, 0 = as fast as the machine goes.", min=0, max=100)
    ] = 0.0,
    source: Annotated[
        str,
        typer.Option(metavar="BAG|FILE", help="Bag of landmarks, or a video; default: the landmarks that ship."),
    ] = "",
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON.", show_default=False)
    ] = None,
    parameter: Parameters = None,
) -> None:
    """Run the graph for an hour and check that memory, threads, handles and stamps stay as they are."""
    from fitness_bringup.soak import command as soak

    raise typer.Exit(soak.run(minutes, speed, source, json, tuple(parameter or ())))


@app.command()
def faults(
    kills: Annotated[int, typer.Option(help="How often to kill counter or classifier.", min=0, max=100_000)] = 20,
    source: Annotated[
        Path | None,
        typer.Option(
            metavar="BAG|FILE", help="Bag of landmarks to count in, or a video; default: the demo.", show_default=False
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Classifier; default: the one that ships.", show_default=False),
    ] = None,
    json: Annotated[
        str, typer.Option(metavar="FILE", help="Write the table as JSON; - = standard output.", show_default=False)
    ] = "",
    kills_only: Annotated[bool, typer.Option("--kills-only", help="Leave the other faults out.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the random moments; 0 = a new one each time.", min=0)] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the kills of a run that wrote --json.")] = False,
) -> None:
    """Inject every fault on this machine and report how the graph copes: docs/reliability.md."""
    from fitness_bringup.faults import command

    options = command.Options(
        kills=kills, source=source, model=model, json=json, seed=seed, kills_only=kills_only, resume=resume
    )
    raise typer.Exit(command.run(options))


@app.command(context_settings=PASSED_ON)
def doctor(context: typer.Context) -> None:
    """Say what is there on this machine, what is missing, and how to get it."""
    from fitness_bringup.commands import doctor

    raise typer.Exit(doctor.main(context.args))
