"""`campaigner broadcast`: editions on their way to many: look, stop, send them again."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

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
from campaigner.core.audience import Exclusion
from campaigner.core.broadcast import Again
from campaigner.core.channel import Sent
from campaigner.core.spelling import counted
from campaigner.db import accounts
from campaigner.db.broadcasts import EDITION, Standing
from campaigner.db.engine import Sessions
from campaigner.db.models import Account
from campaigner.db.reasons import why_waiting
from campaigner.errors import UserError
from campaigner.services import broadcasts, pause, resend, sample
from campaigner.services.freeze import freeze_waiting
from campaigner.services.outbox import failed_mails
from campaigner.services.trial import send_test

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Look at editions on their way to many, stop them, send them again.\n\n"
    "Example: campaigner broadcast list",
)

Number = Annotated[int, typer.Argument(help="A broadcast's number, from `broadcast list`.")]
ReasonOption = Annotated[str, typer.Option(help="Why, for the record.")]

ON_THEIR_WAY = ("queued", "claimed", "held", "sent")
LEFT_OUT = {
    Exclusion.SUPPRESSED: "may not be mailed any more",
    Exclusion.LEFT: "not on the list any more",
    Exclusion.TOPIC: "chose other topics",
    Exclusion.FREQUENCY: "has had a mail in their week or month",
    Exclusion.REACHED: "has it in another language",
    Exclusion.ADDRESS: "has no address",
}


@app.command("list")
def list_(
    campaign: CampaignFilter = None,
    account: AccountFilter = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List broadcasts, the latest first, each with how its mails stand.

    Example: campaigner broadcast list --limit 10
    """
    with opened(workspace) as opened_app:
        found = broadcasts.list_broadcasts(
            opened_app.sessions, campaign=campaign, account=account, limit=limit
        )
        known, now = _accounts(opened_app.reading_sessions), opened_app.clock()
    if as_json:
        rows = [_row(each, known, now=now) for each in found]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not found:
        print("There is no broadcast. `campaigner queue` of a digest or a newsletter makes one.")
        return
    show_table(
        ["number", "when", "account", "language", "what", "readers", "sent", "waiting", "not sent",
         "left out", "state"],
        [
            [
                str(each.message.id),
                stamp(each.message.due_at, each.message.zone),
                each.message.account,
                locale_words(each.message.locale),
                f"{each.message.campaign} {each.message.run}",
                f"{each.broadcast.recipients:,}",
                f"{each.counts.sent:,}",
                f"{each.counts.under_way:,}",
                f"{_not_sent(each):,}",
                f"{each.broadcast.excluded:,}",
                _state(each, known, now=now),
            ]
            for each in found
        ],
    )  # fmt: skip


