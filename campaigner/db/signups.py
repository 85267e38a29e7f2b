"""What public forms received: kept as it comes, decided on later, forgotten in the end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from campaigner.core.audience import Standing, SuppressedFor
from campaigner.core.limits import Limit
from campaigner.core.signup import LEASE, Answer, Next, SignupState, Suppressed
from campaigner.db.engine import change
from campaigner.db.models import Pause, Signup, Subscriber, Subscription, Suppression

FORGOTTEN_AT_ONCE = 1000
_OPEN = (SignupState.WAITING.value, SignupState.MAILING.value)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What we know of the mailboxes of some requests, each set by one query.

    `standings` by (mailbox, list); `suppressed` by the mailbox's hash, under
    whatever key it was kept; `granted` by the hash of mailbox or network: when
    an earlier request was answered by a mail.
    """

    standings: Mapping[tuple[str, str], Standing]
    suppressed: Mapping[str, Suppressed]
    granted: Mapping[str, Sequence[datetime]]


def append(session: Session, values: Mapping[str, Any], *, flood: Limit, now: datetime) -> bool:
    """Keep one request; False where its network made more than `flood` of them.

    The same statement for everybody: it looks at the network alone, never at
    who is asked for.
    """
    row: dict[str, Any] = {
        "state": SignupState.WAITING.value,
        "at": now,
        "next_at": now,
        "tries": 0,
        "answer": "",
        "note": "",
        **values,
    }
    earlier = (
        select(func.count())
        .select_from(Signup)
        .where(Signup.network_hash == row["network_hash"], Signup.at > now - flood.within)
        .scalar_subquery()
    )
    columns = Signup.__table__.c
    literals = select(*(literal(value, columns[name].type) for name, value in row.items()))
    statement = insert(Signup).from_select(list(row), literals.where(earlier < flood.most))
    return change(session, statement) == 1


def due(session: Session, *, now: datetime, limit: int) -> Sequence[Signup]:
    """Return requests to be decided on, or whose mail has to be tried again, oldest first.

    One whose mailing was cut off by a crash is among them once its lease is over.
    """
    return session.scalars(
        select(Signup)
        .where(Signup.state.in_(_OPEN), Signup.next_at <= now)
        .order_by(Signup.next_at, Signup.id)
        .limit(limit)
    ).all()


def has_due(session: Session, *, now: datetime) -> bool:
    return session.scalar(select(Signup.id).where(_is_due(now)).limit(1)) is not None


def what_is_known(
    session: Session,
    *,
    mailboxes: Collection[str],
    hashes: Collection[str],
    networks: Collection[str],
    since: datetime,
) -> Known:
    """Return what decides over requests. `hashes` are those of the mailboxes, by every key."""
    standings = session.execute(
        select(Subscriber.mailbox, Subscription.list, Subscription.state)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscriber.mailbox.in_(mailboxes))
    )
    suppressions = session.scalars(select(Suppression).where(Suppression.hash.in_(hashes)))
    granted: dict[str, list[datetime]] = {}
    for column, wanted in ((Signup.mailbox_hash, hashes), (Signup.network_hash, networks)):
        rows = session.execute(
            select(column, Signup.at).where(
                column.in_(wanted), Signup.at > since, Signup.answer != ""
            )
        )
        for key, at in rows:
            granted.setdefault(key, []).append(at)
    return Known(
        standings={(mailbox, name): Standing(state) for mailbox, name, state in standings},
        suppressed={
            row.hash: Suppressed(reason=SuppressedFor(row.reason), at=row.at)
            for row in suppressions
        },
        granted=granted,
    )


def begin(session: Session, id: int, *, answer: Answer, now: datetime) -> int | None:
    """Mark a request as being mailed; return the number of this try, counted from 1.

    None where another process has it, or nobody waits for it any more. The
    caller commits before the mail leaves.
    """
    return session.scalar(
        update(Signup)
        .where(Signup.id == id, _is_due(now))
        .values(
            state=SignupState.MAILING.value,
            answer=answer.value,
            next_at=now + LEASE,
            tries=Signup.tries + 1,
        )
        .returning(Signup.tries),
        execution_options={"synchronize_session": False},
    )


def end(session: Session, id: int, step: Next, *, number: int) -> bool:
    """Write what became of try `number`; False where another one came after it."""
    values: dict[str, Any] = {
        "state": step.state.value,
        "next_at": step.next_at,
        "note": step.note,
        "tries": number if step.counts else number - 1,
    }
    if step.state is SignupState.REFUSED:
        values |= _FORGOTTEN
    mine = and_(
        Signup.id == id,
        Signup.tries == number,
        Signup.state == SignupState.MAILING.value,
    )
    return change(session, update(Signup).where(mine).values(**values)) == 1


def refuse(session: Session, id: int, *, why: str) -> None:
    """Close a request that no mail answers. Whose it was is forgotten at once, but for its hash."""
    change(
        session,
        update(Signup)
        .where(Signup.id == id, Signup.state.in_(_OPEN))
        .values(state=SignupState.REFUSED.value, next_at=None, note=why, **_FORGOTTEN),
    )


def postpone(session: Session, ids: Sequence[int], *, until: datetime) -> None:
    """Let requests wait: their list is paused."""
    change(
        session,
        update(Signup)
        .where(Signup.id.in_(ids), Signup.state.in_(_OPEN))
        .values(state=SignupState.WAITING.value, next_at=until),
    )


def paused_lists(session: Session, lists: Collection[str]) -> set[str]:
    """Return which of these lists a stop covers: one of everything, or of their account."""
    stops = session.execute(
        select(Pause.scope, Pause.target).where(
            Pause.lifted_at.is_(None),
            or_(Pause.scope == "all", and_(Pause.scope == "account", Pause.target.in_(lists))),
        )
    ).all()
    if any(scope == "all" for scope, _ in stops):
        return set(lists)
    return {target for _, target in stops}


def mark_confirmed(session: Session, id: int, *, now: datetime) -> None:
    """Write that a request was confirmed: its first time counts, however often it is said."""
    change(
        session,
        update(Signup)
        .where(Signup.id == id, Signup.state != SignupState.CONFIRMED.value)
        .values(state=SignupState.CONFIRMED.value, confirmed_at=now, next_at=None),
    )


def forget(session: Session, *, older_than: timedelta, now: datetime) -> int:
    """Delete the oldest requests, at most FORGOTTEN_AT_ONCE at a time; return how many.

    What was confirmed is by then in the subscription's own consent record. The
    newest row stays, emptied: SQLite would give its number to the next request,
    and a link that is out would speak for somebody else.
    """
    oldest = select(Signup.id, Signup.at).order_by(Signup.id).limit(FORGOTTEN_AT_ONCE).subquery()
    newest = select(func.max(Signup.id)).scalar_subquery()
    before = now - older_than
    old = select(oldest.c.id).where(oldest.c.at < before, oldest.c.id < newest)
    change(
        session,
        update(Signup)
        .where(Signup.id == newest, Signup.at < before, Signup.address != "")
        .values(state=SignupState.REFUSED.value, next_at=None, note="forgotten", **_FORGOTTEN),
    )
    return change(session, delete(Signup).where(Signup.id.in_(old)))


def _is_due(now: datetime) -> Any:
    return and_(Signup.state.in_(_OPEN), Signup.next_at <= now)


_FORGOTTEN: Mapping[str, Any] = {"address": "", "name": "", "topics": [], "consent": {}}
