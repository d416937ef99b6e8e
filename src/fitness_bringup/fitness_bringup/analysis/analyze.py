"""Offline analysis of a video, a folder of pictures, a bag or a pose file, as fast as the machine goes. Free of ROS.

from fitness_bringup.analysis.analyze import analyze
report = analyze("squats.mp4")
print(report.totals)
"""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from exercise_classifier.classifier import ExerciseClassifier
from fitness_bringup import __version__
from fitness_bringup.analysis.examination import Examination, to_csv
from fitness_bringup.analysis.footage import Footage, open_footage, place_of
from fitness_bringup.analysis.found import Found
from fitness_bringup.analysis.pipeline import Moment, Pipeline, ahead
from fitness_bringup.analysis.report import Report
from fitness_bringup.tables.terminal import reach, table
from fitness_core.catalogue import Catalogue, Direction, Exercise, Sides
from fitness_core.command_line import check_different, check_kept, check_spares, check_writable, write_file
from fitness_core.errors import InputError
from fitness_core.types import FormCue, Frame
from fitness_core.words import words_of
from rep_counter.counter import RepCounter
from rep_counter.repetitions.cues import Cues

VIDEO_RATE = 30.0
"""Pictures per second of an annotated video whose recording does not say its own [Hz]."""


def analyze(source: str, **options: Any) -> Report:
    """The report of a recording; options are those of `examine`."""
    return examine(source, **options).report


