"""Freezing: who gets a message, in ranges of subscribers; each range is one short transaction.

A candidate has to do with the message's list (pending: not yet), reads in one
of its locales and is taken in by its segment. Each becomes a mail or, with a
reason, an exclusion. `broadcast.upto` moves in the same transaction: a freeze
that was killed goes on with its next range.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    FromClause,
    String,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session, aliased, join

from campaigner.core.audience import Exclusion as Reason
from campaigner.core.audience import Frequency, Standing
from campaigner.core.broadcast import share_bounds
from campaigner.core.countries import country_of
from campaigner.core.delivery import Hold, State
from campaigner.db.engine import change
from campaigner.db.models import (
    Base,
    Broadcast,
    Delivery,
    Exclusion,
    Message,
    Subscriber,
    SubscriberTopic,
    Subscription,
)
from campaigner.db.surroundings import is_newcomer
from campaigner.db.types import UTCDateTime

# Another name for the list's own rows: a segment may ask about subscriptions too.
Ours = aliased(Subscription, name="ours")

# What a mail is, or becomes, that counts as one more that its reader gets.
COUNTS_AS_MAIL = (State.QUEUED, State.CLAIMED, State.SENDING, State.SENT, State.UNKNOWN, State.HELD)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What decides on each candidate of one message; the same for all of its ranges.

    `zones` are those in which the message can tell a time; in another it tells
    the campaign's. `dues`: when it is due where, in a broadcast at each reader's own time.
    `share` of all (0..1) is let go first; `newcomers_share` of those who came
    with a list since `newcomers_since`; None: all. `joined`: only those are
    candidates whom the message does not know yet.
    """

    message: Message
    locales: tuple[str, ...]
    topics: tuple[str, ...]
    segment: ColumnElement[bool] | None
    dues: Mapping[str, datetime]
    due_at: datetime
    begun: tuple[int, ...]
    periods: Mapping[Frequency, tuple[int, ...]]
    zones: tuple[str, ...] = ()
    share: float | None = None
    newcomers_since: datetime | None = None
    newcomers_share: float | None = None
    joined: bool = False


@dataclass(frozen=True, kw_only=True)
class Range:
    """What became of the candidates of one range, which ends with subscriber `upto`."""

    upto: int
    candidates: int
    recipients: int
    excluded: int


