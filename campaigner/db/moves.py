"""Deliveries that a person gives another time, or sends or drops, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from campaigner.core.delivery import MessageState, State
from campaigner.core.message import Kind
from campaigner.db.listing import Listed
from campaigner.db.models import Attempt, Delivery, Message


@dataclass(frozen=True, kw_only=True)
class Move:
    """A delivery's new time, the last date of its message, and the move in words.

    `resend_until` bounds a second try, which its network would not recognize
    later; None: who moves it knows that it is not out.
    """

    row: Listed
    to: datetime
    not_after: datetime
    words: str
    resend_until: datetime | None = None


def move_all(
    session: Session, moves: Sequence[Move], *, by: str, reason: str, now: datetime
) -> None:
    """Give locked rows their new times, with a line of history each; a few statements in all.

    What is approved is queued; what waits for approval, or for anything else
    that its message waits for, still does. The approval stays: it pins the
    time in the file, and who moves answers for the new one. A post's message
    says that it was moved; of a mail, only the one reader's copy was.
    """
    if not moves:
        return
    session.execute(
        update(Delivery),
        [
            {
                "id": move.row.delivery.id,
                "due_at": move.to,
                "scheduled_at": move.to,
                "resend_until": move.resend_until,
                **_opened(move.row, note=move.words),
            }
            for move in moves
        ],
    )
    messages = {
        move.row.message.id: {
            "id": move.row.message.id,
            "moved": move.words if move.row.message.kind is Kind.POST else move.row.message.moved,
            "not_after": move.not_after,
        }
        for move in sorted(moves, key=lambda move: move.not_after)
    }
    session.execute(update(Message), list(messages.values()))
    keep_lines(
        session,
        {move.row.delivery.id: f"{move.words}; {reason}" for move in moves},
        outcome="moved",
        by=by,
        now=now,
    )


def send_all(session: Session, rows: Sequence[Listed], *, by: str, now: datetime) -> None:
    """Queue locked rows for now, with a line of history each."""
    # Nobody looked at each of them: a second try stays bound to its key.
    values = {"state": State.QUEUED, "due_at": now, "note": f"sent by {by}"}
    _change_all(session, rows, values)
    keep_lines(session, {row.delivery.id: "" for row in rows}, outcome="retry", by=by, now=now)


def drop_all(
    session: Session, rows: Sequence[Listed], *, by: str, reason: str, now: datetime
) -> None:
    """Cancel locked rows, with a line of history each."""
    _change_all(session, rows, {"state": State.CANCELED, "note": f"canceled by {by}: {reason}"})
    lines = {row.delivery.id: reason for row in rows}
    keep_lines(session, lines, outcome="canceled", by=by, now=now)


def keep_lines(
    session: Session, reasons: dict[int, str], *, outcome: str, by: str, now: datetime
) -> None:
    """Add a line, {delivery: reason}, to each one's history."""
    if reasons:
        session.execute(
            insert(Attempt),
            [
                {
                    "delivery_id": id,
                    "number": 0,
                    "at": now,
                    "outcome": outcome,
                    "reason": reason,
                    "by": by,
                }
                for id, reason in reasons.items()
            ],
        )


def _opened(row: Listed, *, note: str) -> dict[str, object]:
    delivery = row.delivery
    if row.message.state is not MessageState.APPROVED:
        return {"state": delivery.state, "hold": delivery.hold, "note": delivery.note}
    return {"state": State.QUEUED, "hold": None, "note": note}


def _change_all(session: Session, rows: Sequence[Listed], values: dict[str, object]) -> None:
    if rows:
        session.execute(
            update(Delivery), [{"id": row.delivery.id, "hold": None, **values} for row in rows]
        )
