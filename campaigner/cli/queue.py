"""`campaigner queue`: from a campaign's file into the outbox."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from campaigner.app import App
from campaigner.cli.logs import quietly
from campaigner.cli.tables import locale_words, no_text_yet, show_table, stamp
from campaigner.cli.workspace import AsOption, JsonOption, WorkspaceOption, opened
from campaigner.core.broadcast import RANGE
from campaigner.core.campaign import Approval, Campaign
from campaigner.core.difference import Change, Queued, is_overdue
from campaigner.errors import FileError
from campaigner.services.compose import queue_editions
from campaigner.services.freeze import Frozen, Progress, freeze_waiting
from campaigner.services.preview import unrenderable
from campaigner.services.queue import queue_campaign

QUIET = ("unchanged", "sent", "expired")
WORDS = {
    "new": "new",
    "changed": "changed, replaces what was queued",
    "moved": "moved to another time",
    "canceled": "no longer scheduled, canceled",
    "unchanged": "unchanged",
    "sent": "left already, kept as it is",
    "expired": "too late, not sent",
    "silent": "not sent in that language: it has no story",
}


def queue(
    file: Annotated[Path, typer.Argument(help="A campaign's file.")],
    start: Annotated[
        str | None,
        typer.Option(help="When it begins: now, or a day like 2026-12-01.", show_default=False),
    ] = None,
    new_run: Annotated[
        bool, typer.Option("--new-run", help="Begin it afresh, beside what went out before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the difference.")] = False,
    by: AsOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Put a campaign into the outbox, or take up the changes of its file.

    Queueing twice changes nothing. What is new or changed waits for approval. Of a
    digest or a newsletter the edition that is due for it is composed, and its readers chosen.

    Example: campaigner queue campaigns/dns-security-awareness.yaml --start now
    """
    with opened(workspace) as app:
        campaign = app.load_campaign(file)
        if problems := unrenderable(campaign, app.dry_desk(file.parent)):
            raise FileError(file, problems)
        now = app.clock()
        work = queue_campaign
        if campaign.has_editions:
            work = partial(queue_editions, campaigns=app.readable_campaigns())
        queued = work(
            app.sessions,
            campaign,
            app.desk(file.parent),
            start=start,
            new_run=new_run,
            by=by or app.settings.user,
            now=now,
            dry_run=dry_run,
        )
        zone = campaign.schedule.zone.key
        # What needs readers gets them here, and not only in the daemon's next round.
        frozen = _freeze(app) if campaign.has_editions and not dry_run else []
    if as_json:
        print(json.dumps(_rows(queued, now), ensure_ascii=False, indent=2))
        return
    _print(campaign, queued, zone, dry_run=dry_run, now=now)
    if frozen:
        print(_readers(frozen))


def _freeze(app: App) -> list[Frozen]:
    """Decide who gets what waits for readers, and show how far that is."""
    with quietly(), _progress() as heard:
        return freeze_waiting(app.sessions, clock=app.clock, heard=heard)


@contextmanager
def _progress() -> Iterator[Callable[[Progress], object]]:
    """Show on a terminal how many readers are decided on; elsewhere a line for each tenth."""
    words = "Choosing the readers: {done:,} of {of:,}"
    if sys.stderr.isatty():
        with Console(stderr=True).status("Choosing the readers …") as status:
            yield lambda now: status.update(words.format(done=now.done, of=now.of))
        return
    told = dict[int, int]()

    def tell(now: Progress) -> None:
        tenth = now.done * 10 // max(now.of, 1)
        if now.of > RANGE and tenth > told.get(now.message, 0):
            told[now.message] = tenth
            typer.echo(words.format(done=now.done, of=now.of), err=True)

    yield tell


def _readers(frozen: list[Frozen]) -> str:
    recipients = sum(one.recipients for one in frozen)
    excluded = sum(one.excluded for one in frozen)
    told = f"{recipients:,} readers get what is new or changed"
    if excluded:
        told += f"; {excluded:,} are left out (`campaigner broadcast exclusions`)"
    return f"{told}."


