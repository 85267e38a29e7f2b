"""`campaigner correct list` and `show`: what was set right, and what may have happened."""

import json
from datetime import datetime, timedelta
from typing import Annotated

import typer

from campaigner.cli.outbox import ON_SCREEN
from campaigner.cli.tables import locale_words, show_table, stamp
from campaigner.cli.workspace import (
    CampaignFilter,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    opened,
)
from campaigner.core.correction import (
    DOUBTFUL,
    CorrectionState,
    Way,
    not_offered,
    what_stays,
)
from campaigner.core.delivery import Hold
from campaigner.db.corrections import Record
from campaigner.db.listing import Listed
from campaigner.services import correct

JUST_NOW = timedelta(minutes=2)  # so long a command may still wait for its network


def list_(
    campaign: CampaignFilter = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List what was set right, newest first, and what may have happened.

    Example: campaigner correct list --campaign dns-security-awareness
    """
    with opened(workspace) as opened_app:
        records = correct.history(opened_app.sessions, campaign=campaign, limit=limit)
        now = opened_app.clock()
    if as_json:
        rows = [_row(one, is_young=now - one.correction.at < JUST_NOW) for one in records]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    elif not records:
        print("Nothing was set right yet.")
    else:
        show_table(
            ["number", "when", "account", "language", "what", "how", "by", "why", "state"],
            [
                [
                    str(one.listed.delivery.id),
                    stamp(one.correction.at, one.listed.message.zone),
                    one.listed.message.account,
                    locale_words(one.listed.message.locale),
                    one.listed.message.item,
                    one.correction.kind,
                    one.correction.by,
                    one.correction.reason,
                    _state(one, is_young=now - one.correction.at < JUST_NOW),
                ]
                for one in records
            ],
        )


def show(
    number: Annotated[int, typer.Argument(help="A delivery's number, from `outbox list`.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what a post says by now, what was done to it, and what can be done.

    Example: campaigner correct show 12
    """
    with opened(workspace) as opened_app:
        post, said = correct.look_at(opened_app.sessions, number)
        records = correct.history(opened_app.sessions, number=number)
        now = opened_app.clock()
    young = {one.correction.id: now - one.correction.at < JUST_NOW for one in records}
    can = {way: not_offered(way, post.message.channel) for way in Way}
    if as_json:
        row = {
            "number": number,
            "channel": post.message.channel,
            "address": post.delivery.remote_url or post.delivery.remote_id or "",
            "approved": post.message.text,
            "text": said.text,
            "doubtful": said.doubtful,
            "deleted_at": _iso(post.delivery.deleted_at),
            "can": {str(way): refusal or "yes" for way, refusal in can.items()},
            "corrections": [_row(one, is_young=young[one.correction.id]) for one in records],
        }
        print(json.dumps([row], ensure_ascii=False, indent=2))
        return
    print(headline(post))
    deleted_at = post.delivery.deleted_at
    if deleted_at is not None:
        print(f"deleted:  {stamp(deleted_at, post.message.zone)}")
    print(f"\n{said.text}\n")
    if said.doubtful:
        print("It may say something else: a correction of it could not be confirmed.")
    for one in reversed(records):
        state = _state(one, is_young=young[one.correction.id])
        print(f"{stamp(one.correction.at, post.message.zone)}  {one.correction.kind} by "
              f"{one.correction.by}  {state}  ({one.correction.reason})")  # fmt: skip
    for way, refusal in can.items():
        print(f"{way + ':':10}{refusal or f'campaigner correct {way} {number}'}")
        for sentence in () if refusal else what_stays(way, post.message.channel):
            print(f"{'':10}- {sentence}")


def headline(post: Listed) -> str:
    """Return one line that tells a post from all others."""
    where = post.delivery.remote_url or post.delivery.remote_id or ""
    what = f"{post.message.item}, {post.message.account}, {locale_words(post.message.locale)}"
    return f"{post.delivery.id}  {what}  {where}".rstrip()


def _state(record: Record, *, is_young: bool) -> str:
    """Return where a correction stands, in words."""
    correction = record.correction
    if correction.state in DOUBTFUL and record.settled:
        return "in doubt, settled by a later one"
    if correction.state == CorrectionState.ASKED:
        return "being asked" if is_young else "may have happened, please look"
    if correction.state == CorrectionState.DONE and record.answer is not None:
        return f"answer {record.answer.delivery.id}: {_answer_state(record.answer)}"
    return f"{correction.state}: {correction.note}" if correction.note else correction.state


def _answer_state(answer: Listed) -> str:
    waits = answer.delivery.hold or answer.message.hold
    if waits is Hold.APPROVAL:
        return "waits for approval"
    return ON_SCREEN[answer.delivery.state]


def _row(record: Record, *, is_young: bool) -> dict[str, object]:
    correction, message = record.correction, record.listed.message
    return {
        "id": correction.id,
        "number": record.listed.delivery.id,
        "campaign": message.campaign,
        "item": message.item,
        "account": message.account,
        "locale": message.locale,
        "kind": correction.kind,
        "state": correction.state,
        "doubtful": correction.state in DOUBTFUL and not record.settled,
        "says": _state(record, is_young=is_young),
        "before": correction.before,
        "after": correction.after,
        "reason": correction.reason,
        "by": correction.by,
        "at": correction.at.isoformat(),
        "note": correction.note,
        "ended_at": _iso(correction.ended_at),
        "answer": record.answer.delivery.id if record.answer else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
