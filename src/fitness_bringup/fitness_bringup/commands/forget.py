"""`./fitness forget`: lists what was recorded of a subject, and deletes it when told to."""

from pathlib import Path

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.words import amount
from fitness_datasets.forget import delete, folders_of, size_of, unreadable


def run(subject: str, collection: Path, yes: bool) -> None:
    """Delete what is recorded of a subject in a collection; without `yes` only say what that would be.

    Raises InputError where there is nothing, and afterwards where a bag cannot be read.
    """
    collection = paths.given(collection)
    unknown = ", ".join(map(str, unreadable(collection)))
    whose = (
        f"{unknown}: cannot be read, so nobody can tell whose takes are in there; delete by hand what is {subject}'s"
    )
    try:
        folders = folders_of(collection, subject)
    except InputError as error:
        raise InputError(f"{error}; {whose}" if unknown else str(error)) from None
    for folder in folders:
        print(f"{folder}  {size_of(folder) / 1e6:.1f} MB")
    if yes:
        delete(folders)
        those = amount(len(folders), "folder")
        print(f"deleted: {those} of {subject}; datasets and models made from them are not touched")
    else:
        these = "this folder" if len(folders) == 1 else "these folders"
        print(f"nothing was deleted; --yes deletes {these} for good")
    if unknown:
        raise InputError(whose)
