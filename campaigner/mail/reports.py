"""What a mail that came to our bounce address says: a bounce, a complaint, or neither.

Nothing in it is believed here. Who it is about, by our own tokens, is found
out by who holds the keys; an address in a text alone proves nothing.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from campaigner.core.bounces import Finding, Kind, Reason, Report
from campaigner.core.relay_events import reports_of_ses
from campaigner.mail.arf import complaints_of
from campaigner.mail.bounce_text import ADDRESS
from campaigner.mail.failures import failures_of
from campaigner.mail.opening import Opened, opened
from campaigner.mail.parts import decoded, last, words_of

LONGEST = 1 << 20  # bytes of a mail that are read; what comes later is the mail that came back
DEEPEST = 3  # a bounce in a mail in a mail
MOST_IDS = 50
_TOKEN = r"[a-z2-7]{29}"
# Whatever a forwarder wrapped around it (BATV, SRS): the token proves itself.
_RETURN = re.compile(rf"(?<![a-z0-9])b-({_TOKEN})(?=[@+=/])", re.IGNORECASE)
_MESSAGE_ID = re.compile(
    r"^[ \t]*message-id[ \t]*:[ \t]*(?:\n[ \t]+)?<([^<>\s]{1,250})>", re.I | re.M
)
_UNSUBSCRIBE = re.compile(rf"^\s*(?:re:\s*)?unsubscribe(?:[\s:]+({_TOKEN}))?\s*$", re.IGNORECASE)
_AUTOMATIC = re.compile(r"auto-(?:replied|generated|notified)|^yes$", re.IGNORECASE)
_AWAY = re.compile(
    r"out of (?:the )?office|automatic reply|auto(?:matic)?[ -]?(?:reply|response|responder)|"
    r"auto(?:matische)? ?antwort|vacation|away from|on (?:annual )?leave|"
    r"fuera de (?:la )?oficina|respuesta autom|"
    r"resposta autom|r[eé]ponse automatique|absen(?:ce|t)|ausente|f[eé]rias|abwesen|"
    r"自動(?:返信|応答)|i am away|not in the office|holiday",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|i)\s*:", re.IGNORECASE)
_QUOTE = re.compile(r"^> ?")


def read_report(raw: bytes) -> Report:
    """Read a mail. Never fails: what says nothing that can be read is UNREADABLE."""
    try:
        return _read(raw[:LONGEST])
    except (RecursionError, ValueError, LookupError, OverflowError) as error:
        return Report(kind=Kind.UNREADABLE, problem=f"it cannot be taken apart: {error}")


def _read(data: bytes, depth: int = 0) -> Report:
    mail = opened(data)
    report = _judge(mail)
    forwarded = _FORWARDED.match(words_of(last(mail.fields, "subject")))
    if (report.kind is Kind.UNREADABLE or forwarded) and depth < DEEPEST:
        # Passed on by a person or a mailing list: the bounce is inside.
        for inner in _inner(mail):
            found = _read(inner, depth + 1)
            if found.kind not in (Kind.UNREADABLE, Kind.VACATION, Kind.UNSUBSCRIBE):
                report = found
                break
    # As it came, and with its parts decoded: encodings break a token apart.
    whole = "\n".join([decoded(data), *mail.texts, *mail.copies])
    return replace(
        report,
        returns=_unique(match[1].lower() for match in _RETURN.finditer(whole)),
        message_ids=report.message_ids or _unique(_ids(mail)),
    )


def _inner(mail: Opened) -> Iterable[bytes]:
    """Yield what may be a whole mail in a mail: attached, in its text, or quoted there."""
    yield from (part.raw for part in mail.parts if part.is_returned)
    yield from (copy.encode("utf-8", "replace") for copy in mail.copies)
    lines = "\n".join(mail.texts).split("\n")
    quoted = [_QUOTE.sub("", line) for line in lines if line.startswith(">")]
    if len(quoted) > 5:
        yield "\n".join(quoted).encode("utf-8", "replace")


def _judge(mail: Opened) -> Report:
    subject = words_of(last(mail.fields, "subject"))
    person = _first_address(last(mail.fields, "from"))
    if (match := _UNSUBSCRIBE.match(subject)) and not mail.returns_another:
        leaves = Finding(recipient=person, reason=Reason.FEEDBACK, feedback="opt-out")
        token = (match[1] or "").lower()
        return Report(kind=Kind.UNSUBSCRIBE, findings=(leaves,), unsubscribe=token)
    if complaints := complaints_of(mail.fields, mail.parts):
        return Report(kind=Kind.COMPLAINT, findings=tuple(complaints))
    if event := _relay_event(mail.told):
        return event
    away = _AWAY.search(subject) and not mail.returns_another
    if not away and (failures := failures_of(mail)):
        arrived = all(one.reason is Reason.DELIVERED for one in failures)
        kind = Kind.DELIVERED if arrived else Kind.BOUNCE
        return Report(kind=kind, findings=tuple(failures))
    if away or _is_automatic(mail):
        machine = Finding(recipient=person, reason=Reason.VACATION)
        return Report(kind=Kind.VACATION, findings=(machine,))
    return Report(kind=Kind.UNREADABLE, problem="it names nobody who did not get a mail")


def _is_automatic(mail: Opened) -> bool:
    """Whether an answering machine speaks (RFC 3834): its owner did get the mail."""
    return bool(
        _AUTOMATIC.search(last(mail.fields, "auto-submitted"))
        or any(
            name in mail.fields for name in ("x-autoreply", "x-autorespond", "x-auto-reply-from")
        )
        or last(mail.fields, "precedence").lower() == "auto_reply"
        or last(mail.fields, "x-apple-action").lower() == "vacation"
    )


def _relay_event(said: str) -> Report | None:
    """Read an event of Amazon SES that came by mail instead of a webhook."""
    if '"notificationType"' not in said and '\\"notificationType\\"' not in said:
        return None
    start = said.find("{")
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(said[start:])
        if isinstance(value, dict) and isinstance(value.get("Message"), str):
            value = json.loads(value["Message"], strict=False)
    except (ValueError, RecursionError):
        return None
    return next(iter(reports_of_ses(value)), None)


def _ids(mail: Opened) -> Iterable[str]:
    """Yield the Message-IDs of what came back, and of what an answer refers to."""
    for copy in mail.copies:
        yield from (match[1] for match in _MESSAGE_ID.finditer(copy))
    for name in ("in-reply-to", "references"):
        yield from re.findall(r"<([^<>\s]{1,250})>", last(mail.fields, name))
    yield from (match[1] for match in _MESSAGE_ID.finditer(mail.told))


def _first_address(value: str) -> str:
    match = ADDRESS.search(words_of(value))
    return match[1] if match else ""


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:MOST_IDS]
