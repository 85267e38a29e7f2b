"""What stands of a campaign: each identity's newest version, compared with what is wanted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from campaigner.core.broadcast import Stage
from campaigner.core.delivery import UNSENT, Hold, MessageState
from campaigner.core.message import Identity, Kind
from campaigner.db.messages import identity_of
from campaigner.db.models import Broadcast, Delivery, Message, is_post


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An identity as it stands: its newest version, and whether anything of it ever left.

    `waiting` is how many of its deliveries still may leave, tried before or not.
    `moved_to` is where a person moved a post; None: it is due as it was
    planned. `country` is where a post is read.
    """

    message: Message
    fenced: bool
    waiting: int
    recipients: int
    moved_to: datetime | None = None
    country: str = ""

    @property
    def due_at(self) -> datetime:
        """When it goes, or was to go, out."""
        return self.moved_to or self.message.due_at

    @property
    def is_dropped(self) -> bool:
        """Whether a person, or its file, took it back."""
        return self.message.state is MessageState.CANCELED


def find_standing(
    session: Session, *, campaigns: Collection[str], run: str | None = None
) -> dict[Identity, Standing]:
    """Return every identity of these campaigns (of one run, if named) with its newest version."""
    per_message = (
        select(
            Delivery.message_id.label("message_id"),
            func.max(Delivery.attempts).label("tries"),
            func.count().label("recipients"),
            func.sum(case((Delivery.state.in_(UNSENT), 1), else_=0)).label("waiting"),
            func.max(Delivery.scheduled_at).label("scheduled_at"),
            func.max(Delivery.country).label("country"),
        )
        .where(is_post())
        .group_by(Delivery.message_id)
        .subquery()
    )
    query = (
        select(
            Message,
            per_message.c.tries,
            per_message.c.recipients,
            per_message.c.waiting,
            per_message.c.scheduled_at,
            per_message.c.country,
            Broadcast,
        )
        .outerjoin(per_message, per_message.c.message_id == Message.id)
        .outerjoin(Broadcast, Broadcast.message_id == Message.id)
        # A correction is no item of the file: no queueing makes, changes or cancels it.
        .where(Message.campaign.in_(campaigns), Message.corrects_id.is_(None))
        .order_by(Message.version)
    )
    if run is not None:
        query = query.where(Message.run == run)
    found: dict[Identity, Standing] = {}
    rows = session.execute(query)
    for message, tries, recipients, waiting, scheduled_at, country, broadcast in rows:
        identity = identity_of(message)
        before = found.get(identity)
        post_moved = message.kind is Kind.POST and scheduled_at not in (None, message.due_at)
        found[identity] = Standing(
            message=message,
            fenced=bool(tries)
            or (broadcast is not None and broadcast.started_at is not None)
            or (before is not None and before.fenced),
            waiting=waiting or _waiting(broadcast),
            recipients=recipients or (broadcast.recipients if broadcast else 0),
            moved_to=scheduled_at if post_moved else None,
            country=country or "",
        )
    return found


def _waiting(broadcast: Broadcast | None) -> int:
    """Return how many mails of a broadcast may still leave, at most; none are counted."""
    if broadcast is None or broadcast.stage in (Stage.CLOSING, Stage.CLOSED):
        return 0
    return broadcast.recipients


def differs(before: Message, wanted: Message) -> bool:
    """Whether a person would have to look at it again, or its last date or embargo moved.

    A yes that two people gave stays good where one would do now; not the other way round.
    """
    approved = before.state is MessageState.APPROVED
    return (
        (wanted.four_eyes and not before.four_eyes)
        or (before.four_eyes and not wanted.four_eyes and not approved)
        or before.content_hash != wanted.content_hash
        or before.not_after != wanted.not_after
        or before.embargo_until != wanted.embargo_until
        or (before.hold or Hold.APPROVAL) != (wanted.hold or Hold.APPROVAL)
        or before.note != wanted.note
    )


def set_countries(session: Session, countries: Mapping[int, str]) -> None:
    """Write where messages are read ({message: country}), of what of them did not leave yet."""
    if countries:
        session.connection().execute(
            update(Delivery.__table__)  # type: ignore[arg-type]
            .where(
                is_post(),  # a mail is read where its reader is
                Delivery.message_id == bindparam("of_message"),
                # Spelled out: one statement for many rows takes no list.
                or_(*(Delivery.state == state for state in UNSENT)),
            )
            .values(country=bindparam("read_in")),
            [{"of_message": id, "read_in": country} for id, country in countries.items()],
        )
