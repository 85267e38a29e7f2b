"""`campaigner outbox`: every post and mail, its state, its reason and its next time."""

import json
import sys
from typing import Annotated

import typer

from campaigner.cli import moves
from campaigner.cli.moments import read_moment
from campaigner.cli.tables import locale_words, show_table, stamp
from campaigner.cli.workspace import (
    AccountFilter,
    AsOption,
    CampaignFilter,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    opened,
)
from campaigner.core.delivery import Hold, State
from campaigner.core.spelling import counted
from campaigner.errors import UserError
from campaigner.services import outbox, publish_by_hand
from campaigner.services.outbox import Entry, Mails
from campaigner.services.reassemble import reassemble

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Look at every post and mail, and decide what no machine may.\n\n"
    "Example: campaigner outbox list --state unknown",
)

# What people read for a state; the codes are for --state and --json.
ON_SCREEN = {
    State.HELD: "waiting",
    State.QUEUED: "scheduled",
    State.CLAIMED: "about to be sent",
    State.SENDING: "being sent",
    State.SENT: "sent",
    State.REJECTED: "refused",
    State.EXHAUSTED: "gave up",
    State.UNKNOWN: "could not confirm",
    State.SUPPRESSED: "not sent: unsubscribed",
    State.EXPIRED: "too late, not sent",
    State.CANCELED: "canceled",
}

Number = Annotated[int, typer.Argument(help="A delivery's number, from `outbox list`.")]


