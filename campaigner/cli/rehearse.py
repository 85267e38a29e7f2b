"""`campaigner rehearse`: a campaign's whole life in seconds, in a sandbox of its own."""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from campaigner.cli.logs import quietly
from campaigner.cli.tables import locale_words, show_table, stamp
from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.core.campaign import Campaign
from campaigner.core.cost import cost_of, in_dollars, total
from campaigner.core.locales import normalize
from campaigner.core.timeline import (
    HANDED,
    PLACEHOLDER,
    QUIET,
    SENT,
    SKIPPED,
    UNDATED,
    Line,
    totals,
)
from campaigner.errors import UserError
from campaigner.rehearsal.clock import VirtualClock
from campaigner.rehearsal.play import Played, Rehearsal, begin_of, end_of, play
from campaigner.rehearsal.scratch import scratch_settings
from campaigner.sandbox.server import Sandbox
from campaigner.services.scratch import copy_workspace
from campaigner.settings import SandboxSettings

ANY_PORT = SandboxSettings(page=0, x=0, mastodon=0, smtp=0)
WORDS = {
    SENT: "sent",
    HANDED: "handed to a person",
    "held": "WAITS",
    "queued": "not played any more",
    "rejected": "REFUSED",
    "exhausted": "GAVE UP",
    "unknown": "COULD NOT CONFIRM",
    "suppressed": "not sent: unsubscribed",
    "expired": "TOO LATE",
    "canceled": "canceled",
    SKIPPED: "no such date",
    PLACEHOLDER: "NO TEXT YET",
    UNDATED: "NO DATE",
    QUIET: "nothing new",
}
FINE = frozenset({SENT, HANDED, SKIPPED, QUIET, "queued"})
NOUNS = {
    "x": ("post on X", "posts on X"),
    "mastodon": ("post on Mastodon", "posts on Mastodon"),
    "email": ("mail", "mails"),
    "manual": ("post by hand", "posts by hand"),
}


def rehearse(
    file: Annotated[Path, typer.Argument(help="A campaign's file.")],
    start: Annotated[
        str | None,
        typer.Option(help="When it begins: now, or a day like 2026-12-01.", show_default=False),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="The last day to be played, like 2027-03-31.", show_default=False),
    ] = None,
    locale: Annotated[
        list[str] | None,
        typer.Option(help="Only this language; may be given several times.", show_default=False),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Keep the copy with all that was sent in this new folder.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Play a campaign's whole life in seconds, and tell what went out, what was held and why.

    It plays on a copy of the workspace, with a clock of its own. Nothing
    leaves this machine, and neither your database nor a running daemon
    notices. It is approved as `rehearsal`; you still have to queue it.

    Example: campaigner rehearse campaigns/dns-security-awareness.yaml --start 2026-12-01
    """
    begun = time.monotonic()
    with opened(workspace) as app:
        real = app.settings
        campaign = app.load_campaign(file)
        now = app.clock()
        rehearsal = Rehearsal(
            file=file.resolve(),
            start=start,
            begin=begin_of(campaign, start, now=now),
            until=end_of(campaign, until) if until else None,
            locales=[_locale(name) for name in locale or ()],
        )
    with quietly(), _stoppable(), _folder(keep) as folder, _progress(campaign) as heard:
        copy_workspace(real, folder)
        if rehearsal.file.is_relative_to(real.workspace):
            inside = rehearsal.file.relative_to(real.workspace)
            rehearsal = replace(rehearsal, file=folder / inside)
        clock = VirtualClock(rehearsal.begin)
        stage = Sandbox(
            ANY_PORT,
            folder / "state" / "sandbox",
            accounts=real.accounts,
            workspace=folder,
            clock=clock,
            pass_time=clock.wait,
        )
        with stage:
            settings = scratch_settings(real, folder, stage.ports)
            played = play(settings, rehearsal, clock=clock, heard=heard)
    if as_json:
        print(json.dumps([line.as_json() for line in played.lines], ensure_ascii=False, indent=2))
        return
    _print(played, seconds=time.monotonic() - begun)
    if keep is not None:
        print(f"Kept in {keep}. To look at it: campaigner sandbox --workspace {keep}")


def _locale(name: str) -> str:
    try:
        return normalize(name)
    except ValueError:
        raise UserError(f"'{name}' is no language. Write --locale es, or --locale pt_BR") from None


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give a folder for the copy; gone afterwards, however that comes about, unless it is kept."""
    if keep is not None:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="campaigner-rehearsal-") as folder:
        yield Path(folder).resolve() / "workspace"


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end it as Ctrl-C does, so that the copy is cleared away."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(campaign: Campaign) -> Iterator[Callable[[datetime], object]]:
    """Show on a terminal which day is being played; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda now: None
        return
    zone = campaign.schedule.zone.key
    with Console(stderr=True).status(f"Rehearsing {campaign.id} …") as status:
        yield lambda now: status.update(f"Rehearsing {campaign.id}: {stamp(now, zone)}")


def _print(played: Played, *, seconds: float) -> None:
    campaign, zone = played.campaign, played.campaign.schedule.zone.key
    if played.lines:
        show_table(
            ["when", "account", "language", "item", "what became of it", "what it says"],
            [_cells(line) for line in played.lines],
        )
    for (channel, locale), count in totals(played.lines).items():
        one, many = NOUNS.get(channel, (channel, channel))
        print(f"{count:>5} {one if count == 1 else many} in {locale_words(locale)}")
    if not totals(played.lines):
        print("Nothing went out.")
    if cost := total(cost_of(line.channel, line.whole) for line in played.lines if line.left):
        print(f"It would cost about {in_dollars(cost)}.")
    for remark in played.remarks:
        print(f"{remark}.")
    trouble = sum(line.state not in FINE for line in played.lines)
    if trouble:
        print(f"{trouble} cannot go out as they are: see the lines above in capitals.")
    cut = "" if played.ended else ", where it was cut off"
    begin, end = stamp(played.begin, zone), stamp(played.end, zone)
    print(
        f"{campaign.id}: played from {begin} to {end}{cut}, in {seconds:.1f} s. "
        "Nothing left this machine."
    )


def _cells(line: Line) -> list[str]:
    became = WORDS.get(line.state, line.state)
    if line.channel == "email" and line.left:
        became = f"{became} to {line.left}"
    reasons = [became, line.note, line.moved]
    return [
        stamp(line.at, line.zone) if line.at else "—",
        line.account,
        locale_words(line.locale) if line.locale else "",
        line.item,
        "; ".join(filter(None, reasons)),
        line.text[:60],
    ]