@app.command()
def show(number: Number, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Show one broadcast: how its mails stand, who is left out, and what comes next.

    Example: campaigner broadcast show 12
    """
    with opened(workspace) as opened_app:
        each, left_out = broadcasts.show(opened_app.sessions, number)
        known, now = _accounts(opened_app.reading_sessions), opened_app.clock()
    if as_json:
        row = {**_row(each, known, now=now), "left_out": dict(left_out)}
        print(json.dumps([row], ensure_ascii=False, indent=2))
        return
    message, broadcast = each.message, each.broadcast
    facts = {
        "campaign": f"{message.campaign}, edition of {message.run}",
        "subject": message.text,
        "account": f"{message.account} at {message.base}",
        "language": locale_words(message.locale),
        "segment": broadcast.segment,
        "topics": ", ".join(map(str, broadcast.topics)),
        "when": stamp(message.due_at, message.zone) + (
            ", on each reader's own clock" if broadcast.local else ""
        ),
        "at the latest": stamp(message.not_after, message.zone),
        "state": _state(each, known, now=now),
        "began": stamp(broadcast.started_at, message.zone) if broadcast.started_at else "",
        "ended": stamp(broadcast.ended_at, message.zone) if broadcast.ended_at else "",
        "readers": f"{broadcast.recipients:,} of {broadcast.candidates:,} candidates",
    }  # fmt: skip
    for name, value in facts.items():
        if value:
            print(f"{name + ':':15}{value}")
    for name, number_of in asdict(each.counts).items():
        if number_of:
            print(f"{number_of:>9,} {name}")
    for reason, number_of in left_out.items():
        print(f"{number_of:>9,} left out: {LEFT_OUT.get(Exclusion(reason), reason)}")


@app.command()
def exclusions(
    number: Number,
    reason: Annotated[Exclusion | None, typer.Option(help="Only for this reason.")] = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List who does not get a broadcast, and why.

    Example: campaigner broadcast exclusions 12 --reason topic
    """
    with opened(workspace) as opened_app:
        found = broadcasts.exclusions(opened_app.sessions, number, reason=reason, limit=limit)
    if as_json:
        print(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
    elif not found:
        print("Nobody is left out of it.")
    else:
        show_table(
            ["reader", "address", "why"],
            [
                [
                    str(each.subscriber),
                    each.address or "(erased)",
                    LEFT_OUT.get(Exclusion(each.reason), each.reason),
                ]
                for each in found
            ],
        )


@app.command()
def failed(
    number: Number,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List the mails of a broadcast that were refused, given up, or could not be confirmed.

    Example: campaigner broadcast failed 12
    """
    with opened(workspace) as opened_app:
        found = failed_mails(opened_app.sessions, number, limit=limit)
    if as_json:
        rows = [
            {"id": each.id, "recipient": each.recipient, "state": each.state, "note": each.note}
            for each in found
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    elif not found:
        print("None of its mails failed.")
    else:
        show_table(
            ["number", "to", "state", "why"],
            [[str(each.id), each.recipient, each.state, each.note] for each in found],
        )


@app.command("pause")
def pause_(
    number: Number,
    reason: ReasonOption = "by hand",
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Stop a broadcast at once, even what is about to be sent.

    Example: campaigner broadcast pause 12 --reason "wrong link in the first story"
    """
    with opened(workspace) as opened_app:
        broadcasts.show(opened_app.sessions, number)
        new = pause.pause(
            opened_app.sessions,
            scope=EDITION,
            target=str(number),
            reason=reason,
            by=by or opened_app.settings.user,
            now=opened_app.clock(),
        )
    print(f"Broadcast {number} is paused." if new else f"Broadcast {number} was paused already.")
    print(f"Nothing of it goes out until `campaigner broadcast resume {number}`.")


@app.command()
def resume(number: Number, by: AsOption = None, workspace: WorkspaceOption = None) -> None:
    """Lift the pause of a broadcast: it goes on, unless it had not begun and is past its time.

    Example: campaigner broadcast resume 12
    """
    with opened(workspace) as opened_app:
        done = pause.resume(
            opened_app.sessions,
            scope=EDITION,
            target=str(number),
            by=by or opened_app.settings.user,
            now=opened_app.clock(),
        )
    if done.broadcasts:
        print(
            "It fell due meanwhile, and had not begun. Send it (`campaigner broadcast send "
            f"{number}`), move it (`broadcast move {number} --at TIME`) or drop it (`broadcast "
            f"cancel {number}`)."
        )
    else:
        print(f"Broadcast {number} goes on.")


@app.command()
def cancel(
    number: Number,
    reason: ReasonOption = "by hand",
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let nothing more of a broadcast leave, whatever it is doing.

    Example: campaigner broadcast cancel 12 --reason "the meeting was moved"
    """
    with opened(workspace) as opened_app, _progress("Closing") as heard:
        done = broadcasts.cancel(
            opened_app.sessions,
            number,
            by=by or opened_app.settings.user,
            reason=reason,
            now=opened_app.clock(),
            heard=heard,
        )
    out = counted(done.counts.sent, "mail")
    print(f"Broadcast {number} is canceled; {out} had left.")


@app.command()
def send(number: Number, workspace: WorkspaceOption = None) -> None:
    """Send a broadcast that fell due while paused, or after the backup that was restored.

    Example: campaigner broadcast send 12
    """
    with opened(workspace) as opened_app:
        broadcasts.send(opened_app.sessions, number, now=opened_app.clock())
    print(f"Broadcast {number} goes out.")


@app.command()
def move(
    number: Number,
    at: Annotated[str, typer.Option(help="When, like '2026-12-01 10:00' in its campaign's zone.")],
    not_after: Annotated[
        str | None, typer.Option(help="A later last date, written the same way.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a broadcast, or what is left of it, go out at another time.

    Example: campaigner broadcast move 12 --at "2026-12-01 10:00"
    """
    with opened(workspace) as opened_app:
        zone = broadcasts.show(opened_app.sessions, number)[0].message.zone
        moment = read_moment(at, zone)
        last = broadcasts.move(
            opened_app.sessions,
            number,
            to=moment,
            not_after=read_moment(not_after, zone) if not_after else None,
            now=opened_app.clock(),
        )
    print(f"{number} goes out {stamp(moment, zone)}, {stamp(last, zone)} at the latest.")


@app.command("sample")
def sample_(
    number: Number,
    share: Annotated[str, typer.Option(help="How many go first, like 5% or 200.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Send a broadcast to a few first; the rest waits until you release it.

    Example: campaigner broadcast sample 12 --share 5%
    """
    with opened(workspace) as opened_app, _progress("Drawing") as heard:
        first, rest = sample.draw_sample(opened_app.sessions, number, share, heard=heard)
    print(
        f"{first:,} go first, {rest:,} wait until you looked: `campaigner broadcast release "
        f"{number}`."
    )


@app.command()
def release(number: Number, workspace: WorkspaceOption = None) -> None:
    """Let the rest of a broadcast go, after its sample was looked at.

    Example: campaigner broadcast release 12
    """
    with opened(workspace) as opened_app, _progress("Releasing") as heard:
        done = broadcasts.release(opened_app.sessions, number, heard=heard)
    print(f"{counted(done, 'mail')} released.")


@app.command("resend")
def resend_(
    number: Number,
    which: Annotated[
        list[Again] | None,
        typer.Option("--failed", help="Once more what ended so; say it once for each."),
    ] = None,
    joined: Annotated[
        bool, typer.Option("--joined", help="To those who became readers since.")
    ] = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Send a broadcast again: where it failed, or to those who joined since.

    What could not be confirmed (--failed unknown) may arrive twice.

    Example: campaigner broadcast resend 12 --failed exhausted
    """
    if bool(which) is joined:
        raise UserError("say to whom: --failed rejected|exhausted|unknown, or --joined")
    with opened(workspace) as opened_app, _progress("Queueing") as heard:
        now, who = opened_app.clock(), by or opened_app.settings.user
        if which:
            done = resend.resend_failed(
                opened_app.sessions, number, which=which, by=who, now=now, heard=heard
            )
            print(f"{counted(done, 'mail')} queued again.")
            return
        before = broadcasts.show(opened_app.sessions, number)[0].broadcast.recipients
        resend.resend_to_joined(opened_app.sessions, number, now=now)
        freeze_waiting(opened_app.sessions, clock=opened_app.clock, ids=[number])
        after = broadcasts.show(opened_app.sessions, number)[0].broadcast.recipients
    if after == before:
        print("Nobody joined since who would get it.")
    else:
        print(
            f"{counted(after - before, 'reader')} joined since. It goes to them once somebody "
            f"says yes: `campaigner approve --message {number}`."
        )


@app.command("test")
def trial(
    number: Number,
    to: Annotated[list[str], typer.Option("--to", help="An address; say it once for each.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Send a mail of a broadcast to named people, with [TEST] in its subject.

    Example: campaigner broadcast test 12 --to maria@example.org
    """
    with opened(workspace) as opened_app:
        outcomes = send_test(
            opened_app.sessions,
            number,
            to,
            accounts=opened_app.lists,
            public_url=opened_app.public_base,
            keyring=opened_app.keyring,
            signers_at=opened_app.signers,
            relay_at=lambda account, base: opened_app.relay(account, base, use="test"),
            now=opened_app.clock(),
        )
    refused = [
        f"{address}: {getattr(outcome, 'reason', '')}"
        for address, outcome in outcomes
        if not isinstance(outcome, Sent)
    ]
    print(f"{counted(len(outcomes) - len(refused), 'test mail')} sent.")
    if refused:
        raise UserError("\n".join(["the relay did not take:", *refused]))


def _accounts(sessions: Sessions) -> dict[str, Account]:
    with sessions() as session:
        return accounts.states(session)


def _not_sent(each: Standing) -> int:
    counts = asdict(each.counts)
    return sum(number for state, number in counts.items() if state not in ON_THEIR_WAY)


def _state(each: Standing, known: dict[str, Account], *, now: datetime) -> str:
    """Say in a few words where a broadcast is."""
    message, broadcast = each.message, each.broadcast
    if broadcast.stage == "closed":
        return message.note or "over"
    if each.counts.held and not broadcast.hold:
        return (
            f"{each.counts.held:,} wait until the sample was looked at (`campaigner broadcast "
            f"release {message.id}`); the others: {why_waiting(each, known, now=now)}"
        )
    return why_waiting(each, known, now=now)


def _row(each: Standing, known: dict[str, Account], *, now: datetime) -> dict[str, object]:
    message, broadcast = each.message, each.broadcast
    return {
        "id": message.id,
        "campaign": message.campaign,
        "run": message.run,
        "item": message.item,
        "account": message.account,
        "locale": message.locale,
        "subject": message.text,
        "message": message.state,
        "stage": broadcast.stage,
        "hold": broadcast.hold or message.hold,
        "paused": bool(each.pauses),
        "why": _state(each, known, now=now),
        "due_at": message.due_at.isoformat(),
        "not_before": broadcast.not_before.isoformat() if broadcast.not_before else None,
        "not_after": message.not_after.isoformat(),
        "local": broadcast.local,
        "segment": broadcast.segment,
        "topics": broadcast.topics,
        "sample": broadcast.sample,
        "candidates": broadcast.candidates,
        "recipients": broadcast.recipients,
        "excluded": broadcast.excluded,
        "counts": asdict(each.counts),
        "frozen_at": broadcast.frozen_at.isoformat() if broadcast.frozen_at else None,
        "started_at": broadcast.started_at.isoformat() if broadcast.started_at else None,
        "ended_at": broadcast.ended_at.isoformat() if broadcast.ended_at else None,
    }


@contextmanager
def _progress(verb: str) -> Iterator[Callable[[int], object]]:
    """Say on stderr how far a long change is, after each range of it."""
    yield lambda done: print(f"{verb}: {done:,} mails", file=sys.stderr)
