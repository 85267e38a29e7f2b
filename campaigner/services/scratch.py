"""Scratch: a copy of a workspace's files to play with. Never its database, never its secrets."""

import shutil
from pathlib import Path

from campaigner.errors import UserError
from campaigner.settings import FILE, Settings

FOLDERS = ("campaigns", "templates", "locales", "data")


def copy_workspace(settings: Settings, folder: Path) -> None:
    """Copy what a campaign is made of into `folder`, which is empty or new.

    Those are the settings' file, campaigns with their pictures and data,
    templates, catalogs and the strategy. The state stays where it is, and so
    does all that is none of ours. Raises UserError for a folder that holds
    something, or lies within the workspace's own.
    """
    root = settings.workspace
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty. Name a new folder to keep the rehearsal in")
    for name in FOLDERS:
        if folder.resolve().is_relative_to((root / name).resolve()):
            raise UserError(f"{folder} is inside {root / name}, which is copied. Name another one")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / FILE, folder / FILE)
    for name in FOLDERS:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore_dangling_symlinks=True)
    strategy = Path(settings.strategy)
    if settings.strategy and not strategy.is_absolute() and (root / strategy).is_file():
        target = folder / strategy
        if target.resolve().is_relative_to(folder.resolve()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / strategy, target)
