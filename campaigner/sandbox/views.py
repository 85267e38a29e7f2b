"""What the page shows, as plain values: posts cut into pieces, mails opened, faults in words."""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any
from urllib.parse import urlsplit

from campaigner.core.locales import normalize
from campaigner.sandbox.addresses import Span, hashtags, links
from campaigner.sandbox.posts import Mail, Post
from campaigner.sandbox.stage import Stage

SHOWN_HEADERS = (
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Content-Language", "List-Id",
    "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted", "Precedence",
)  # fmt: skip
LARGEST_PREVIEW = 300_000  # characters of a mail's text part that the page shows


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a post's text; with `href` it is a link, `kind` tag for a hashtag."""

    text: str
    kind: str = "text"
    href: str = ""


def post_view(stage: Stage, post: Post) -> dict[str, Any]:
    return {
        "network": post.network,
        "account": post.account,
        "id": post.id,
        "at": moment(post.at),
        "title": stage.title(post.account),
        "handle": stage.handle(post.account),
        "initials": initials(stage.title(post.account)),
        "hue": hue(post.account),
        "language": post.language,
        "locale": locale_of(post.language),
        "pieces": list(pieces(post)),
        "media": [{"src": f"/media/{medium.sha256}", "alt": medium.alt} for medium in post.media],
        "length": post.length,
        "limit": post.limit,
        "used": min(100, round(100 * post.length / post.limit)) if post.limit else 0,
        "counters": list(post.counters(stage.clock()).items()),
        "fault": post.fault,
        "reply_to": post.reply_to,
        "edited_at": moment(post.edited_at) if post.edited_at else None,
        "deleted_at": moment(post.deleted_at) if post.deleted_at else None,
        "earlier": [{"at": moment(version.at), "text": version.text} for version in post.earlier],
    }


def account_view(stage: Stage, network: str, account: str) -> dict[str, Any]:
    posts = stage.timeline(network, account)
    return {
        "network": network,
        "name": account,
        "title": stage.title(account),
        "handle": stage.handle(account),
        "initials": initials(stage.title(account)),
        "hue": hue(account),
        "count": len(posts),
        "last": moment(posts[0].at) if posts else None,
    }


def mail_view(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "at": moment(mail.at),
        "account": mail.account,
        "initials": initials(mail.account),
        "hue": hue(mail.account),
        "recipients": list(mail.recipients),
        "subject": mail.subject,
        "language": mail.language,
        "locale": locale_of(mail.language),
        "fault": mail.fault,
    }


def mails_newest_first(stage: Stage) -> list[Mail]:
    return sorted(stage.mails.values(), key=lambda mail: int(mail.id), reverse=True)


def moment(at: datetime) -> dict[str, str]:
    """Return a moment for a <time>: exact for machines, in UTC for people without JavaScript."""
    utc = at.astimezone(UTC)
    return {"exact": utc.isoformat(timespec="seconds"), "utc": f"{utc:%Y-%m-%d %H:%M} UTC"}


def initials(title: str) -> str:
    """Return one or two capital letters: ICANN LAC en español → IL."""
    words = re.findall(r"\w+", title)
    return "".join(word[0] for word in words[:2]).upper() or "?"


def hue(name: str) -> int:
    """Return a colour, as an angle, that is always the same for a name."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 360


def locale_of(language: str) -> str:
    """Return the CLDR name of a language tag; "" for one that says nothing."""
    try:
        return "" if language in ("", "und") else normalize(language)
    except ValueError:
        return ""


def pieces(post: Post) -> Iterator[Piece]:
    """Cut a post's text at its links and hashtags."""
    found: list[tuple[Span, str]] = [
        (link, "link") for link in links(post.text, schemeless=post.network == "x")
    ]
    found += [
        (tag, "tag")
        for tag in hashtags(post.text)
        if not any(link.start <= tag.start < link.end for link, _ in found)
    ]
    position = 0
    for span, kind in sorted(found, key=lambda pair: pair[0].start):
        if before := post.text[position : span.start]:
            yield Piece(text=before)
        yield Piece(text=_shown(span.text), kind=kind, href=_href(span.text, kind))
        position = span.end
    if rest := post.text[position:]:
        yield Piece(text=rest)


def _shown(text: str) -> str:
    bare = text.partition("://")[2] or text
    bare = bare.removeprefix("www.")
    return bare if len(bare) <= 36 else bare[:35] + "…"


def _href(text: str, kind: str) -> str:
    if kind == "tag":
        return ""
    return text if "://" in text else f"http://{text}"


@dataclass(frozen=True, kw_only=True)
class OpenMail:
    """A mail as it lies in the inbox: some headers, its text, and whether it has HTML."""

    headers: Sequence[tuple[str, str]]
    text: str
    has_html: bool
    size: int
    one_click: str
    """The address to which a mailbox provider posts when its reader clicks "unsubscribe"; or ""."""


def open_mail(data: bytes) -> OpenMail:
    message = _parsed(data)
    text = _part(message, "plain")
    return OpenMail(
        headers=[(name, str(message[name])) for name in SHOWN_HEADERS if message[name]],
        text=text[:LARGEST_PREVIEW],
        has_html=message.get_body(("html",)) is not None,
        size=len(data),
        one_click=one_click(message),
    )


def one_click(message: EmailMessage) -> str:
    """Return where one click unsubscribes (RFC 8058), if that is on this machine, else ""."""
    if str(message.get("List-Unsubscribe-Post", "")).strip() != "List-Unsubscribe=One-Click":
        return ""
    found = re.search(r"<(https?://[^<>\s]+)>", str(message.get("List-Unsubscribe", "")))
    host = urlsplit(found[1]).hostname if found else ""
    return found[1] if found and host in ("127.0.0.1", "localhost") else ""


def html_of(data: bytes) -> str:
    """Return a mail's HTML with its own pictures in place; "" if it has none.

    Links open in a new tab: the frame they stand in may not go anywhere.
    """
    message = _parsed(data)
    content = _part(message, "html")
    for part in message.walk():
        if (id := str(part.get("Content-ID", "")).strip(" <>")) and not part.is_multipart():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and f"cid:{id}" in content:
                encoded = base64.b64encode(payload).decode()
                content = content.replace(
                    f"cid:{id}", f"data:{part.get_content_type()};base64,{encoded}"
                )
    return f'<base target="_blank">{content}' if content else ""


def _parsed(data: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(data)
    assert isinstance(message, EmailMessage)
    return message


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):  # a character set that nobody knows
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def refusal_view(entry: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(entry["at"])
    return {
        "at": moment(at),
        "network": entry["network"],
        "account": entry["account"],
        "status": entry["status"],
        "reason": entry["reason"].removeprefix(f"{entry['status']} "),
        "fault": entry["fault"],
        "about": entry.get("text") or ", ".join(entry.get("recipients", [])),
    }