def lock(session: Session, message_id: int) -> Broadcast | None:
    """Return a broadcast as it is, and let nobody else freeze it before the transaction ends.

    What is read afterwards is of one moment: on PostgreSQL too nobody joins or
    leaves between two statements of a range. A transaction that lost a race
    there fails, and is done again.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return session.scalar(
        select(Broadcast)
        .where(Broadcast.message_id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def count_candidates(session: Session, plan: Plan) -> int:
    """Return how many candidates there are altogether; goes through the whole list."""
    counted = select(func.count()).select_from(_audience()).where(*_candidates(plan))
    return session.scalars(counted).one()


def find_zones(session: Session, plan: Plan) -> list[str]:
    """Return the zones of all candidates; goes through the whole list."""
    zones = select(Subscriber.zone).select_from(_audience()).where(*_candidates(plan)).distinct()
    return sorted(session.scalars(zones))


def forget_left(session: Session, plan: Plan, *, after: int, until: int) -> int:
    """Take back exclusions of readers who had left and came again; return how many."""
    here_again = (
        select(Ours.subscriber_id)
        .select_from(_audience())
        .where(
            Ours.list == plan.message.account,
            Ours.state == Standing.ACTIVE,
            Subscriber.suppressed_at.is_(None),
            *_between(after, until),
        )
    )
    return change(
        session,
        delete(Exclusion).where(
            Exclusion.message_id == plan.message.id,
            Exclusion.reason.in_([Reason.LEFT, Reason.SUPPRESSED]),
            Exclusion.subscriber_id > after,
            Exclusion.subscriber_id <= until,
            Exclusion.subscriber_id.in_(here_again),
        ),
    )


class Freezer:
    """The statements that decide on a range, built once for all ranges of a message."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self.plan = plan
        within = [*_candidates(plan), *_between(bindparam("after"), bindparam("until"))]
        reason = _reason(plan)
        mail = _mail(session, plan)
        # One look counts the candidates and names those who are left out, few as they are.
        left_out = case((reason.is_not(None), sql_cast(Ours.subscriber_id, String) + ":" + reason))
        self._judge = (
            select(func.count(), func.aggregate_strings(left_out, ","))
            .select_from(_audience())
            .where(*within)
        )
        self._mails = insert(_table(Delivery)).from_select(
            [*mail],
            select(*mail.values())
            .select_from(_audience())
            .where(*within, reason.is_(None))
            .order_by(Ours.subscriber_id),
        )

    def end_of_range(self, session: Session, *, after: int, last: int, size: int) -> int:
        """Return with whom a range of `size` readers ends; `last` if it is the last range."""
        nth = (
            select(Ours.subscriber_id)
            .where(Ours.list == self.plan.message.account, *_between(after, last))
            .order_by(Ours.subscriber_id)
            .limit(1)
            .offset(size - 1)
        )
        return session.scalar(nth) or last

    def freeze(self, session: Session, *, after: int, until: int) -> Range:
        """Decide on the candidates ``after < subscriber <= until``: a mail each, or why not.

        The candidates are counted on their own, so that one of whom neither was
        made is noticed.
        """
        within = {"after": after, "until": until}
        connection = session.connection()
        candidates, named = connection.execute(self._judge, within).one()
        options = {"preserve_rowcount": True}
        mails = connection.execute(self._mails, within, execution_options=options).rowcount
        left_out = [pair.split(":") for pair in named.split(",")] if named else []
        if left_out:
            connection.execute(
                insert(_table(Exclusion)),
                [
                    {"message_id": self.plan.message.id, "subscriber_id": int(id), "reason": why}
                    for id, why in left_out
                ],
            )
        return Range(upto=until, candidates=candidates, recipients=mails, excluded=len(left_out))


def _audience() -> FromClause:
    return join(Ours, Subscriber, Subscriber.id == Ours.subscriber_id)


def _table(of: type[Base]) -> Table:
    return cast("Table", of.__table__)


def _between(
    after: int | BindParameter[int], until: int | BindParameter[int]
) -> list[ColumnElement[bool]]:
    return [Ours.subscriber_id > after, Ours.subscriber_id <= until]


def _candidates(plan: Plan) -> list[ColumnElement[bool]]:
    message = plan.message
    conditions = [
        Ours.list == message.account,
        Ours.state != Standing.PENDING,
    ]
    if plan.locales:
        conditions.append(Subscriber.locale.in_(plan.locales))
    if plan.segment is not None:
        conditions.append(plan.segment)
    if message.corrects_id is not None:
        conditions.append(_has_mail([message.corrects_id], [State.SENT, State.UNKNOWN]))
    if plan.joined:
        known = select(Exclusion.subscriber_id).where(
            Exclusion.message_id == message.id,
            Exclusion.subscriber_id == Ours.subscriber_id,
        )
        conditions += [~_has_mail([message.id]), ~exists(known.correlate(Ours))]
    return conditions


def _reason(plan: Plan) -> ColumnElement[str]:
    """Select why a candidate does not get it; null: they do. The first reason of several."""
    reasons = [
        (Subscriber.suppressed_at.is_not(None), Reason.SUPPRESSED),
        (Ours.state != Standing.ACTIVE, Reason.LEFT),
        (Subscriber.address == "", Reason.ADDRESS),
    ]
    if plan.topics and plan.message.corrects_id is None:
        theirs = select(SubscriberTopic.topic).where(
            SubscriberTopic.subscriber_id == Ours.subscriber_id
        )
        some = exists(theirs.correlate(Ours))
        ours = exists(theirs.where(SubscriberTopic.topic.in_(plan.topics)).correlate(Ours))
        reasons.append((and_(some, ~ours), Reason.TOPIC))
    for frequency, others in plan.periods.items():
        had = _has_mail(others, COUNTS_AS_MAIL)
        reasons.append((and_(Ours.frequency == frequency, had), Reason.FREQUENCY))
    if plan.begun:
        # Reached also who refused it: they were asked in that language.
        reasons.append((_has_mail(plan.begun, _NOT_CLOSED), Reason.REACHED))
    return case(*((when, literal(why.value)) for when, why in reasons), else_=null())


