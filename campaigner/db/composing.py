"""Editions as they are composed: what stands of one, and what is written of it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigner.core.approval import Pinned, content_hash
from campaigner.core.broadcast import Stage, frozen_hash
from campaigner.core.campaign import Approval, Campaign
from campaigner.core.countries import country_of
from campaigner.core.delivery import CURRENT, Hold, MessageState
from campaigner.core.editions import ScheduledEdition
from campaigner.core.locales import bcp47
from campaigner.core.message import Identity, Kind, key_of
from campaigner.core.tellings import Telling, embargo_of, read_back
from campaigner.db import editions, messages
from campaigner.db.closing import begin_closing
from campaigner.db.engine import change
from campaigner.db.models import Broadcast, Message
from campaigner.db.readership import Part


@dataclass(frozen=True, kw_only=True)
class StandingMail:
    """The newest version of an edition's mail on one account in one locale.

    `begun`: it, or a version before it, has begun to go out. `recipients` and
    `candidates` are those that were frozen; None while they are not, or where
    there is nothing to freeze.
    """

    id: int
    version: int
    state: MessageState
    hold: Hold | None
    note: str
    content_hash: str
    due_at: datetime
    embargo_until: datetime | None
    begun: bool
    recipients: int | None
    candidates: int | None

    @property
    def is_current(self) -> bool:
        return self.state in CURRENT


@dataclass(frozen=True, kw_only=True)
class Known:
    """What stands of an edition: its data, and its mails. Two that are equal stand the same."""

    id: int | None
    telling: Telling | None
    standing: Mapping[Identity, StandingMail]

    @property
    def is_composed(self) -> bool:
        return self.id is not None

    @property
    def begun(self) -> bool:
        """Whether some have read it, or are about to."""
        return any(one.begun for one in self.standing.values())


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a mail says. `blocks` have zone, position, name, html and text; none: it has to wait.

    `note` tells what is left out, or why it waits; `hold` why. `projects` are
    served by it beside the campaign's own.
    """

    subject: str = ""
    blocks: Sequence[Mapping[str, Any]] = ()
    hold: Hold = Hold.FREEZING
    note: str = ""
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail message ready to be written; it lacks its version, its key and its edition."""

    part: Part
    message: Message
    content: Content
    broadcast: Broadcast | None
    projects: tuple[str, ...]


def new_mail(
    campaign: Campaign,
    edition: ScheduledEdition,
    part: Part,
    content: Content,
    *,
    telling: Telling,
    base: str,
    by: str,
    now: datetime,
) -> Mail:
    """Return the mail that says `content` to the readers of a part, from `base` on."""
    identity, slot, audience = part.identity, edition.slot, campaign.audience
    zone, language = campaign.schedule.zone, bcp47(part.identity.locale)
    day, at = slot.wall_clock(zone)
    pinned = Pinned(
        account=identity.account,
        base=base,
        when=slot.in_words(zone),
        text=content.subject,
        link="",
        language=language,
        blocks=[(b["zone"], b["position"], b["html"], b["text"]) for b in content.blocks],
        audience=audience.in_words,
    )
    message = Message(
        kind=Kind.MAIL,
        campaign=identity.campaign,
        run=identity.run,
        item=identity.item,
        repetition=identity.repetition,
        account=identity.account,
        locale=identity.locale,
        channel="email",
        state=MessageState.HELD,
        hold=content.hold,
        note=content.note,
        day=day,
        wall_time=f"{at:%H:%M}",
        zone=zone.key,
        due_at=slot.due_at,
        not_after=edition.not_after,
        moved=slot.moved,
        embargo_until=embargo_of(campaign, telling),
        text=content.subject,
        link="",
        language=language,
        media=[],
        four_eyes=campaign.approval is Approval.FOUR_EYES,
        base=base,
        content_hash=content_hash(pinned),
        queued_by=by,
        queued_at=now,
    )
    broadcast = Broadcast(
        locales=list(part.reader_locales),
        segment=audience.segment,
        topics=list(audience.topics),
        local=audience.local,
        sample=audience.sample,
        stage=Stage.FREEZING,
    )
    return Mail(
        part=part,
        message=message,
        content=content,
        broadcast=broadcast if content.blocks else None,
        projects=tuple(dict.fromkeys([*campaign.projects, *content.projects])),
    )


def look(session: Session, *, campaign: str, edition: ScheduledEdition) -> Known:
    """Return what stands of an edition. Reads none of its mails' rows: there may be a million."""
    day = edition.slot.day
    saved = editions.find_edition(session, campaign=campaign, day=day, slot=edition.name)
    rows = session.execute(
        select(Message, Broadcast)
        .outerjoin(Broadcast, Broadcast.message_id == Message.id)
        .where(
            Message.campaign == campaign,
            Message.run == day.isoformat(),
            Message.item == edition.name,
            # A correction is no edition: nothing composes, changes or cancels it here.
            Message.corrects_id.is_(None),
        )
        .order_by(Message.version)
        .execution_options(populate_existing=True)
    )
    standing: dict[Identity, StandingMail] = {}
    for message, broadcast in rows:
        identity = messages.identity_of(message)
        before = standing.get(identity)
        frozen = broadcast is not None and broadcast.stage != Stage.FREEZING
        standing[identity] = StandingMail(
            id=message.id,
            version=message.version,
            state=message.state,
            hold=message.hold,
            note=message.note,
            content_hash=message.content_hash,
            due_at=message.due_at,
            embargo_until=message.embargo_until,
            begun=(before is not None and before.begun)
            or (broadcast is not None and broadcast.started_at is not None),
            recipients=broadcast.recipients if frozen else None,
            candidates=broadcast.candidates if frozen else None,
        )
    return Known(
        id=saved.id if saved else None,
        telling=read_back(saved.data) if saved else None,
        standing=standing,
    )


