"""`campaigner outbox move` and `missed`: another time for what has not gone out."""

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from campaigner.cli.moments import read_moment
from campaigner.cli.tables import locale_words, show_table, stamp
from campaigner.cli.workspace import (
    AccountFilter,
    AsOption,
    CampaignFilter,
    JsonOption,
    WorkspaceOption,
    opened,
)
from campaigner.core.by_hand import Decision
from campaigner.core.countries import country_code
from campaigner.errors import UserError
from campaigner.services import broadcasts, outbox
from campaigner.services import missed as missed_ones
from campaigner.services import move as by_hand
from campaigner.services.broadcasts import Word
from campaigner.services.missed import Decided

LONGEST = timedelta(days=366)
UNITS = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks"}


def move(
    number: Annotated[int, typer.Argument(help="A delivery's number, from `outbox list`.")],
    at: Annotated[str, typer.Option(help="When, like '2026-12-01 10:00' in the post's zone.")],
    not_after: Annotated[
        str | None,
        typer.Option(help="A later last date for it, written the same way.", show_default=False),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by hand",
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Give a post or mail that has not gone out another time.

    It keeps its approval, and stays there when its campaign is queued again.

    Example: campaigner outbox move 12 --at "2026-12-01 10:00"
    """
    with opened(workspace) as app:
        now = app.clock()
        entry, _ = outbox.show(app.sessions, number, now=now)
        zone = entry.listed.message.zone
        moment = read_moment(at, zone)
        last = by_hand.move(
            app.sessions,
            number,
            to=moment,
            not_after=read_moment(not_after, zone) if not_after else None,
            reason=reason,
            by=by or app.settings.user,
            now=now,
        )
    print(f"{number} goes out {stamp(moment, zone)}, {stamp(last, zone)} at the latest.")


def missed(
    send: Annotated[bool, typer.Option("--send", help="Send them now, one after another.")] = False,
    move_by: Annotated[
        str | None,
        typer.Option(help="Move each by so much, like '2 days'.", show_default=False),
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Cancel them.")] = False,
    campaign: CampaignFilter = None,
    account: AccountFilter = None,
    country: Annotated[str | None, typer.Option(help="Only this country, like BR.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "missed while paused",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    by: AsOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Decide on all that fell due while paused: send it, move it or drop it.

    Example: campaigner outbox missed --move-by "2 days" --country BR
    """
    wished = [
        decision
        for decision, wish in (
            (Decision.SEND, send),
            (Decision.MOVE, move_by is not None),
            (Decision.DROP, drop),
        )
        if wish
    ]
    if len(wished) != 1:
        raise UserError("say what becomes of them: one of --send, --move-by '2 days' or --drop")
    length = read_length(move_by) if move_by is not None else timedelta(0)
    code = country_code(country) if country else None
    with opened(workspace) as app:
        decided = missed_ones.decide_missed(
            app.sessions,
            decision=wished[0],
            move_by=length,
            campaign=campaign,
            account=account,
            country=code,
            reason=reason,
            by=by or app.settings.user,
            now=app.clock(),
            dry_run=dry_run,
        )
        # A broadcast is of no single country: those are decided on whole, or not at all.
        words = (
            []
            if code
            else broadcasts.decide_missed(
                app.sessions,
                decision=wished[0],
                at=lambda message: missed_ones.later(
                    message.due_at, length, ZoneInfo(message.zone)
                ),
                campaign=campaign,
                account=account,
                reason=reason,
                by=by or app.settings.user,
                now=app.clock(),
                dry_run=dry_run,
            )
        )
    if as_json:
        rows = _rows(decided, wished[0]) + [_word(word, wished[0]) for word in words]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print(decided, words, wished[0], dry_run=dry_run)


def read_length(text: str) -> timedelta:
    """Return a length of time written like ``2 days``. Raises UserError for anything else."""
    if match := re.fullmatch(r"([0-9]{1,6}) *(minute|hour|day|week)s?", text.strip()):
        number, unit = match.groups()
        length = timedelta(**{UNITS[unit]: int(number)})
        if timedelta(0) < length <= LONGEST:
            return length
    raise UserError(
        f"'{text}' is no length of time. Write a number and minutes, hours, days or weeks, "
        "like '2 days'; a year at most"
    )


def _print(decided: Decided, words: Sequence[Word], decision: Decision, *, dry_run: bool) -> None:
    if not decided.taken and not decided.refused and not words:
        print("Nothing of that kind fell due while paused.")
        return
    become = {Decision.SEND: "sent now", Decision.MOVE: "", Decision.DROP: "dropped"}[decision]
    lines = [
        (one.row, become or (f"moved to {stamp(one.at, one.row.message.zone)}" if one.at else ""))
        for one in decided.taken
    ]
    lines += [(row, f"still waits: {why}") for row, why in decided.refused]
    for word in words:
        message = word.standing.message
        at = f"moved to {stamp(word.at, message.zone)}" if word.at else become
        what = f"still waits: {word.why_not}" if word.why_not else at
        print(f"Broadcast {message.id} ({message.campaign}, edition of {message.run}): {what}")
    show_table(
        ["number", "was due", "account", "language", "what", "becomes"],
        [
            [
                str(row.delivery.id),
                stamp(row.delivery.scheduled_at, row.message.zone),
                row.message.account,
                locale_words(row.message.locale),
                row.message.item,
                words,
            ]
            for row, words in lines
        ],
    )
    done = "would be decided" if dry_run else "decided"
    refused = len(decided.refused) + sum(bool(word.why_not) for word in words)
    taken = len(decided.taken) + len(words) - sum(bool(word.why_not) for word in words)
    print(f"{taken} {done}, {refused} still wait.")
    if dry_run:
        print("Nothing was changed (--dry-run).")


def _word(word: Word, decision: Decision) -> dict[str, object]:
    return {
        "id": None,
        "broadcast": word.standing.message.id,
        "becomes": None if word.why_not else decision,
        "at": word.at.isoformat() if word.at else None,
        "why_not": word.why_not,
    }


def _rows(decided: Decided, decision: Decision) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {
            "id": one.row.delivery.id,
            "becomes": decision,
            "at": one.at.isoformat() if one.at else None,
            "why_not": "",
        }
        for one in decided.taken
    ]
    return rows + [
        {"id": row.delivery.id, "becomes": None, "at": None, "why_not": why}
        for row, why in decided.refused
    ]