_NOT_CLOSED = tuple(state for state in State if state not in (State.CANCELED, State.EXPIRED))


def _has_mail(messages: Collection[int], states: Collection[State] = ()) -> ColumnElement[bool]:
    """Whether the candidate has a mail of one of these messages, in one of these states."""
    mail = aliased(Delivery)
    query = select(mail.id).where(
        mail.message_id.in_(messages), mail.subscriber_id == Ours.subscriber_id
    )
    if states:
        query = query.where(mail.state.in_(states))
    return exists(query.correlate(Ours))


def _mail(session: Session, plan: Plan) -> dict[str, Any]:
    """Return what each column of a new mail is."""
    message = plan.message
    due: ColumnElement[datetime] = literal(plan.due_at, UTCDateTime())
    if plan.dues:
        whens = {zone: literal(at, UTCDateTime()) for zone, at in plan.dues.items()}
        due = case(whens, value=Subscriber.zone, else_=due)
    aside = _held_back(plan)
    state: ColumnElement[str] = literal(State.QUEUED.value)
    hold: ColumnElement[Any] = null()
    if aside is not None:
        state = case((aside, literal(State.HELD.value)), else_=state)
        hold = case((aside, literal(Hold.SAMPLE.value)), else_=null())
    return {
        "message_id": literal(message.id),
        "account": literal(message.account),
        "recipient": Subscriber.address,
        "country": _countries(plan.locales),
        "subscriber_id": Ours.subscriber_id,
        "slots": _slots(session, plan),
        "state": state,
        "hold": hold,
        "note": literal(""),
        "scheduled_at": due,
        "due_at": due,
        "attempts": literal(0),
        "remote_url": literal(""),
        "samples": literal(0),
    }


def _held_back(plan: Plan) -> ColumnElement[bool] | None:
    """Return who waits until the sample has been looked at; None: nobody."""
    waits = []
    if plan.share is not None:
        waits.append(~in_share(plan.message.id, plan.share, Ours.subscriber_id))
    if plan.newcomers_share is not None:
        few = in_share(plan.message.id, plan.newcomers_share, Ours.subscriber_id)
        waits.append(and_(*is_newcomer(Ours, plan.newcomers_since), ~few))
    return or_(*waits) if waits else None


def in_share(
    message: int, share: float, subscriber: ColumnElement[int] | object
) -> ColumnElement[bool]:
    """Select who is in a message's sample: core.broadcast.is_in_share in SQL."""
    spread, shift, buckets, limit = share_bounds(message, share)
    # Written out: PostgreSQL would take a bound number for a small one.
    number = type_coerce(subscriber, Ours.subscriber_id.type)
    return (number * _big(spread) + _big(shift)) % _big(buckets) < _big(limit)


def _big(number: int) -> ColumnElement[int]:
    return literal_column(str(number))


def _countries(locales: Collection[str]) -> ColumnElement[str]:
    """Select where a reader is: their own country, else the one that their locale names."""
    named = {locale: country for locale in locales if (country := country_of(locale))}
    return case(
        (Subscriber.country != "", Subscriber.country),
        *((Subscriber.locale == locale, literal(country)) for locale, country in named.items()),
        else_=literal(""),
    )


def _slots(session: Session, plan: Plan) -> ColumnElement[Any]:
    zone: ColumnElement[str] = Subscriber.zone.expression
    if plan.zones:
        told = Subscriber.zone.in_(plan.zones)
        zone = case((told, Subscriber.zone), else_=literal(plan.message.zone))
    pairs: tuple[Any, ...] = (
        literal_column("'name'"),
        Subscriber.name,
        literal_column("'zone'"),
        zone,
    )
    if session.get_bind().dialect.name == "postgresql":
        return func.json_build_object(*pairs, type_=JSON())
    return func.json_object(*pairs, type_=JSON())
