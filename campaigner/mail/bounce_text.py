"""Bounces written for people: who did not get the mail, and what is said of each of them.

No mailer's text is known by heart here. What they have in common is: the
reader's address stands at the start of a line or after a word like
"recipient", what is wrong stands beside or below it, and a line announces the
copy of the mail.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

LONGEST = 65_536  # characters that are looked at, and of a line: strangers write them
WIDEST = 500
_COPY = re.compile(
    r"^[ \t|>*=_#.-]{0,80}(?:"
    r"(?:begin(?:ning)? of )?(?:the |your )?(?:original|returned|unsent|undelivered|unsendable) "
    r"(?:message|mail|e-?mail)(?: headers?| text| (?:is )?(?:below|follows?|attached|header)| "
    r"as follows)?|"
    r"(?:this|below|here|enclosed|attached|the following|following|what follows)\b[^\n]{0,40}"
    r"\b(?:copy|headers?|first|part)\b[^\n]{0,30}\b(?:message|mail|headers?)|"
    r"(?:a )?copy of (?:the |your )?(?:original |undelivered )?(?:message|mail)|"
    r"the (?:headers? of the )?(?:original|your) (?:message|mail)(?:'s)? (?:header )?(?:is |are )?"
    r"(?:following|follows?|attached|below|was)|"
    r"(?:original )?message(?: headers?| text)?(?: is| are)? (?:follows?|below|below:|attached)|"
    r"your (?:original )?(?:message|mail)(?: reads| follows| was| begins)[^\n]{0,40}|"
    r"original message headers?|message headers?"
    r")\s*(?:[,:.|<(\[*=#_-].*)?$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER = re.compile(
    r"^(?:return-path|received|message-id|x-received|delivered-to|dkim-signature)\s*:.*$",
    re.IGNORECASE | re.MULTILINE,
)
ADDRESS = re.compile(
    r"""<?((?:"[^"\n]{1,64}"|[^\s<>()\[\]{}:;,"'|`=]{1,64})@"""
    r"""[^\W_](?:[\w-]{0,62})(?:\.[\w-]{1,63})*)>?""",
)
_LEAD = re.compile(
    r"^\s*(?:<<<\s*)?[245]\d\d[ -](?:[245]\.\d+\.\d+ )?<?$|^[\s<>*\"'|.-]*(?:\d+[.)]\s+)?$|"
    r"(?:recipients?|address(?:es|ed to)?|user(?:id| name)?|mailbox|account|to|for|rcpt to|"
    r"undeliverable to|mail to|with|errors|alias|deliver(?:ed)? to)(?: address| name)?"
    r"(?:\(s\)|\(es\))?[\s:<\"'*=-]*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"^\s*(?:from|reply-to|sender|mail from|subject|sent|date|cc|message-id|x-[\w-]+|to|"
    r"return-path|received|in-reply-to|references|.*\bhelp|.*\bplease\b.*|.*\bcontact\b.*|"
    r".*\bfrom\b[^\n]{0,12}<?)\s*[:<]",
    re.IGNORECASE,
)
_OFFICES = re.compile(
    r"(?:post-?master|mailer-?daemon|abuse|support|help(?:desk)?|no-?reply|do-?not-?reply|info)$",
    re.IGNORECASE,
)
_START = re.compile(r"[\s<>*\"'|.-]*")
_FROM = re.compile(
    r"(?:from|contact|please|mailto:|to yourself|sender|visit|write to)[\s:(<]*$", re.I
)
_NAMED = re.compile(r"\s+<[^\s<>@]+@[^\s<>]+>")
_REPLY_LINE = re.compile(r"^\s*(?:<<<\s*|>>>\s*)?[245]\d\d[ -]")
_COMMANDS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (name, re.compile(wording, re.IGNORECASE))
    for name, wording in (
        ("CONN", r"after initial connection|refused to talk to me|while receiving the initial|"
         r"\(?(?:in reply to|after|in) (?:the )?(?:initial )?(?:server )?greeting"),
        ("EHLO", r"(?:in reply to|after|following|>>>|response to|to the|our|\[|in)\s*(?:the )?"
         r"(?:EHLO|HELO|LHLO)"),
        ("MAIL", r"(?:in reply to|after|following|>>>|response to|to the|our|\[|command:?|in|"
         r"during|stage:?)\s*(?:the )?(?:smtp )?(?:MAIL[ _]FROM|MAIL command)|"
         r"does not like (?:your )?sender|but sender was rejected"),
        ("RCPT", r"(?:in reply to|after|following|>>>|response to|to the|our|\[|command:?|in|"
         r"during|stage:?)\s*(?:the )?(?:smtp )?(?:RCPT[ _]TO|RCPT)|does not like recipient|"
         r"rejected recipient|^\s*RCPT TO\s*:"),
        ("ADDRESS", r"server has rejected address"),
        ("EOM", r"end of data|after I sent|after sending (?:the )?(?:mail|message|data)|"
         r"after the (?:message|data|dot)"),
        ("DATA", r"(?:in reply to|after|following|>>>|response to|to the|our|\[|command:?|in|"
         r"during|for|stage:?)\s*(?:the )?(?:smtp )?(?:DATA|TEXT command)|\(DATA\)"),
    )
)  # fmt: skip
_SENDMAIL = re.compile(r"^>>>\s*(\w+).*\n(?:<<< [23].*\n)*<<< [45]", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One reader who did not get the mail, and the lines that are about them."""

    address: str
    said: str


def before_copy(text: str) -> tuple[str, str]:
    """Split a text into what is said and the copy of the mail after it, each possibly empty."""
    text = text[:LONGEST]
    places = [match.start() for match in (_COPY.search(text), _HEADER.search(text)) if match]
    if not places:
        return text, ""
    place = min(places)
    copy = text[place:]
    return text[:place], copy if _HEADER.match(copy) else copy.partition("\n")[2].lstrip("\n")


def command_in(text: str) -> str:
    """Return the SMTP command that was refused, in upper case; empty if none is named."""
    if match := _SENDMAIL.search(text):
        return match[1].upper()
    found = [
        (match.start(), name) for name, wording in _COMMANDS if (match := wording.search(text))
    ]
    return min(found)[1] if found else ""


def mentions_in(text: str, *, sender: Collection[str] = ()) -> list[Mention]:
    """Return whom a text is about, in order, with what is said of each.

    `sender` are our own addresses: they are meant only where nobody else is.
    """
    lines = [line[:WIDEST] for line in text[:LONGEST].split("\n")]
    strong, weak = _named(lines)
    ours = {address.lower() for address in sender}
    for places in (strong, weak):
        others = {one: place for one, place in places.items() if one.lower() not in ours}
        if found := others or (places if places is strong else {}):
            return [
                Mention(address=one, said=said)
                for one, said in zip(found, _said(lines, sorted(found.values())), strict=True)
            ]
    return []


def _named(lines: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the addresses at places where readers stand, and the other ones; with their line."""
    strong: dict[str, int] = {}
    weak: dict[str, int] = {}
    known: set[str] = set()
    for number, line in enumerate(lines):
        for match in ADDRESS.finditer(line):
            address = match[1].rstrip(".")
            lead = line[: match.start()]
            if address.startswith("/"):
                continue
            if _OFFICES.match(address.partition("@")[0]) and not _START.fullmatch(lead):
                continue  # whom to ask, most of the time
            if address.lower() in known and address not in weak:
                continue
            if _NAMED.match(line, match.end()):
                continue  # a name, which happens to be an address, before the real one
            if _LEAD.search(lead) and not _QUOTED.match(line):
                weak.pop(address, None)
                strong.setdefault(address, number)
            elif not _FROM.search(lead) and not _QUOTED.match(line):
                weak.setdefault(address, number)
            else:
                continue
            known.add(address.lower())
    return strong, weak


def _said(lines: Sequence[str], places: Sequence[int]) -> list[str]:
    """Return the lines about each reader: from their line to the next one's.

    In a transcript the address closes its paragraph; where nothing follows it,
    what is wrong stands above it.
    """
    found = []
    for number, place in enumerate(places):
        before = places[number - 1] + 1 if number else 0
        after = places[number + 1] if number + 1 < len(places) else len(lines)
        if _REPLY_LINE.match(lines[place]):
            found.append("\n".join(lines[before : place + 1]))
            continue
        said = "\n".join(lines[place:after])
        if not re.search(r"\w{3}", ADDRESS.sub("", said)):
            said = "\n".join(lines[max(before, place - 3) : after])
        found.append(said)
    return found
