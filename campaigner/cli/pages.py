"""Pages that commands write: in which language they speak, and where they go."""

from pathlib import Path
from typing import Annotated

import typer

from campaigner.core.spelling import listed
from campaigner.errors import UserError
from campaigner.rendering.languages import DEFAULT, LANGUAGES, language_for

LangOption = Annotated[
    str,
    typer.Option("--lang", help="The page's own language: en, es, pt_BR or fr."),
]
DEFAULT_LANGUAGE = DEFAULT


def page_language(wish: str) -> str:
    """Return the language of ours that is asked for. Raises a usage error for another."""
    if not (found := language_for([wish])) or found.split("_")[0] != wish[:2].lower():
        raise typer.BadParameter(f"'{wish}' is none of {listed(LANGUAGES)}", param_hint="--lang")
    return found


def write_page(file: Path, html: str) -> str:
    """Write a page and return its size in words. Raises UserError if it cannot be written."""
    data = html.encode()
    try:
        file.write_bytes(data)
    except OSError as error:
        raise UserError(
            f"{file} cannot be written: {error.strerror}. Name a file in a folder that exists"
        ) from None
    return size_in_words(len(data))


def size_in_words(size: int) -> str:
    """Return a number of bytes as people read it: 48 KB, 1.4 MB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} KB"
