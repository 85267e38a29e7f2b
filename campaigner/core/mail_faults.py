"""The gate before sending: what in a mail would not arrive, not work, or look like spam.

Pure, and over one mail as its readers get it but for the slots. What `stops`
holds the edition until somebody corrects it; the rest is for people to look
at. Nothing is fetched: an address that leads nowhere is not noticed here.

Links, images and the way out are as receivers ask it of senders:
https://support.google.com/a/answer/81126, https://senders.yahooinc.com/best-practices
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from campaigner.core.mail_page import Page
from campaigner.core.slots import PATTERN, SLOTS

LARGEST = 95_000  # bytes of HTML, decoded: beyond 102 KB Gmail clips, unsubscribe link and all
LONGEST_SUBJECT = 150
LONGEST_PREHEADER = 250
MOST_IMAGES = 20
FEWEST_WORDS = 40  # beside images, for a mail to be more than a picture
SHORTENERS = frozenset((
    "bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly",
    "shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "v.gd",
))  # fmt: skip

_UNFILLED = re.compile(r"%\(\w+\)[a-z]|\{\{.*?\}\}|\{%.*?%\}")
_ADDRESS_AS_TEXT = re.compile(r"(?:https?://|www\.)[^\s/]+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S*")
_BLANK = re.compile(r"[\s\x00-\x1f<>\"]")
_HOST = re.compile(
    r"(?=.{4,253}\Z)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,63}|xn--[\w-]+)"
)
_WORD = re.compile(r"\w+")
_LETTER = re.compile(r"[^\W\d_]")


class Kind(StrEnum):
    """What may be wrong with a mail."""

    SIZE = "size"
    ALT = "alt"
    LINK = "link"
    PLAIN_LINK = "plain link"
    IMAGE_ADDRESS = "image address"
    UNSUBSCRIBE = "unsubscribe"
    UNFILLED = "unfilled"
    NO_SUBJECT = "no subject"
    NO_TEXT = "no text"
    ACTIVE = "active"
    LONG_SUBJECT = "long subject"
    CAPITALS = "capitals"
    EXCLAMATIONS = "exclamations"
    OTHER_ADDRESS = "other address"
    SHORTENED = "shortened"
    IMAGES = "images"
    IMAGE_ONLY = "image only"
    HIDDEN = "hidden"


STOPS = frozenset((
    Kind.SIZE, Kind.ALT, Kind.LINK, Kind.IMAGE_ADDRESS, Kind.UNSUBSCRIBE, Kind.UNFILLED,
    Kind.NO_SUBJECT, Kind.NO_TEXT, Kind.ACTIVE,
))  # fmt: skip

_SENTENCES = {
    Kind.SIZE: "The HTML has {detail} bytes. Gmail clips more than 95,000: make it shorter",
    Kind.ALT: "The image {detail} has no text for who cannot see it. Write its alt text",
    Kind.LINK: "The link '{detail}' leads nowhere. Write a whole https address",
    Kind.PLAIN_LINK: "The link {detail} is not an https one. Use https where the site offers it",
    Kind.IMAGE_ADDRESS: "The image {detail} is not at an https address. Put it where there is one",
    Kind.UNSUBSCRIBE: "Its {detail} has no link to unsubscribe. Put the slot into the template",
    Kind.UNFILLED: "'{detail}' was not filled in. Correct the template or the translation",
    Kind.NO_SUBJECT: "It has no subject. Write one",
    Kind.NO_TEXT: "Its text part says nothing. Write the .txt templates",
    Kind.ACTIVE: "It has an element '{detail}', which mail programs remove or refuse. Take it out",
    Kind.LONG_SUBJECT: "The subject has {detail} characters. Few programs show more than 60",
    Kind.CAPITALS: "The subject is in capitals, as spam is. Write it as a sentence",
    Kind.EXCLAMATIONS: "The subject has {detail} exclamation marks, as spam has. One is enough",
    Kind.OTHER_ADDRESS: "A link says one address and leads to another: {detail}. Make them one",
    Kind.SHORTENED: "The link {detail} is shortened, which filters distrust. Use the real one",
    Kind.IMAGES: "It has {detail} images, which take long to load. Show fewer",
    Kind.IMAGE_ONLY: "Without images hardly anything is left, and many see none. Say it in words",
    Kind.HIDDEN: "It has hidden text, as spam has: '{detail}'. Take it out",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MailFault:
    """One fault. `detail` names what is at fault: an address, a number, a word; may be empty."""

    kind: Kind
    detail: str = ""

    @property
    def stops(self) -> bool:
        return self.kind in STOPS

    @property
    def sentence(self) -> str:
        """Say what is wrong and what to do, without a stop at the end."""
        return _SENTENCES[self.kind].format(detail=self.detail)


def faults_in(*, subject: str, html: str, text: str) -> tuple[MailFault, ...]:
    """Return what is wrong with a mail: first what stops it, each fault once.

    `html` is the whole page and `text` the whole text part, with ⟦slots⟧.
    """
    page = Page(html)
    found = [
        *_of_subject(subject),
        *_of_text(text),
        *_of_page(html, page),
        *(fault for link in page.links for fault in _of_link(*link)),
        *_of_images(page),
    ]
    once = dict.fromkeys(found)
    return tuple(sorted(once, key=lambda fault: not fault.stops))


def _of_subject(subject: str) -> Iterator[MailFault]:
    said = subject.strip()
    letters = _LETTER.findall(said)
    if not said:
        yield MailFault(kind=Kind.NO_SUBJECT)
    if len(said) > LONGEST_SUBJECT:
        yield MailFault(kind=Kind.LONG_SUBJECT, detail=str(len(said)))
    if len(letters) > 10 and sum(letter.isupper() for letter in letters) > 0.8 * len(letters):
        yield MailFault(kind=Kind.CAPITALS)
    if (marks := said.count("!")) > 1:
        yield MailFault(kind=Kind.EXCLAMATIONS, detail=str(marks))
    yield from _unfilled(said)


def _of_text(text: str) -> Iterator[MailFault]:
    if not _WORD.search(PATTERN.sub("", text)):
        yield MailFault(kind=Kind.NO_TEXT)
    if "⟦unsubscribe⟧" not in text:
        yield MailFault(kind=Kind.UNSUBSCRIBE, detail="text")
    yield from _unfilled(text)


def _of_page(html: str, page: Page) -> Iterator[MailFault]:
    if (size := len(html.encode())) > LARGEST:
        yield MailFault(kind=Kind.SIZE, detail=f"{size:,}")
    if not any("⟦unsubscribe⟧" in address for address, _ in page.links):
        yield MailFault(kind=Kind.UNSUBSCRIBE, detail="HTML")
    for name in page.active:
        yield MailFault(kind=Kind.ACTIVE, detail=name)
    yield from _unfilled(" ".join((page.text, *(address for address, _ in page.links))))
    # The first hidden text is what programs show beside the subject.
    for place, hidden in enumerate(page.hidden):
        if place or len(hidden) > LONGEST_PREHEADER:
            yield MailFault(kind=Kind.HIDDEN, detail=_short(hidden))


def _of_link(address: str, said: str) -> Iterator[MailFault]:
    if PATTERN.fullmatch(address) or (address.startswith("#") and len(address) > 1):
        return
    scheme, _, rest = address.partition(":")
    if scheme.lower() in ("mailto", "tel"):
        if not rest or _BLANK.search(rest) or (scheme.lower() == "mailto" and "@" not in rest):
            yield MailFault(kind=Kind.LINK, detail=_short(address))
        return
    if (host := _host_of(address)) is None:
        yield MailFault(kind=Kind.LINK, detail=_short(address))
        return
    if scheme.lower() != "https":
        yield MailFault(kind=Kind.PLAIN_LINK, detail=_short(address))
    if host in SHORTENERS:
        yield MailFault(kind=Kind.SHORTENED, detail=_short(address))
    if (found := _ADDRESS_AS_TEXT.search(said)) and not _leads_to(host, found[0]):
        yield MailFault(kind=Kind.OTHER_ADDRESS, detail=f"{_short(found[0])}, {host}")


def _of_images(page: Page) -> Iterator[MailFault]:
    for address, alt in page.images:
        if _host_of(address) is None or not address.lower().startswith("https:"):
            yield MailFault(kind=Kind.IMAGE_ADDRESS, detail=_short(address))
        if alt is None:
            yield MailFault(kind=Kind.ALT, detail=_short(address))
    if len(page.images) > MOST_IMAGES:
        yield MailFault(kind=Kind.IMAGES, detail=str(len(page.images)))
    if page.images and len(_WORD.findall(page.text)) < FEWEST_WORDS:
        yield MailFault(kind=Kind.IMAGE_ONLY)


def _unfilled(text: str) -> Iterator[MailFault]:
    for found in _UNFILLED.finditer(text):
        yield MailFault(kind=Kind.UNFILLED, detail=_short(found[0]))
    for name in PATTERN.findall(text):
        if name not in SLOTS:
            yield MailFault(kind=Kind.UNFILLED, detail=f"⟦{name}⟧")


def _host_of(address: str) -> str | None:
    """Return the host of an http or https address, in lower case; None for a broken one."""
    if _BLANK.search(PATTERN.sub("", address)):
        return None
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    return host


def _leads_to(host: str, said: str) -> bool:
    """Whether a link to `host` is what an address in its text says, but for www."""
    shown = said.rpartition("://")[2].partition("/")[0].lower().removeprefix("www.")
    ours = host.removeprefix("www.")
    return shown == ours or ours.endswith(f".{shown}")


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 80 else f"{words[:79]}…"
