"""`campaigner subscribers check-address`: is this an address, and how is it written."""

import json
import sys
from typing import Annotated, Any

import typer

from campaigner.cli.jsonl import lines_of, text_in
from campaigner.core.address import read_address


def check_address(
    address: Annotated[
        str | None, typer.Argument(help="The address to check.", show_default=False)
    ] = None,
    jsonl: Annotated[
        bool,
        typer.Option("--jsonl", help="Read a JSON string a line, print a JSON object for each."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Check an address by the standards, also beyond ASCII; nobody is asked, nothing is looked up.

    With --jsonl an address that is none is no error, a line that is no text is one.

    Example: campaigner subscribers check-address "ñandú@universidad.es"
    """
    if jsonl == (address is not None):
        raise typer.BadParameter("give an address, or --jsonl and one a line on standard input")
    if address is None:
        if not _answer_lines():
            raise typer.Exit(1)
        return
    answer = answer_of(address)
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    elif answer["valid"]:
        wire = answer["ascii"] or "only servers that take international addresses (SMTPUTF8)"
        print(f"{answer['normalized']} is an address. On the wire: {wire}.")
    else:
        print(f"{address!a} is no address: {answer['problem']}.", file=sys.stderr)
    if not answer["valid"]:
        raise typer.Exit(1)


def answer_of(text: str) -> dict[str, Any]:
    """Return what an address is. `ascii` is null where its local part has no such form."""
    try:
        address = read_address(text)
    except ValueError as error:
        return _no(str(error))
    return {
        "valid": True,
        "normalized": address.normalized,
        "ascii": address.ascii,
        "smtputf8": address.needs_smtputf8,
        "problem": None,
    }


def _no(problem: str) -> dict[str, Any]:
    return {
        "valid": False, "normalized": None, "ascii": None, "smtputf8": False, "problem": problem,
    }  # fmt: skip


def _answer_lines() -> bool:
    """Print an answer for each line as soon as it is there; return whether all were texts."""
    fine = True
    for line in lines_of(sys.stdin.buffer):
        try:
            answer = answer_of(text_in(line))
        except ValueError as error:
            fine, answer = False, _no(str(error))
        print(json.dumps(answer), flush=True)
    return fine