@app.command("list")
def list_(
    state: Annotated[list[State] | None, typer.Option("--state", help="Only these states.")] = None,
    campaign: CampaignFilter = None,
    account: AccountFilter = None,
    to: Annotated[
        str | None, typer.Option("--to", help="The mails to this address, one by one.")
    ] = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List posts and mails in order of their time, each with the reason for its state.

    The mails of an edition are one line a state, with their number; those that
    nobody could confirm are listed one by one.

    Example: campaigner outbox list --campaign dns-security-awareness
    """
    with opened(workspace) as opened_app:
        sessions, now = opened_app.sessions, opened_app.clock()
        if to is not None:
            entries = outbox.mails_of(sessions, to, limit=limit, now=now)
            mails = list[Mails]()
        else:
            states = state or ()
            entries = outbox.list_outbox(
                sessions, states=states, campaign=campaign, account=account, limit=limit, now=now
            )
            mails = outbox.count_mails(
                sessions, states=states, campaign=campaign, account=account, now=now
            )
    if as_json:
        rows = [*map(_row, entries), *map(_mails, mails)]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not entries and not mails:
        print("The outbox holds nothing of that kind.")
        return
    lines = [
        (entry.listed.delivery.due_at, str(entry.listed.delivery.id), entry.listed.message,
         ON_SCREEN[entry.listed.delivery.state], entry.why)
        for entry in entries
    ] + [
        (each.at, counted(each.number, "mail"), each.message, ON_SCREEN[each.state], each.why)
        for each in mails
    ]  # fmt: skip
    show_table(
        ["number", "when", "account", "language", "what", "state", "why"],
        [
            [
                number,
                stamp(at, message.zone),
                message.account,
                locale_words(message.locale),
                message.item,
                words,
                why,
            ]
            for at, number, message, words, why in sorted(lines, key=lambda line: line[0])
        ],
    )


@app.command()
def show(
    number: Number,
    eml: Annotated[bool, typer.Option("--eml", help="Print the mail as it is sent.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show one post or mail whole, with its history.

    Example: campaigner outbox show 12
    """
    with opened(workspace) as opened_app:
        if eml:
            mail = reassemble(
                opened_app.sessions,
                number,
                accounts=opened_app.lists,
                public_url=opened_app.settings.web.public_url,
                keyring=opened_app.keyring,
                signers_at=opened_app.signers,
            )
            sys.stdout.buffer.write(mail)
            return
        entry, attempts = outbox.show(opened_app.sessions, number, now=opened_app.clock())
    history = [
        {
            "at": one.at.isoformat(),
            "number": one.number,
            "outcome": one.outcome,
            "reason": one.reason,
            "by": one.by,
        }
        for one in attempts
    ]
    if as_json:
        print(json.dumps([{**_row(entry), "history": history}], ensure_ascii=False, indent=2))
        return
    message, delivery = entry.listed.message, entry.listed.delivery
    approved = (
        f"by {message.approved_by}, {stamp(message.approved_at, message.zone)}"
        if message.approved_at
        else "not yet"
    )
    facts = {
        "campaign": f"{message.campaign}, {message.item}, message {message.id}",
        "account": f"{message.account} ({message.channel}) at {message.base}",
        "language": locale_words(message.locale),
        "to": delivery.recipient,
        "when": stamp(delivery.due_at, message.zone),
        "moved": message.moved,
        "not before": (
            f"{stamp(message.embargo_until, message.zone)} (embargo)"
            if message.embargo_until
            else ""
        ),
        "at the latest": stamp(message.not_after, message.zone),
        "state": f"{ON_SCREEN[delivery.state]}: {entry.why}",
        "approved": approved,
        "content": message.content_hash,
        "address": delivery.remote_url or delivery.remote_id or "",
    }
    for name, value in facts.items():
        if value:
            print(f"{name + ':':15}{value}")
    print(f"\n{message.text}\n")
    for medium in message.media:
        print(f"picture: {medium['alt']}")
    for one in attempts:
        who = f" by {one.by}" if one.by else ""
        print(f"{stamp(one.at, message.zone)}  {one.outcome}{who}  {one.reason}")


@app.command()
def retry(
    number: Number,
    at: Annotated[
        str | None,
        typer.Option(help="When, like '2026-12-01 10:00' in the post's zone; otherwise now."),
    ] = None,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Send what waits for you, was refused or was given up; with --at, as `outbox move`.

    Example: campaigner outbox retry 12
    """
    if at:
        moves.move(number, at=at, by=by, workspace=workspace)
        return
    with opened(workspace) as opened_app:
        now = opened_app.clock()
        outbox.retry(opened_app.sessions, number, by=by or opened_app.settings.user, now=now)
    print(f"{number} goes out now.")


@app.command()
def cancel(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by hand",
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Drop a post or mail that has not left.

    Example: campaigner outbox cancel 12 --reason "the event was moved"
    """
    with opened(workspace) as opened_app:
        now = opened_app.clock()
        entry, _ = outbox.show(opened_app.sessions, number, now=now)
        outbox.cancel(
            opened_app.sessions,
            number,
            by=by or opened_app.settings.user,
            reason=reason,
            now=now,
        )
    print(f"{number} is canceled.")
    if entry.listed.delivery.hold is Hold.PERSON:
        print("Its people have the mail that asks for it: tell them not to publish it.")


@app.command()
def resolve(
    number: Number,
    sent: Annotated[
        bool | None,
        typer.Option("--sent/--not-sent", help="Whether it is out there.", show_default=False),
    ] = None,
    remote_id: Annotated[str, typer.Option(help="Its id on the network, if it is.")] = "",
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what became of a post or mail that nobody could confirm.

    Example: campaigner outbox resolve 12 --sent --remote-id 1450011223344
    """
    if sent is None:
        raise UserError("say whether it is out there: --sent or --not-sent")
    with opened(workspace) as opened_app:
        outbox.resolve(
            opened_app.sessions,
            number,
            sent=sent,
            remote_id=remote_id,
            by=by or opened_app.settings.user,
            now=opened_app.clock(),
        )
    done = "counts as sent" if sent else f"is not out; `campaigner outbox retry {number}` sends it"
    print(f"{number} {done}.")


@app.command()
def done(
    number: Number,
    address: Annotated[
        str | None, typer.Argument(help="Where it can be seen, beginning with https://.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="When, like '2026-12-01 10:00' in the post's zone; otherwise now."),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="It is not out after all: it waits again.")
    ] = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say where a post is that you were asked to publish by hand. From then on it counts.

    Example: campaigner outbox done 12 https://www.linkedin.com/feed/update/urn:li:activity:7
    """
    if (address is None) is not undo:
        raise UserError("give the address at which the post can be seen, or --undo; not both")
    with opened(workspace) as opened_app:
        now, who = opened_app.clock(), by or opened_app.settings.user
        if address is None:
            waits = publish_by_hand.undo(opened_app.sessions, number, by=who, now=now)
            until = "waits for a person again" if waits else "is past its last date: too late"
            print(f"{number} does not count as published any more, and {until}.")
            return
        entry, _ = outbox.show(opened_app.sessions, number, now=now)
        moment = read_moment(at, entry.listed.message.zone) if at else now
        publish_by_hand.done(opened_app.sessions, number, url=address, at=moment, by=who, now=now)
    print(f"{number} counts as published, {stamp(moment, entry.listed.message.zone)}: {address}")


app.command("move")(moves.move)
app.command("missed")(moves.missed)


def _mails(mails: Mails) -> dict[str, object]:
    """Return the mails of one edition in one state as a row; what one delivery has is null."""
    message = mails.message
    return {
        "id": None,
        "mails": mails.number,
        "message": message.id,
        "kind": message.kind,
        "campaign": message.campaign,
        "run": message.run,
        "item": message.item,
        "account": message.account,
        "locale": message.locale,
        "recipient": "",
        "country": "",
        "state": mails.state,
        "hold": message.hold,
        "why": mails.why,
        "day": message.day.isoformat(),
        "scheduled_at": message.due_at.isoformat(),
        "due_at": message.due_at.isoformat(),
        "not_after": message.not_after.isoformat(),
        "moved": message.moved,
        "embargo_until": message.embargo_until.isoformat() if message.embargo_until else None,
        "attempts": None,
        "sent_at": None,
        "remote_id": None,
        "remote_url": "",
        "key": message.key,
        "hash": message.content_hash,
        "approved_by": message.approved_by,
        "text": message.text,
        "link": message.link,
    }


def _row(entry: Entry) -> dict[str, object]:
    message, delivery = entry.listed.message, entry.listed.delivery
    return {
        "id": delivery.id,
        "mails": 1 if delivery.recipient else 0,
        "message": message.id,
        "kind": message.kind,
        "campaign": message.campaign,
        "run": message.run,
        "item": message.item,
        "account": message.account,
        "locale": message.locale,
        "recipient": delivery.recipient,
        "country": delivery.country,
        "state": delivery.state,
        "hold": delivery.hold or message.hold,
        "why": entry.why,
        "day": message.day.isoformat(),
        "scheduled_at": delivery.scheduled_at.isoformat(),
        "due_at": delivery.due_at.isoformat(),
        "not_after": message.not_after.isoformat(),
        "moved": message.moved,
        "embargo_until": message.embargo_until.isoformat() if message.embargo_until else None,
        "attempts": delivery.attempts,
        "sent_at": delivery.sent_at.isoformat() if delivery.sent_at else None,
        "remote_id": delivery.remote_id,
        "remote_url": delivery.remote_url,
        "key": message.key,
        "hash": message.content_hash,
        "approved_by": message.approved_by,
        "text": message.text,
        "link": message.link,
    }
