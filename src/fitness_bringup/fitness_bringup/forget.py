"""`./fitness forget`: lists what was recorded of a subject, and deletes it when told to."""

from pathlib import Path

from fitness_datasets.forget import delete, folders_of, size_of


def run(subject: str, collection: Path, yes: bool) -> None:
    """Delete what is recorded of a subject in a collection; without `yes` only say what that would be."""
    folders = folders_of(collection.expanduser(), subject)
    for folder in folders:
        print(f"{folder}  {size_of(folder) / 1e6:.1f} MB")
    if yes:
        delete(folders)
        print(f"deleted: {len(folders)} folders of {subject}; datasets and models made from them are not touched")
    else:
        print("nothing was deleted; --yes deletes these folders for good")
