"""Commands for recordings that are there: analyze, dataset, train, evaluate, forget."""

from pathlib import Path
from typing import Annotated

import typer

from fitness_bringup.commands.options import PASSED_ON, Backend, Catalogue
from fitness_core.errors import InputError

app = typer.Typer()


@app.command()
def analyze(
    source: Annotated[str, typer.Argument(help="Video, folder of pictures, bag, or POSES.npz.", show_default=False)],
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report as JSON; - = standard output.", show_default=False),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report as one page for people.", show_default=False),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the repetitions as a table.", show_default=False),
    ] = None,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE.mp4", help="Write an annotated video.", show_default=False)
    ] = None,
    exercise: Annotated[
        str,
        typer.Option(metavar="NAME", help="The exercise, if known: nothing is then classified."),
    ] = "",
    catalogue: Catalogue = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Classifier; default: the one that ships.", show_default=False),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frame rate of a .npz [Hz].", min=0.1, max=1000, show_default=False)
    ] = None,
    size: Annotated[
        str,
        typer.Option(metavar="WxH", help="Picture size of a .npz [px]: angles need its aspect.", show_default=False),
    ] = "",
    topic: Annotated[
        str,
        typer.Option(metavar="NAME", help="Which poses or pictures, in a bag of several cameras."),
    ] = "",
    backend: Backend = "mediapipe",
) -> None:
    """Find exercises and repetitions in a recording, as fast as the machine goes."""
    from fitness_bringup.analysis import analyze

    analyze.run(
        source,
        json=json,
        html=html,
        csv=csv,
        video=video,
        exercise=exercise,
        catalogue=catalogue,
        model=model,
        backend=backend,
        fps=fps or 0.0,
        size=_size(size),
        topic=topic,
    )


@app.command()
def dataset(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the dataset.", show_default=False)],
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Bags of takes, videos, pose files, or folders of them; none = all that the tables name.",
            show_default=False,
        ),
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(
            metavar="CLIPS.csv",
            help="Labels videos (columns file, exercise, subject, source); without it their folder's name does.",
            show_default=False,
        ),
    ] = None,
    poses: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="POSES.csv",
            help="Labels pose files (columns file, exercise, layout, fps, subject, source); repeatable. With --clips "
            "alone: poses.csv and mocap.csv beside it.",
            show_default=False,
        ),
    ] = None,
    length: Annotated[float, typer.Option(help="Length of a window [s].", min=0.2, max=30)] = 2.0,
    rate: Annotated[float, typer.Option(help="Steps of a window per second [Hz].", min=1, max=120)] = 15.0,
    catalogue: Catalogue = None,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to keep the landmarks of videos in.", show_default=False),
    ] = None,
) -> None:
    """Make a dataset of recorded takes: takes, windows, a manifest with hashes, a card with counts and plots."""
    from fitness_bringup.commands import dataset

    dataset.run(
        sources or [],
        out=out,
        clips=clips,
        poses=poses or [],
        length=length,
        rate=rate,
        catalogue=catalogue,
        cache=cache,
    )


@app.command(context_settings=PASSED_ON)
def train(context: typer.Context) -> None:
    """Fit the exercise classifier to labelled clips, and say how it does on people it has not seen."""
    from exercise_classifier.training import command

    raise typer.Exit(command.train(context.args))


@app.command(context_settings=PASSED_ON)
def evaluate(context: typer.Context) -> None:
    """Say how a configuration of the classifier does on people it has not seen.

    `evaluate counts`: how well repetitions are counted; `evaluate form`: the form rules.
    """
    if context.args[:1] == ["counts"]:
        from fitness_bringup.evaluation import counts

        raise typer.Exit(counts.main(context.args[1:]))
    if context.args[:1] == ["form"]:
        from fitness_bringup.evaluation import form

        raise typer.Exit(form.main(context.args[1:]))
    from exercise_classifier.training import command

    raise typer.Exit(command.evaluate(context.args))


@app.command()
def forget(
    subject: Annotated[
        str, typer.Option(metavar="P01", help="Pseudonym of the subject to forget.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the collection.")] = Path("recordings"),
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it recordings are only listed.")] = False,
) -> None:
    """Delete every guided recording of a subject."""
    from fitness_bringup.commands import forget

    forget.run(subject, out, yes)


def _size(text: str) -> tuple[int, int]:
    """(width, height) of "WxH"; (0, 0) of ""."""
    width, _, height = text.partition("x")
    if text and not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise InputError(f"--size {text!r} is not a picture size; give width x height in pixels, e.g. --size 640x480")
    return (int(width), int(height)) if text else (0, 0)
