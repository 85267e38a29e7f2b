"""The readers of a list before they are frozen for an edition: their languages and zones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from campaigner.core.audience import Standing
from campaigner.core.campaign import Campaign
from campaigner.core.editions import ScheduledEdition
from campaigner.core.locales import nearest
from campaigner.core.message import Identity
from campaigner.core.segments import parse
from campaigner.db.models import Subscriber, Subscription
from campaigner.db.segments import condition


@dataclass(frozen=True, kw_only=True)
class Readers:
    """Those of a list who read in one locale.

    `candidates` are all who have to do with the list and are taken in by the
    segment, also those who left: as many as freezing decides on. `zones` are
    those of the readers who can be mailed, `readers` how many these are.
    """

    locale: str
    zones: tuple[str, ...]
    readers: int
    candidates: int


def find_readers(session: Session, *, list: str, segment: str = "") -> dict[str, Readers]:
    """Return the readers of a list by locale. Goes through all of it: not within a write."""
    may_be_mailed = and_(
        Subscription.state == Standing.ACTIVE.value, Subscriber.suppressed_at.is_(None)
    )
    query = (
        select(
            Subscriber.locale,
            Subscriber.zone,
            func.count(),
            func.sum(case((may_be_mailed, 1), else_=0)),
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.list == list, Subscription.state != Standing.PENDING.value)
        .group_by(Subscriber.locale, Subscriber.zone)
        .order_by(Subscriber.locale, Subscriber.zone)
    )
    if segment:
        query = query.where(condition(parse(segment)))
    found: dict[str, Readers] = {}
    for locale, zone, candidates, readers in session.execute(query):
        before = found.get(locale)
        zones = (zone,) if readers else ()
        found[locale] = Readers(
            locale=locale,
            zones=(*(before.zones if before else ()), *zones),
            readers=readers + (before.readers if before else 0),
            candidates=candidates + (before.candidates if before else 0),
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Part:
    """One account's share of an edition in one locale, and the readers who get it.

    `reader_locales` are theirs: of each, that of the edition is the nearest.
    `zones` are those in which it has to be able to tell a time.
    """

    identity: Identity
    zones: tuple[str, ...]
    reader_locales: tuple[str, ...]
    readers: int
    candidates: int


def find_parts(
    session: Session,
    campaign: Campaign,
    edition: ScheduledEdition,
    *,
    serves: Mapping[str, Sequence[str]],
) -> Iterator[Part]:
    """Yield what each account sends of an edition, in each locale that it serves.

    `serves` are the campaign's e-mail accounts with their locales. Who reads in
    none of them gets the nearest, else the campaign's own language. Goes
    through whole lists, as `find_readers`.
    """
    for account, served in serves.items():
        offered = [name for name in campaign.locales if name in served]
        if not offered:
            continue
        source = campaign.source_locale
        fallback = source if source in offered else offered[0]
        readers = find_readers(session, list=account, segment=campaign.audience.segment)
        for locale in offered:
            theirs = [
                each
                for each in readers.values()
                if nearest(each.locale, offered, otherwise=fallback) == locale
            ]
            zones = {zone for each in theirs for zone in each.zones}
            yield Part(
                identity=Identity(
                    campaign=campaign.id,
                    run=edition.slot.day.isoformat(),
                    item=edition.name,
                    repetition=0,
                    account=account,
                    locale=locale,
                ),
                # The campaign's own too: for who comes, or moves, after this.
                zones=tuple(sorted({*zones, campaign.schedule.zone.key})),
                reader_locales=tuple(each.locale for each in theirs),
                readers=sum(each.readers for each in theirs),
                candidates=sum(each.candidates for each in theirs),
            )