def _print(campaign: Campaign, queued: Queued, zone: str, *, dry_run: bool, now: datetime) -> None:
    loud = [change for change in queued.changes if change.what not in QUIET]
    if loud:
        show_table(
            ["what", "when", "item", "account", "language", "note"],
            [
                [
                    change.what,
                    stamp(change.due_at, zone),
                    change.identity.item,
                    change.identity.account,
                    locale_words(change.identity.locale),
                    "; ".join(filter(None, (change.note, change.moved))),
                ]
                for change in loud
            ],
        )
    counts = Counter(change.what for change in queued.changes)
    for what, words in WORDS.items():
        if counts[what]:
            print(f"{counts[what]:>5} {words}")
    if queued.next_edition is not None:
        print(
            f"The next edition is composed {stamp(queued.next_edition.compose_at, zone)} "
            f"and goes out {stamp(queued.next_edition.slot.due_at, zone)}, if it is approved."
        )
    for line in _beside(queued, zone, now):
        print(line)
    held = sum(change.hold is not None for change in queued.changes)
    if held:
        print(f"{held} cannot go out as they are: see the notes above")
    begun = (
        "would begin"
        if dry_run and queued.first_time
        else "began"
        if not queued.first_time
        else "begins"
    )
    print(f"{campaign.id}: run {queued.run} {begun} {stamp(queued.start_at, zone)}.")
    if dry_run:
        print("Nothing was changed (--dry-run).")
    elif any(change.what in ("new", "changed", "moved") for change in queued.changes):
        who = "somebody else runs " if campaign.approval is Approval.FOUR_EYES else ""
        print(f"Next: {who}`campaigner approve {campaign.id}`.")


def _beside(queued: Queued, zone: str, now: datetime) -> Iterator[str]:
    """Yield what is no message: what is to be written, has no date, is skipped or too close."""
    for kept in queued.placeholders:
        item = kept.item
        words = no_text_yet(item.title, item.owner, item.due, overdue=is_overdue(kept, now=now))
        moved = f" ({kept.slot.moved})" if kept.slot.moved else ""
        account = f" on {kept.account}" if kept.account else ""
        at = stamp(kept.slot.due_at, kept.zone.key)
        yield f"item '{item.id}' keeps {at}{account}{moved}: {words}"
    for one in queued.undated:
        yield f"item '{one.item.id}' goes out on no date: {one.why}"
    for skip in queued.skipped:
        yield f"{stamp(skip.slot.due_at, zone)} is skipped: {skip.reason}"
    together: dict[str, list[str]] = {}
    for close in queued.collisions:
        pair = " and ".join(
            f"{each.campaign} · {each.item}, {stamp(each.at, zone)}"
            for each in (close.first, close.second)
        )
        together.setdefault(pair, []).append(close.first.account)
    for pair, accounts in together.items():
        yield f"warning: close to each other on {', '.join(accounts)}: {pair}"


def _rows(queued: Queued, now: datetime) -> list[dict[str, object]]:
    """Return the messages, then what is no message, each as an object that says `what` it is."""
    rows = [_row(change) for change in queued.changes]
    rows += [
        {
            "what": "placeholder",
            "item": kept.item.id,
            "account": kept.account,
            "due_at": kept.slot.due_at.isoformat(),
            "moved": kept.slot.moved,
            "title": kept.item.title,
            "owner": kept.item.owner,
            "due": kept.item.due.isoformat() if kept.item.due else None,
            "overdue": is_overdue(kept, now=now),
        }
        for kept in queued.placeholders
    ]
    rows += [
        {"what": "undated", "item": one.item.id, "account": one.account, "note": one.why}
        for one in queued.undated
    ]
    rows += [
        {"what": "skipped", "due_at": skip.slot.due_at.isoformat(), "note": skip.reason}
        for skip in queued.skipped
    ]
    rows += [
        {
            "what": "collision",
            "account": close.first.account,
            "between": [
                {"campaign": each.campaign, "item": each.item, "due_at": each.at.isoformat()}
                for each in (close.first, close.second)
            ],
        }
        for close in queued.collisions
    ]
    return rows


def _row(change: Change) -> dict[str, object]:
    identity = change.identity
    return {
        "what": change.what,
        "campaign": identity.campaign,
        "run": identity.run,
        "item": identity.item,
        "repetition": identity.repetition,
        "account": identity.account,
        "locale": identity.locale,
        "due_at": change.due_at.isoformat(),
        "hold": change.hold,
        "note": change.note,
        "moved": change.moved,
    }
