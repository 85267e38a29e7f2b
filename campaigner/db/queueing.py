"""The difference that a queueing makes, as rows: what to add, close and amend, written at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from campaigner.core.delivery import MessageState
from campaigner.db import messages
from campaigner.db.models import Message
from campaigner.db.standing import Standing, set_countries


@dataclass(kw_only=True)
class Rows:
    """Collected while messages are compared, then written.

    `added` are new versions with the country in which each is read.
    `media` are pictures by hash, as messages.add_media takes them. `replaced`
    are new versions by the id of the old one, `canceled` ids. `moved_to` is
    where a hand moved a version that is added.
    """

    added: dict[Message, str] = field(default_factory=dict)
    media: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    replaced: dict[int, Message] = field(default_factory=dict)
    canceled: list[int] = field(default_factory=list)
    moved_to: dict[Message, datetime] = field(default_factory=dict)
    _reasons: list[tuple[Message, str]] = field(default_factory=list)
    _embargoes: list[tuple[Message, datetime | None]] = field(default_factory=list)
    _countries: dict[int, str] = field(default_factory=dict)

    def due_at(self, message: Message) -> datetime:
        return self.moved_to.get(message, message.due_at)

    def refresh(self, standing: Standing, *, moved: str, country: str) -> None:
        """Note what nobody has to look at again: why it was moved, and where it is read."""
        if standing.message.moved != moved:
            self._reasons.append((standing.message, moved))
        if standing.waiting and standing.country != country:
            self._countries[standing.message.id] = country

    def hold_back(self, standing: Standing, *, until: datetime | None) -> None:
        """Note the embargo of what was tried, is surely not out and waits for its next try."""
        if standing.waiting and standing.message.embargo_until != until:
            self._embargoes.append((standing.message, until))

    def write(self, session: Session, *, projects: Sequence[str]) -> list[Message]:
        """Write it all; return the new versions that are not made, because the old ones left.

        That was between our look and now: their identity is never made again.
        """
        left = messages.close_messages(
            session, self.replaced, state=MessageState.REPLACED, note="replaced by a newer version"
        )
        not_made = [self.replaced[id] for id in left]
        for message in not_made:
            del self.added[message]
        messages.close_messages(
            session,
            self.canceled,
            state=MessageState.CANCELED,
            note="no longer in the schedule",
            tried_too=True,
        )
        messages.add_media(session, self.media)
        messages.add_messages(session, list(self.added), projects=projects)
        set_countries(session, self._countries)
        for message, moved in self._reasons:
            message.moved = moved
        for message, until in self._embargoes:
            message.embargo_until = until
        session.add_all(
            messages.held_delivery(message, country=country, due_at=self.due_at(message))
            for message, country in self.added.items()
        )
        return not_made