def is_same(standing: StandingMail, mail: Mail) -> bool:
    """Whether nobody would have to look at it again: the same content, for as many people."""
    message = mail.message
    content = message.content_hash
    if standing.recipients is not None:
        content = frozen_hash(content, recipients=standing.recipients)
    return (
        (standing.is_current or standing.recipients == 0)  # nobody was left to get it
        and standing.content_hash == content
        and standing.candidates in (None, mail.part.candidates)
        and standing.embargo_until == message.embargo_until
        # A yes clears the note: it was read.
        and (standing.state is not MessageState.HELD or standing.note == message.note)
    )


def save(
    session: Session,
    *,
    campaign: str,
    edition: ScheduledEdition,
    telling: Telling,
    now: datetime,
) -> int:
    """Write what an edition tells; return its number."""
    saved = editions.save_edition(
        session,
        campaign=campaign,
        day=edition.slot.day,
        slot=edition.name,
        data=telling.to_json(),
        now=now,
    )
    return saved.id


def write(session: Session, mail: Mail, *, edition_id: int, before: StandingMail | None) -> bool:
    """Write a mail in place of the version before it; False if that has begun to go out."""
    if before is not None and not close(session, before, MessageState.REPLACED):
        return False
    message = mail.message
    message.edition_id = edition_id
    message.version = before.version + 1 if before else 1
    message.key = key_of(mail.part.identity, message.version)
    messages.add_messages(session, [message], projects=mail.projects)
    if mail.broadcast is None:
        country = country_of(message.locale)
        session.add(messages.held_delivery(message, country=country))
        return True
    mail.broadcast.message_id = message.id
    session.add(mail.broadcast)
    editions.add_blocks(session, message.id, mail.content.blocks)
    session.flush()
    return True


NOTES = {
    MessageState.REPLACED: "replaced by a newer version",
    MessageState.CANCELED: "there is nothing to tell in it any more",
}


def close(session: Session, before: StandingMail, state: MessageState) -> bool:
    """Let nothing more of a version leave; False if it has begun to.

    Its readers' rows are closed afterwards, in ranges (Stage.CLOSING).
    """
    broadcast = session.get(Broadcast, before.id, with_for_update=True, populate_existing=True)
    if broadcast is None:
        return not messages.close_messages(session, [before.id], state=state, note=NOTES[state])
    if broadcast.started_at is not None:
        return False
    if before.is_current:
        closing = update(Message).where(Message.id == before.id, Message.state.in_(CURRENT))
        change(session, closing.values(state=state, hold=None, note=NOTES[state]))
        begin_closing(session, [before.id])
    return True
