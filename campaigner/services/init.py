"""Make a workspace: a copy of the sample, in a folder of one's own."""

import shutil
from pathlib import Path

from campaigner.errors import UserError
from campaigner.settings import FILE

IGNORE = """# What campaigner makes here itself
state/
"""


def init_workspace(folder: Path, sample: Path) -> list[str]:
    """Copy the sample into an empty (or new) folder; return what was made.

    Catalogs of the campaigns and processes are copied, for translators; those
    of the packaged templates stay packaged. Nothing is ever overwritten:
    raises UserError for a folder that holds anything but dot files.
    """
    if folder.exists() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise UserError(f"{folder} is not empty. Name a new folder: `campaigner init my-campaigns`")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(sample / FILE, folder / FILE)
    shutil.copytree(sample / "campaigns", folder / "campaigns")
    for catalog in sorted((sample / "locales").glob("*/LC_MESSAGES/*.po")):
        if catalog.stem == "templates":
            continue
        target = folder / catalog.relative_to(sample)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(catalog, target)
    (folder / "templates").mkdir()
    (folder / ".gitignore").write_text(IGNORE, encoding="utf-8")
    return sorted(entry.name for entry in folder.iterdir())
