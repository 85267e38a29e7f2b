"""The reference of all commands, docs/commands.md, out of their own help: `make reference`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import typer.main

from campaigner.cli import COMMANDS, root

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
WIDTH = 88
HEAD = """# Commands

What every command says of itself with `--help`: `make reference` makes this page of it.

"""


def reference() -> str:
    """Return the page: a section for each command, in the order of `campaigner --help`."""
    group: Any = typer.main.get_command(root)
    context = typer.Context(group, info_name="campaigner")
    parts = []
    for name in COMMANDS:
        command = group.get_command(context, name)
        parts.append(f"## campaigner {name}\n\n" + "\n".join(_helps(command, f"campaigner {name}")))
    return HEAD + "\n".join(parts)


def _helps(command: Any, path: str) -> Iterator[str]:
    context = typer.Context(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
    lines = [line.rstrip() for line in command.get_help(context).splitlines()]
    yield "```text\n" + "\n".join(lines) + "\n```\n"
    for name in getattr(command, "commands", {}):
        yield from _helps(command.commands[name], f"{path} {name}")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    print(PAGE.relative_to(Path.cwd()))
