"""What `./fitness train` prints when it is done: a screenful; the evaluation file holds the rest."""

from pathlib import Path

from fitness_core.words import amount

NOT_ASKED_FOR = "not in the configuration"
"""Why a model does not have an exercise that nobody missed."""


def summary(result: dict, written: list[Path]) -> str:
    """An evaluation (what <name>.evaluation.json holds) as a table for a terminal, and which files were written."""
    low, high = result["macro_f1_95"]
    lines = [
        f"{result['name']}: {amount(result['n_sources'], 'source')}, {amount(result['n_windows'], 'window')} that no "
        "network had seen",
        f"macro F1 {result['macro_f1']:.2f} [{low:.2f} {high:.2f}], accuracy {result['accuracy']:.2f}; "
        f"clips of an exercise named right: {result['clips']['exercise_right']}",
        "",
        f"{'class':<16}{'precision':>10}{'recall':>8}{'F1':>6}{'sources':>9}{'windows':>9}",
    ]
    for label, of in result["per_class"].items():
        lines.append(
            f"{label:<16}{of['precision']:>10.2f}{of['recall']:>8.2f}{of['f1']:>6.2f}{of['n_sources']:>9}"
            f"{of['n_windows']:>9}"
        )
    lines.append("")
    wanted = {label: why for label, why in result["not_shipped"].items() if why != NOT_ASKED_FOR}
    lines += [f"told as `other`: {label} ({why})" for label, why in wanted.items()]
    shown = {label for label, of in result["per_class"].items() if of["n_windows"]}
    lacking = [label for label in ("other", "idle") if label not in shown]
    if "other" in lacking:
        lines += [
            f"no take shows {' or '.join(lacking)}: the model names an exercise whatever somebody does;",
            "record some: ./fitness record --exercise other,idle --seconds 20",
        ]
    if len(shown) < 2:
        lines.append("one class only was tested: these figures say nothing; record something else too")
    return "\n".join([*lines, f"written: {', '.join(map(str, written))}"])
