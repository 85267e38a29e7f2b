"""Delivery status notifications for programs: message/delivery-status, in all its disorder.

RFC 3464 and, for international addresses, RFC 6533.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST = 50  # recipients of one report: each of our mails has one
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)")
_RECIPIENT = ("final-recipient", "original-recipient", "x-actual-recipient")
_GROUPS = re.compile(
    r"^(?:reporting-mta|final-recipient|original-recipient|diagnostic-code)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_COMMENT = re.compile(r"\s*\([^()]*\)\s*$")


@dataclass(frozen=True, kw_only=True)
class Status:
    """One recipient's group of fields. `type` is what the diagnostic is: smtp, x-postfix …"""

    recipient: str
    original: str = ""
    action: str = ""
    status: str = ""
    type: str = ""
    diagnostic: str = ""
    category: str = ""
    remote: str = ""


def looks_like_status(text: str) -> bool:
    """Whether a text holds the fields of a delivery status, wherever a mailer has put them."""
    return len(_GROUPS.findall(text)) >= 2


def statuses_of(text: str) -> list[Status]:
    """Return one status for each recipient, in order; a recipient named twice counts once."""
    found: dict[str, Status] = {}
    for group in _recipients(_blocks(text)):
        status = _status(group)
        if status is not None:
            before = found.get(status.recipient.lower())
            if before is None or (not before.diagnostic and status.diagnostic):
                found[status.recipient.lower()] = status
    return list(found.values())[:MOST]


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """Yield the groups between blank lines. A line that is no field continues the one before."""
    block: dict[str, str] = {}
    name = ""
    for line in text.split("\n"):
        if not line.strip():
            if block:
                yield block
            block, name = {}, ""
        elif line[:1] not in " \t" and (match := _FIELD.fullmatch(line.rstrip())):
            name = match[1].lower()
            if name in block and name in ("final-recipient", "action"):
                yield block
                block = {}
            block[name] = match[2].strip()
        elif name:
            block[name] = f"{block[name]} {line.strip()}"
    if block:
        yield block


def _recipients(blocks: Iterator[dict[str, str]]) -> list[dict[str, str]]:
    """Return the groups of recipients, put together again where a blank line cut one."""
    groups: list[dict[str, str]] = []
    for block in blocks:
        if any(name in block for name in _RECIPIENT):
            groups.append(block)
        elif groups and not set(block) & set(groups[-1]) and (set(block) & {
            "action", "status", "diagnostic-code"
        }):  # fmt: skip
            groups[-1].update(block)
    return groups


def _status(group: dict[str, str]) -> Status | None:
    final, original, actual = (address_of(group.get(name, "")) for name in _RECIPIENT)
    recipient = next((one for one in (final, original, actual) if "@" in one), final or original)
    if not recipient:
        return None
    kind, separator, diagnostic = group.get("diagnostic-code", "").partition(";")
    if not separator or not re.fullmatch(r"\s*[\w-]+\s*", kind):
        kind, diagnostic = "", group.get("diagnostic-code", "")
    return Status(
        recipient=recipient,
        original=original,
        action=group.get("action", "").split(" ")[0].strip("(;").lower(),
        status=group.get("status", ""),
        type=kind.strip().lower(),
        diagnostic=diagnostic.strip(),
        category=group.get("x-powermta-bouncecategory", "").strip().lower(),
        remote=group.get("remote-mta", "").rpartition(";")[2].strip(),
    )


def address_of(value: str) -> str:
    """Return the address of a recipient field, as people write it.

    ``utf-8; caf\\x{E9}@example.org`` (RFC 6533, 3) is ``café@example.org``.
    """
    kind, separator, address = value.partition(";")
    text = (address if separator else kind)[:1000].strip()
    text = _COMMENT.sub("", text).strip().strip("<>").strip()
    if "utf-8" in kind.lower():
        text = _UNICODE.sub(_character, text)
    return text


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
