"""`campaigner queue`: from a campaign's file into the outbox."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from campaigner.cli.tables import locale_words, show_table, stamp
from campaigner.cli.workspace import AsOption, JsonOption, WorkspaceOption, opened
from campaigner.core.campaign import Approval, Campaign
from campaigner.core.difference import Change, Queued
from campaigner.errors import FileError
from campaigner.services.compose import queue_digest
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

    Queueing twice changes nothing. What is new or changed waits for approval.

    Example: campaigner queue campaigns/dns-security-awareness.yaml --start now
    """
    with opened(workspace) as app:
        campaign = app.load_campaign(file)
        if problems := unrenderable(campaign, app.dry_desk(file.parent)):
            raise FileError(file, problems)
        work = queue_campaign if campaign.digest is None else queue_digest
        queued = work(
            app.sessions,
            campaign,
            app.desk(file.parent),
            start=start,
            new_run=new_run,
            by=by or app.settings.user,
            now=app.clock(),
            dry_run=dry_run,
        )
        zone = campaign.schedule.zone.key
    if as_json:
        print(json.dumps([_row(change) for change in queued.changes], indent=2))
        return
    _print(campaign, queued, zone, dry_run=dry_run)


def _print(campaign: Campaign, queued: Queued, zone: str, *, dry_run: bool) -> None:
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
                    change.note,
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
    for item in queued.unscheduled:
        print(f"item '{item}' has no date left: give the schedule one more")
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
    }
