"""What is said: its identity, its content, and the form in which it leaves.

An identity has no time in it: a message that a holiday or a hand moves is
still the same message. (Design, section 5.)
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    POST = "post"
    MAIL = "mail"


@dataclass(frozen=True, kw_only=True, order=True)
class Identity:
    """Who says what, once: unique for ever, whatever is edited or moved.

    An edition is one too: `run` is its nominal date, `item` its slot.
    """

    campaign: str
    run: str
    item: str
    repetition: int
    account: str
    locale: str

    def __str__(self) -> str:
        return "/".join(
            (self.campaign, self.run, self.item, str(self.repetition), self.account, self.locale)
        )


def key_of(identity: Identity, version: int) -> str:
    """Return the key under which networks and we know one version of a message.

    The same for every try, so that a network which keeps keys recognizes a
    repetition.
    """
    return key_of_text(f"{identity}#{version}")


def key_of_mail(message_key: str, delivery: int) -> str:
    """Return the key of one reader's mail: its Message-ID, the same for every try."""
    return key_of_text(f"{message_key}/{delivery}")


def key_of_text(text: str) -> str:
    """Return 26 characters of lower-case base32, 128 bits of SHA-256.

    Safe in a header, in a link's utm_content and in a Message-ID.
    """
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b32encode(digest[:16]).decode().rstrip("=").lower()


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A picture as it was approved: `sha256` names its bytes, in hexadecimal."""

    sha256: str
    mime: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A picture ready to be uploaded."""

    name: str
    mime: str
    data: bytes
    alt: str


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a post stands with us, for those who publish by hand.

    `delivery` is its number in the outbox; `zone` is that of its campaign.
    """

    delivery: int
    campaign: str
    item: str
    locale: str
    not_after: datetime
    zone: str


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A post on its way. `text` is whole: link and hashtags are in it.

    `link` is the message's own link as it stands in the text, or empty.
    `language` is BCP 47. `first_attempt_at` is when it was first fenced.
    `reply_to` is the network's id of the post that it answers, or empty.
    `origin` is where it stands with us, for whoever publishes it by hand.
    """

    key: str
    text: str
    link: str
    language: str
    media: tuple[Attachment, ...] = ()
    first_attempt_at: datetime
    attempt: int = 1
    origin: Origin | None = None
    reply_to: str = ""


@dataclass(frozen=True, kw_only=True)
class OutgoingMail:
    """A mail on its way: `data` is the RFC 5322 bytes, CRLF, not dot-stuffed."""

    key: str
    envelope_from: str
    recipient: str
    data: bytes
