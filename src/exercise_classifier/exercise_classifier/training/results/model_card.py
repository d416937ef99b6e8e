"""The model card: what a model is and how good, in words, made of its evaluation."""

# ruff: noqa: E501 (Markdown with fields to fill in)

from exercise_classifier.window import MIN_SEEN

_TEXT = """# {name}

Names what a person does from the last {duration:g} s of body landmarks: {labels}. `other` is any other movement;
{idle_is} Model id `{model}`: {parameters} parameters, LiteRT {format},
{ms:.2f} ms per window on the machine that fitted it.

Made by `{fitted_by}` (seed {seed}, {minutes:g} minutes). The figures below are from `{name}.evaluation.json`, which {written_by}.

## What it is

- **Input**: features `{features}` (`features.py`) of a window resampled by stamp to {rate:g} Hz. The set `body_frame` has
  landmarks relative to the hips, turned to one direction and divided by the trunk's length; joint angles and their
  velocities; posture against the vertical; visibility.
- **Network**: {network} (`training/models/networks.py`), then softmax. Logits are divided by a temperature of {temperature:.2f},
  which was fitted to held-out windows.
{rest}- **Not sure**: a label with a probability below {threshold:g} is UNCERTAIN.
- **Not shipped**, and therefore `other`: {not_shipped}.
- **Formats** of the network of the largest fold, on {n_format} held-out windows: {formats}.

## Data

The landmarks of videos are those of MediaPipe full, smoothed as in the pose stage; those of bags are what was recorded.

{data}{about}

Only clips are tested on. Extra takes (public pose sequences, motion capture) and synthetic takes (a jointed body moved by
rules, `training/synthetic/takes.py`) are only fitted to. Where a source does not say, 30 fps are assumed, and square
pictures for pose files. Per-frame scaling of min-max files is undone with bone lengths.

{idle_data}Fitted with: classes as drawn (half-balanced weights), random tempo 0.6 to 1.6, mirroring, yaw and tilt of the camera, depth
error, stretch, jitter, drift, hidden legs, head or arm, lost points, low frame rates, landmarks without metres, and windows
that have just begun; label smoothing 0.05; {epochs} epochs. (That is the folds' median where sources that are neither fitted to nor
tested stop them early, and the configuration's number where it has no `patience`.) The exported network is fitted to all clips.

## Held-out results

{split}: {folds} folds over {n_sources} sources. Every window is judged by a network that saw nothing of its source. A
source is one person or footage: what the configuration's `sources` says, else the subject of a session or the source in the
table. Extra takes of a source that is tested are left out of its fold; where the same footage has two names, only identical
files are recognised.

There are {n_windows} windows. {n_still_windows_left_out} more, in which an exercise is named but its joints move less than
15 degrees, are not judged. Intervals are 95 %, from resampling whole sources. The
probabilities of each fold are calibrated with the temperature that fits the other folds best.

Macro F1 **{macro_f1:.3f}** [{macro_f1_95[0]:.2f}, {macro_f1_95[1]:.2f}], accuracy {accuracy:.3f}, calibration error (ECE) {ece:.3f}.
{named_words}{rest_words}{looked_at}{baseline_words}

As the node says its labels (averaged and held, `label_hold.py`):

- False labels in 10 minutes (runs of confident windows): while idle {idle_false_per_10min} (from {idle_minutes:.1f} minutes), in other
  movement {other_false_per_10min} (from {other_minutes:.1f} minutes).
- Seconds to the first right label: {time_to_first_label_s} (median; a window needs {min_seen} s of a body). Exercise takes that never
  got theirs: {exercise_takes_never_named}.
- Changes of the label in a minute of a set: {flicker_per_min}.

{classes}

Confusion (rows true, columns predicted, {labels}):

{confusion}

Whole clips are named after their most frequent confident exercise if it fills a quarter of the windows, else `other`. Right
are: exercises {clips_right}, of these with a certain label {certain_right}; no exercise {negative_right}. By exercise:
{by_exercise}. Wrong ones:

{wrong}

## Limits

- Few people: {n_sources} sources. The intervals say how little that is; another room can be outside of them.
- It expects one person and a roughly level camera, and was not fitted to a tilted or lying camera or to a mirror.
- A window needs {min_seen} s of a body: a shorter movement gets no label, and at the start of a set the label is that late.
- Movements whose landmarks look alike are confused: see the confusion matrix and the wrong clips above.
{idle_limit}"""


_WITH_IDLE = {
    "idle_is": "`idle` is standing still, talking or walking.",
    "rest": """- **Standing still**: if the trunk is upright and no large joint moves by 15 degrees within a window, half of the
  probability goes to `idle` (`rest.py`).
""",
    "idle_data": """`idle` is clips of standing, talking and walking, and those stretches of exercise clips in which an upright body does not
move.

""",
    "rest_words": """Without the rule for standing still, the network alone has macro F1 {network_alone[macro_f1]:.3f}. By the same rule, windows of exercise
clips in which somebody stands still are `idle` in truth ({network_alone[n_windows_at_rest]} windows), so on these it is right by definition.
""",
    "idle_limit": """- Standing still within a set is `idle`; what counts repetitions has to bridge that.
""",
}
_WITHOUT_IDLE = dict.fromkeys(_WITH_IDLE, "") | {
    "idle_is": "so are standing still, talking and walking: it has no class for them."
}
"""What is told of a model that knows `idle`, and of one that does not."""

