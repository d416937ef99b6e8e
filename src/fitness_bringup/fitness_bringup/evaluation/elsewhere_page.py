"""The tables of docs/evaluation.md that are made of docs/evaluation.elsewhere.csv.

`python -m fitness_bringup.evaluation.elsewhere_page docs/evaluation.elsewhere.csv docs/evaluation.md` puts them there.
"""

import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fitness_bringup.evaluation.elsewhere import (
    GIVEN,
    GIVEN_NOW,
    NOT_GIVEN,
    NOT_GIVEN_NOW,
    PEERS,
    ROUNDS,
    Clip,
    read,
    scored,
)
from fitness_bringup.evaluation.figures import interval, shipped_evaluation, short
from fitness_bringup.evaluation.scores import scores
from fitness_bringup.tables import markdown
from fitness_core.words import words_of


def into_page(page: str, clips: Sequence[Clip]) -> str:
    """The page with every table between its marks."""
    sets, others = [clip for clip in clips if clip.reps], [clip for clip in clips if not clip.reps]
    page = markdown.put(page, "in short", _short(sets, others))
    page = markdown.put(page, "rounds", _rounds(sets))
    page = markdown.put(page, "exercises", _exercises(sets))
    page = markdown.put(page, "published counters", _peers(sets))
    return markdown.put(page, "phantoms", _phantoms(others))


def _short(sets: list[Clip], others: list[Clip]) -> str:
    counted, moved = (_configured(sets), sets), (_configured(others), others)
    rows = [["sets (owners)", *map(_size, counted)]]
    for figure, name in (("exact", "exact"), ("obo", "off by one at most")):
        for way, told in ((GIVEN, "exercise given"), (NOT_GIVEN, "exercise not given")):
            rows.append([f"{name}, {told}", *(interval(scored(group, way), figure) for group in counted)])
    rows.append(["clips of other movement (owners)", *map(_size, moved)])
    rows.append(["phantoms per 10 minutes of it", *map(_per_ten_minutes, moved)])
    labels = shipped_evaluation()
    held_out = f"macro F1, shared clips held out ({labels['n_windows']} windows, {labels['n_sources']} sources)"
    rows.append([held_out, interval(labels, "macro_f1"), ""])
    return markdown.table(["blind", f"the configuration that ships, {_names(_configured(sets))}", "all rounds"], rows)


def _rounds(sets: list[Clip]) -> str:
    groups = [
        (f"round {name}", ROUNDS[name].counter, [clip for clip in sets if clip.round == name])
        for name in _rounds_of(sets)
    ]
    groups.append(("all", "each its own", sets))
    groups.append(("all of certain count", "each its own", [clip for clip in sets if clip.certain]))
    rows = [[name, by, _size(group), *_figures(group, (GIVEN, NOT_GIVEN))] for name, by, group in groups]
    rows.append(["all", "what ships, **not blind**", _size(sets), *_figures(sets, (GIVEN_NOW, NOT_GIVEN_NOW))])
    figures = (f"{told}: {figure}" for told in ("given", "not given") for figure in ("exact", "OBO", "MAE"))
    return markdown.table(["sets", "counted by", "n (owners)", *figures], rows)


def _figures(sets: list[Clip], ways: Sequence[str]) -> list[str]:
    found = [scored(sets, way) for way in ways]
    return [cell for one in found for cell in (interval(one, "exact"), short(one["obo"]), short(one["mae"]))]


def _exercises(sets: list[Clip]) -> str:
    rows = []
    for exercise, _ in Counter(clip.exercise for clip in sets).most_common():
        these = [clip for clip in sets if clip.exercise == exercise]
        rows.append([words_of(exercise)])
        for group in (these, _configured(these)):
            exact = (interval(scored(group, way), "exact") if group else "-" for way in (GIVEN, NOT_GIVEN))
            rows[-1] += [_size(group), *exact]
    head = ["exact, given", "exact, not given"]
    return markdown.table(["sets", "n (owners)", *head, f"of these {_names(_configured(sets))}", *head], rows)


def _peers(sets: list[Clip]) -> str:
    rows = []
    for peer, exercises, counted in PEERS:
        for rounds, theirs in counted.items():
            these = [clip for clip in sets if clip.exercise in exercises and clip.round in rounds]
            given, not_given = (_figures(these, [way]) for way in (GIVEN, NOT_GIVEN))
            columns = zip(theirs.rsplit(" ", 2), given, not_given, strict=True)
            rows.append([peer, ", ".join(rounds), _size(these), *(cell for cells in columns for cell in cells)])
    ways = ("theirs, given", "ours, given", "ours, not given")
    head = (f"{figure}: {way}" for figure in ("exact", "OBO", "MAE") for way in ways)
    return markdown.table(["counter", "rounds", "sets (owners)", *head], rows)


def _phantoms(others: list[Clip]) -> str:
    rows = [_phantoms_of(name, [clip for clip in others if clip.round == name]) for name in _rounds_of(others)]
    head = ["round", "clips (owners)", "minutes", "phantoms", "clips with any", "per 10 minutes", "while idle"]
    ships = ["what ships, **not blind**: phantoms", "clips with any"]
    return markdown.table([*head, *ships, "most in one clip, blind"], [*rows, _phantoms_of("all", others)])


def _phantoms_of(name: str, clips: list[Clip]) -> list[str]:
    blind, now = ([clip.counted[way].total() for clip in clips] for way in (NOT_GIVEN, NOT_GIVEN_NOW))
    idle = sum(phantoms for phantoms, clip in zip(blind, clips, strict=True) if clip.exercise == "idle")
    worst = max(clips, key=lambda clip: clip.counted[NOT_GIVEN].total())
    counted = ", ".join(f"{number} {words_of(what)}" for what, number in worst.counted[NOT_GIVEN].items())
    counts = (sum(blind), sum(map(bool, blind)), _per_ten_minutes(clips), idle, sum(now), sum(map(bool, now)))
    counted += f": {textwrap.shorten(worst.notes, 70, placeholder=' ...')}"
    return [name, _size(clips), str(_minutes(clips)), *map(str, counts), counted]


def _per_ten_minutes(clips: list[Clip]) -> str:
    """Phantoms, the exercise not given. Resampled clips are taken for equally long."""
    phantoms, owners = [clip.counted[NOT_GIVEN].total() for clip in clips], [clip.owner for clip in clips]
    a_clip = scores(phantoms, [1] * len(clips), owners)
    mean, low, high = (10 * len(clips) / _minutes(clips) * value for value in (a_clip["mae"], *a_clip["mae_95"]))
    return f"{mean:.0f} [{low:.0f} {high:.0f}]"


def _configured(clips: list[Clip]) -> list[Clip]:
    return [clip for clip in clips if ROUNDS[clip.round].configured]


def _names(clips: list[Clip]) -> str:
    return f"rounds {', '.join(_rounds_of(clips))}"


def _rounds_of(clips: list[Clip]) -> list[str]:
    return sorted({clip.round for clip in clips}, key=int)


def _minutes(clips: list[Clip]) -> int:
    return sum(ROUNDS[name].minutes for name in _rounds_of(clips))


def _size(clips: list[Clip]) -> str:
    return f"{len(clips)} ({len({clip.owner for clip in clips})})"


if __name__ == "__main__":
    target = Path(sys.argv[2])
    target.write_text(into_page(target.read_text(), read(Path(sys.argv[1]))))
