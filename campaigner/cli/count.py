"""`campaigner count`: how long a text is to a network, in a workspace or without one."""

import json
import sys
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer

from campaigner.cli.jsonl import lines_of, text_in
from campaigner.core.counting import LIMITS, check
from campaigner.errors import UserError

# This file imports no more than counting needs, so that the command answers at once.


def count(
    text: Annotated[
        str | None,
        typer.Argument(help="What to count; otherwise what comes on standard input."),
    ] = None,
    channel: Annotated[
        Literal["x", "mastodon", "email", "manual"] | None,
        typer.Option(help="Whose rules count.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, help="The limit; 0: none.", show_default="the channel's")
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(help="Instead of a channel: an account of the workspace.", show_default=False),
    ] = None,
    jsonl: Annotated[
        bool,
        typer.Option("--jsonl", help="Read a JSON string a line, print a JSON object for each."),
    ] = False,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", help="Where --account is.", show_default=False),
    ] = None,
) -> None:
    """Count a text as a network counts it: with its links, emoji and mentions.

    A text that is too long is counted, and told to be; that is no error.

    Example: campaigner count --channel x "DNSSEC, in a minute: https://www.icann.org/dnssec"
    """
    name, most = _rules(channel, account, workspace)
    most = most if limit is None else limit
    if jsonl:
        if text is not None:
            raise typer.BadParameter("--jsonl reads its texts from standard input: leave TEXT out")
        if not _answer_lines(sys.stdin.buffer, channel=name, limit=most):
            raise typer.Exit(1)
        return
    counted = check(name, _read() if text is None else text, most)
    print(f"length {counted.length}, limit {counted.limit or 'none'}, {_verdict(counted.valid)}")


def _verdict(valid: bool) -> str:
    return "valid" if valid else "not valid"


def _rules(channel: str | None, account: str | None, workspace: Path | None) -> tuple[str, int]:
    """Return the channel whose rules count, and its limit."""
    if (channel is None) == (account is None):
        raise typer.BadParameter("say whose rules count: --channel x, or --account NAME")
    if channel is not None:
        return channel, LIMITS.get(channel, 0)
    from campaigner.core.spelling import did_you_mean, listed
    from campaigner.settings import load_settings

    accounts = load_settings(workspace).accounts
    assert account is not None
    if account not in accounts:
        there = f"The accounts are {listed(sorted(accounts))}."
        fix = did_you_mean(account, accounts.keys(), otherwise=there)
        raise UserError(f"there is no account '{account}' in this workspace. {fix}")
    return accounts[account].channel, accounts[account].length_limit


def _read() -> str:
    """Return the text on standard input, without the line's end that a shell adds."""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UserError("what came on standard input is not UTF-8. Save it as UTF-8") from None


def _answer_lines(lines: BinaryIO, *, channel: str, limit: int) -> bool:
    """Print an answer for each line as soon as it is there; return whether all were texts."""
    fine = True
    for line in lines_of(lines):
        answer: dict[str, object]
        try:
            counted = check(channel, text_in(line), limit)
        except ValueError as error:
            fine = False
            answer = {"problem": str(error)}
        else:
            answer = {"length": counted.length, "limit": counted.limit, "valid": counted.valid}
        print(json.dumps(answer), flush=True)
    return fine