# What the text tells in its own way.
_IN_WORDS = {
    "about",
    "data",
    "clips",
    "classes",
    "window",
    "confusion",
    "not_shipped",
    "formats",
    "network",
    "named_classes",
    "fitted_by",
}


def card(result: dict) -> str:
    """The card (Markdown) of an evaluation that `fit` made."""
    clips = result["clips"]
    fitted_by = result.get("fitted_by", result["command"])
    idle = _WITH_IDLE if "idle" in result["classes"] else _WITHOUT_IDLE
    return _TEXT.format(
        **{place: words.format(**result) for place, words in idle.items()},
        **{key: "not measured" if value is None else value for key, value in result.items() if key not in _IN_WORDS},
        **result["window"],
        fitted_by=fitted_by,
        written_by="the\nsame command writes"
        if fitted_by == result["command"]
        else f"tells those of\n`{result['command']}`",
        labels=", ".join(result["classes"]),
        min_seen=MIN_SEEN,
        network=_networks(result),
        not_shipped="; ".join(f"{name} ({why})" for name, why in result["not_shipped"].items()) or "nothing asked for",
        n_format=result["formats"].get("n_windows", 0),
        formats=_formats(result["formats"]),
        looked_at=_looked_at(result),
        named_words=_named(result["named_classes"]) if "named_classes" in result else "",
        baseline_words=_baseline(result),
        by_exercise="; ".join(f"{name} {right}" for name, right in clips["by_exercise"].items()),
        threshold=result["confidence_threshold"],
        data=_data(result["data"]),
        about=f"\n\n{result['about'].strip()}" if result.get("about") else "",
        classes=_classes(result["per_class"]),
        confusion="\n".join(
            f"    {label:>13} {' '.join(f'{value:5d}' for value in row)}"
            for label, row in zip(result["classes"], result["confusion"]["windows"], strict=True)
        ),
        clips_right=clips["exercise_right"],
        certain_right=clips["certain_exercise_right"],
        negative_right=clips["negative_right"],
        wrong="\n".join(
            f"- `{clip['clip']}`: {clip['main']}" + (" (label certain)" if clip["certain"] else "")
            for clip in clips["wrong"]
        )
        or "none",
    )


def _networks(result: dict) -> str:
    of = [f"`{' '.join(map(str, network.values()))}`" for network in (result["network"], *result.get("ensemble", ()))]
    return of[0] if len(of) == 1 else f"{' and '.join(of)}, fitted apart, their logits averaged"


def _named(of: dict) -> str:
    low, high = of["macro_f1_95"]
    told = of["other_told_as_no_exercise"]
    return (
        f"Of the {of['n_windows']} windows of classes with a name, all but `other`: macro F1 {of['macro_f1']:.3f} "
        f"[{low:.2f}, {high:.2f}]"
        + (
            f"; of the {of['n_other_windows']} of `other` {told:.2f} are told as no exercise.\n"
            if told is not None
            else ".\n"
        )
    )


def _formats(formats: dict) -> str:
    parts = [
        f"{name} accuracy {of['accuracy']:.3f}, {of['ms']:.2f} ms, {of['bytes']} bytes"
        for name, of in formats.items()
        if isinstance(of, dict)
    ]
    return "; ".join(parts) + f"; the same label in {100 * formats['agreement']:.1f} %" if parts else "not measured"


def _looked_at(result: dict) -> str:
    number = result.get("n_takes_looked_at", 0)
    return f"In {number} takes the truth is what somebody saw who looked at them, not that rule.\n" if number else ""


def _baseline(result: dict) -> str:
    of = result["baseline"]
    if isinstance(of, str):
        return f"The existing system beside it: {of}."
    rows = [
        f"{name} macro F1 {found['macro_f1']:.3f} [{found['macro_f1_95'][0]:.2f}, {found['macro_f1_95'][1]:.2f}], "
        f"accuracy {found['accuracy']:.3f}"
        for name, found in result["baselines"].items()
    ]
    ours = result.get("on_folds_of_baselines")
    if ours is not None:
        rows.insert(0, f"ours, fitted once more on {ours['folds']} grouped folds, macro F1 {ours['macro_f1']:.3f}")
    return f"Beside it {of['what']}: {'; '.join(rows)} ({of['cap']})."


def _data(data: dict) -> str:
    rows = ["| kind | exercise | takes | sources | seconds |", "|---|---|---|---|---|"]
    for kind, exercises in data.items():
        for exercise, of in exercises.items():
            rows.append(f"| {kind} | {exercise} | {of['takes']} | {of['sources']} | {of['seconds']} |")
    return "\n".join(rows)


def _classes(per_class: dict) -> str:
    rows = ["| class | precision | recall | F1 | windows | sources |", "|---|---|---|---|---|---|"]
    for label, of in per_class.items():
        precision, recall = of["precision_95"], of["recall_95"]
        rows.append(
            f"| {label} | {of['precision']:.2f} [{precision[0]:.2f}, {precision[1]:.2f}] "
            f"| {of['recall']:.2f} [{recall[0]:.2f}, {recall[1]:.2f}] "
            f"| {of['f1']:.2f} | {of['n_windows']} | {of['n_sources']} |"
        )
    return "\n".join(rows)
