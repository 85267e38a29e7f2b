"""`campaigner approve`: a person says yes."""

import json
from typing import Annotated

import typer

from campaigner.cli.tables import locale_words, show_table, stamp
from campaigner.cli.workspace import AsOption, JsonOption, WorkspaceOption, opened
from campaigner.db.models import Message
from campaigner.errors import UserError
from campaigner.services.approve import Approved
from campaigner.services.approve import approve as approve_messages


def approve(
    campaign: Annotated[
        str | None, typer.Argument(help="A campaign's id: all of it that waits.")
    ] = None,
    message: Annotated[
        list[int] | None, typer.Option("--message", "-m", help="Just this message, by number.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be approved.")
    ] = False,
    by: AsOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say yes to what waits, exactly as it is: what changes afterwards waits again.

    Who queued it needs somebody else's yes, unless the campaign says `approval: one-person`.

    Example: campaigner approve dns-security-awareness --as maria
    """
    if campaign is None and not message:
        raise UserError("say what: `campaigner approve CAMPAIGN`, or --message NUMBER")
    with opened(workspace) as app:
        who = by or app.settings.user
        done = approve_messages(
            app.sessions,
            campaign=campaign,
            ids=message or (),
            by=who,
            now=app.clock(),
            dry_run=dry_run,
        )
    if as_json:
        rows = [_row(one, "", done) for one in done.approved]
        rows += [_row(one, reason, done) for one, reason in done.refused]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print(done, who, dry_run=dry_run)
    if done.refused:
        reasons = {reason: one for one, reason in done.refused}
        lines = [f"{len(done.refused)} not approved: {'; '.join(reasons)}"]
        if any("queued it" in reason for reason in reasons):
            lines.append("Another person runs it with --as THEIR-NAME.")
        raise UserError("\n".join(lines))
    if not done.approved and not as_json:
        print("Nothing waits for approval there. `campaigner outbox list` shows what is held.")


def _print(done: Approved, who: str, *, dry_run: bool) -> None:
    approved = done.approved
    if not approved:
        return
    moved = any(one.moved for one in approved)
    mailed = any(one.id in done.broadcasts for one in approved)
    readers = ["readers", "left out"] if mailed else []
    show_table(
        ["message", "when", "account", "language", *readers, "text", *(["moved"] if moved else [])],
        [
            [
                str(one.id),
                stamp(one.due_at, one.zone),
                one.account,
                locale_words(one.locale),
                *(_readers(one, done) if mailed else []),
                " ".join(one.text.split())[:70],
                *([one.moved] if moved else []),
            ]
            for one in approved
        ],
    )
    for one in approved:
        if one.note:  # what is left out of it, or to be looked at
            print(f"{one.id}: {one.note}")
    verb = "would be approved" if dry_run else "approved"
    print(f"{len(approved)} {verb} by {who}.")


def _readers(message: Message, done: Approved) -> list[str]:
    broadcast = done.broadcasts.get(message.id)
    return [f"{broadcast.recipients:,}", f"{broadcast.excluded:,}"] if broadcast else ["", ""]


def _row(message: Message, refused: str, done: Approved) -> dict[str, object]:
    broadcast = done.broadcasts.get(message.id)
    return {
        "recipients": broadcast.recipients if broadcast else None,
        "excluded": broadcast.excluded if broadcast else None,
        "message": message.id,
        "campaign": message.campaign,
        "item": message.item,
        "account": message.account,
        "locale": message.locale,
        "due_at": message.due_at.isoformat(),
        "moved": message.moved,
        "note": message.note,
        "hash": message.content_hash,
        "approved": not refused,
        "refused": refused,
    }