def examine(
    source: str,
    *,
    fps: float = 0.0,
    size: tuple[int, int] = (0, 0),
    topic: str = "",
    model: Path | None = None,
    exercise: str = "",
    catalogue: Path | None = None,
    backend: str = "mediapipe",
    video: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Examination:
    """Analyse a recording, and keep what the report was made of.

    source: video file, folder of pictures, bag of poses or of pictures, or POSES.npz (landmarks [frames, 33, 4]).
    fps, size: rate [Hz] and picture size [px] of a .npz, which does not hold them. topic: of a bag that
    holds the poses or pictures of several cameras, "" = the only ones. model: classifier, default the one
    that ships. exercise: what is being done, where it is known; then nothing is classified. catalogue: folder of
    exercise files, or one file, default those that ship. backend: what finds bodies
    in pictures, "mediapipe" or "litert". video: annotated MP4 to write. progress: called with frames done and frames
    in all (0 = not known).
    Raises InputError for what cannot be used.
    """
    with ExitStack() as resources:
        recording = open_footage(source, fps, size, topic, resources)
        exercises = Catalogue.load(catalogue)
        classifier = None
        if not exercise:
            classifier = ExerciseClassifier(model)
            classifier.check_labels(exercises)
        pipeline = Pipeline(classifier, RepCounter(exercises, exercise))
        moments, pose_version = _moments(pipeline, recording, backend, resources)
        draw = _painter(video, recording.rate or fps, exercises, resources) if video is not None else None

        found = Found()
        for frame, moment in moments:
            found.add(moment)
            if draw is not None:
                draw(frame, moment)
            progress(len(found.stamps), recording.total)
        if found.last is None:
            raise InputError(f"{source}: holds no frames; give a recording of at least one")
        found.decided(pipeline.finish(found.last))

    info = classifier.info if classifier is not None else None
    versions = {"fitness": __version__, "pose": pose_version, "classifier": info.model_id if info else None}
    window = info.window_duration if info else 0.0
    report = found.report(source, recording, exercises, window, versions)
    by_exercise = dict(zip(exercises.names, np.array(found.readings).transpose(1, 0, 2), strict=True))
    stamps = np.array(found.stamps)
    return Examination(report, stamps, by_exercise, found.timeline, found.events, found.summaries, exercises)


def run(
    source: str,
    *,
    json: Path | None,
    html: Path | None,
    csv: Path | None,
    video: Path | None,
    exercise: str,
    catalogue: Path | None,
    model: Path | None,
    **others: Any,
) -> None:
    """The command: analyse with a progress bar on a terminal, write the files that were asked for, print tables.

    others: options of `examine`, as are the last four.
    """
    if exercise and model is not None:
        raise InputError("--exercise and --model exclude each other: a given exercise is not classified")
    files = [path for path in (json, html, csv, video) if path is not None and (path is not json or str(path) != "-")]
    for path in files:
        if str(path) == "-":
            raise InputError("only --json goes to standard output (-); give the name of a file")
    check_writable(*files)
    check_different(*files)
    if recording := place_of(source):
        check_spares(recording, *files)
    # Of a folder of exercises the YAML files are read: results may be beside them.
    check_kept([path for path in (model, catalogue) if path and path.is_file()], *files)
    if video is not None and video.suffix != ".mp4":
        raise InputError(f"--video {video}: only MP4 is written; give a name that ends in .mp4")
    with ExitStack() as resources:
        progress = _progress_bar(resources)
        given: dict[str, Any] = {"video": video, "exercise": exercise, "catalogue": catalogue, "model": model}
        examined = examine(source, progress=progress, **given, **others)
    to_standard_output = str(json) == "-"
    with ExitStack() as last:
        # After the files: who reads the screen may be gone. Also where one cannot be written: it is there at least.
        last.callback(_show, examined, exercise, to_standard_output)
        if html is not None:
            from fitness_bringup.analysis.html_report import to_html

            write_file(html, to_html(examined))
        if csv is not None:
            write_file(csv, to_csv(examined))
        if json is not None and not to_standard_output:
            write_file(json, to_text(examined.report))


def _show(examined: Examination, exercise: str, as_json: bool) -> None:
    """The report on standard output. exercise: the one that was given, "" = none."""
    if as_json:
        sys.stdout.write(to_text(examined.report))
        return
    print_report(examined.report, Console())
    if exercise and not examined.report.segments:
        Console().print(nothing_of(examined, examined.catalogue[exercise]), markup=False, soft_wrap=True)


def nothing_of(examined: Examination, exercise: Exercise) -> str:
    """What the driving signal of an exercise did in a recording without a repetition of it, beside what is asked."""
    values = examined.driving(exercise.name)
    measured = np.isfinite(values)
    seen = f"measured in {measured.any(axis=1).mean():.0%} of the frames"
    if not measured.any():
        return f"{exercise.name}: its signal was never measured: what drives it is hidden or out of the picture"
    unit, factor = ("\N{DEGREE SIGN}", math.degrees(1)) if exercise.joint else (" torso lengths", 1.0)
    low, high = (float(factor * value) for value in np.nanpercentile(values, [2, 98]))
    turn, least = factor * exercise.turn, factor * exercise.minimum_range
    way = "above" if exercise.direction is Direction.EXTEND else "below"
    mean = " (mean of both sides)" if exercise.sides is Sides.BOTH else ""
    asked = ", ".join(_conditions(exercise))
    return (
        f"{exercise.name}: {exercise.joint or 'distance'} went from {low:.3g} to {high:.3g}{unit}{mean}, {seen}; a "
        f"repetition turns {way} {turn:.3g} and moves by {least:.3g}, takes {exercise.shortest_s:g} to "
        f"{exercise.longest_s:g} s" + (f", and keeps what else its file asks: {asked}" if asked else "")
    )


def _conditions(exercise: Exercise) -> Iterator[str]:
    """What an exercise's file asks of a repetition beside its signal and its tempo, as it is written there."""
    for name in ("posture", "travel", "still", "inside", "steady", "even", "bounce"):
        if getattr(exercise, name):
            yield f"`{name}`"
    if not exercise.jump:
        yield "`jump: false`"


def _progress_bar(resources: ExitStack) -> Callable[[int, int], None]:
    """Shows frames done of frames in all, on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return lambda done, total: None
    columns = (TextColumn("frames"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = resources.enter_context(Progress(*columns, console=console, transient=True))
    task = bar.add_task("", total=None)
    return lambda done, total: bar.update(task, completed=done, total=total or None)


def to_text(report: Report) -> str:
    """The report as JSON text."""
    return dumps(report.to_json(), indent=2) + "\n"


def _moments(
    pipeline: Pipeline, recording: Footage, backend: str, resources: ExitStack
) -> tuple[Iterator[tuple[Frame | None, Moment]], str | None]:
    """Every picture, where there are pictures, with its moment; and what found the poses, None: they were recorded."""
    if recording.poses is not None:
        return ((None, moment) for moment in pipeline.through(recording.poses)), None
    from pose_estimator.backends import make_backend
    from pose_estimator.estimator import PoseEstimator

    found_by = make_backend(backend)
    estimator = PoseEstimator(found_by)
    resources.callback(estimator.close)
    frames = ahead(recording.frames or ())
    resources.callback(frames.close)  # type: ignore[attr-defined]
    what = f"{backend} {found_by.version()} {found_by.models[0]}"
    return ((frame, pipeline.step(estimator.step(frame))) for frame in frames), what


def _painter(
    video: Path, rate: float, catalogue: Catalogue, resources: ExitStack
) -> Callable[[Frame | None, Moment], None]:
    """Writes each moment into `video`, complete with `resources`; nothing is left of it after an error."""
    from fitness_visualization.picture.overlay import Overlay, Scene
    from fitness_visualization.picture.video import VideoWriter

    overlay, cues = Overlay(), Cues(catalogue)
    cue: FormCue | None = None
    writer: VideoWriter | None = None

    def end(error: type[BaseException] | None, *_: object) -> None:
        if writer is not None:
            if error is None:
                writer.close()
            else:
                writer.discard()

    def draw(frame: Frame | None, moment: Moment) -> None:
        nonlocal writer, cue
        for event in moment.events:
            cue = cues.step(event) or cue
        scene = Scene(moment.pose, moment.angles, moment.classification, moment.state, cue=cue)
        picture = overlay.draw(frame.image if frame is not None else None, scene)
        if writer is None:
            writer = VideoWriter(video, picture.shape[1], picture.shape[0], rate or VIDEO_RATE)
        writer.write(picture, moment.pose.stamp)

    resources.push(end)
    return draw


def print_report(report: Report, console: Console) -> None:
    """Segments and repetitions as tables."""
    seen = f"{report.frames_with_body} of {report.frames} frames with a person"
    if report.frames_undecoded:
        seen += f", {report.frames_undecoded} more are damaged or missing"
    if report.unfinished:
        seen += "; its recorder did not close it, or it was cut short: read up to where it breaks off"
    console.print(f"{report.source}: {report.duration_s:.1f} s, {seen}", highlight=False, markup=False, soft_wrap=True)
    if not report.segments:
        console.print("no exercise found")
    else:
        segments = table("exercise", "from [s]", "to [s]", "repetitions", "confidence", names=True)
        for segment in report.segments:
            confidence = "given" if math.isnan(segment.confidence) else f"{segment.confidence:.2f}"
            times = f"{segment.start_s:.1f}", f"{segment.end_s:.1f}"
            segments.add_row(segment.exercise, *times, str(segment.reps), confidence)
        console.print(segments)
    if report.reps:
        repetitions = table("exercise", "ends [s]", "takes [s]", "range", "turns at", "form", "not counted", names=True)
        for repetition in report.reps:
            measured = (
                f"{repetition.time_s:.1f}",
                f"{repetition.duration_s:.1f}",
                reach(repetition.rom_deg, repetition.rom_torso),
                reach(repetition.turn_deg, repetition.turn_torso),
            )
            faults = [code.removeprefix(f"{repetition.exercise}_") for code in repetition.form_faults]
            form = ", ".join(faults) if faults else "no fault" if repetition.form_judged else ""
            notes = form, repetition.reason or ""
            repetitions.add_row(repetition.exercise, *measured, *map(words_of, notes))
        console.print(repetitions)
