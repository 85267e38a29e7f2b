"""From what a mail server said to the reason: an ordered table of wordings, then numbers.

Words win over numbers: servers say 5.1.1 to spam and 5.7.1 to a wrong address.
The first wording that matches decides; so what is about us (block lists,
policies, authentication) stands before what is about the reader, and a full or
closed mailbox before one that does not exist.

RFC 3463 and the IANA registry of its codes; RFC 5321; RFC 7372, 7505.
"""

import re
from collections.abc import Sequence

from campaigner.core.bounce_wordings import WORDINGS
from campaigner.core.bounces import Evidence, Reason, status_in

_ADDRESS = re.compile(
    r"<?[^\s<>()\[\]:;,\"]{1,64}@\[?[\w-]{1,63}(?:\.[\w-]{1,63})*\]?>?|<\"[^\"<>]*\"@[\w.-]+>"
)
_DOMAIN = re.compile(r"\b(?:[a-z0-9-]{1,63}\.){1,8}[a-z][a-z0-9-]{1,62}\b\.?")
_CONTINUED = re.compile(r"(?<=[\w.,'\"’)]) [245]\d\d-(?:[245]\.\d+\.\d+ )?")
_LINK = re.compile(r"<?\bhttps?\s?:\s?//\S+", re.IGNORECASE)


LONGEST = 20_000  # characters of a text that are looked at: strangers write them
_BY_STATUS: Sequence[tuple[str, Reason]] = (
    (r"5\.1\.[0139]", Reason.USER_UNKNOWN),
    (r"5\.1\.2", Reason.HOST_UNKNOWN),
    (r"5\.1\.6", Reason.HAS_MOVED),
    (r"5\.1\.10|5\.3\.2|5\.7\.27|5\.7\.28", Reason.NOT_ACCEPT),
    (r"[45]\.1\.[78]", Reason.REJECTED),
    (r"[45]\.2\.2", Reason.MAILBOX_FULL),
    (r"[45]\.2\.3", Reason.MESSAGE_TOO_BIG),
    (r"[45]\.(?:1\.[45]|2\.[014])|5\.1\.\d+", Reason.FILTERED),
    (r"[45]\.3\.1", Reason.SYSTEM_FULL),
    (r"[45]\.3\.4", Reason.MESSAGE_TOO_BIG),
    (r"[45]\.3\.\d+", Reason.SYSTEM_ERROR),
    (r"[45]\.4\.7|4\.4\.1", Reason.EXPIRED),
    (r"5\.4\.1", Reason.REJECTED),
    (r"[45]\.4\.\d+", Reason.NETWORK_ERROR),
    (r"[45]\.5\.[124]", Reason.SYNTAX_ERROR),
    (r"[45]\.5\.3", Reason.TOO_MANY_CONNECTIONS),
    (r"[45]\.5\.\d+", Reason.MAILER_ERROR),
    (r"[45]\.6\.[07]", Reason.CONTENT_ERROR),
    (r"[45]\.6\.\d+", Reason.CONTENT_ERROR),
    (r"[45]\.7\.(?:2[0-46]|9)", Reason.AUTH_FAILURE),
    (r"[45]\.7\.25", Reason.REQUIRE_PTR),
    (r"[45]\.7\.(?:10|11|12|13|14|8|[3-6])", Reason.SECURITY_ERROR),
    (r"[45]\.7\.17|5\.7\.18", Reason.HAS_MOVED),
    (r"[45]\.7\.\d+", Reason.POLICY_VIOLATION),
)

_CATEGORIES = {  # PowerMTA's own words
    "bad-mailbox": Reason.USER_UNKNOWN,
    "inactive-mailbox": Reason.SUSPEND,
    "bad-domain": Reason.HOST_UNKNOWN,
    "quota-issues": Reason.MAILBOX_FULL,
    "spam-related": Reason.SPAM_DETECTED,
    "virus-related": Reason.VIRUS_DETECTED,
    "policy-related": Reason.POLICY_VIOLATION,
    "content-related": Reason.CONTENT_ERROR,
    "message-expired": Reason.EXPIRED,
    "no-answer-from-host": Reason.NETWORK_ERROR,
    "bad-connection": Reason.NETWORK_ERROR,
    "routing-errors": Reason.NETWORK_ERROR,
    "bad-configuration": Reason.SYSTEM_ERROR,
    "invalid-sender": Reason.REJECTED,
    "relaying-issues": Reason.NO_RELAYING,
    "protocol-errors": Reason.SYNTAX_ERROR,
}
_BAD_ADDRESS = re.compile(r"5\.1\.(?:[01369]|10|351)")
_ARRIVED = frozenset({"delivered", "deliverable", "relayed", "expanded", "delivery"})
_ABOUT_US = frozenset({"CONN", "HELO", "EHLO", "MAIL"})
_SENDMAIL = re.compile(r"<@>\.\.\. ")  # how sendmail answers RCPT
_CERTAIN = re.compile(r"this user doesn't have an? \S+ account")  # Yahoo, though after DATA
_UNAVAILABLE = re.compile(r"mailbox unavailable")
_KDDI = re.compile(r"550 ?: user unknown")
_HIDDEN = re.compile(r"recipient address rejected: access denied")


def reason_of(evidence: Evidence) -> Reason:
    """Decide why a mail did not arrive. Doubt is never a hard reason."""
    if evidence.action in _ARRIVED:
        return Reason.DELIVERED
    if named := _CATEGORIES.get(evidence.category):
        return named
    status = status_in(evidence.said) or evidence.status
    said, told = plain(evidence.said), plain(evidence.told)
    if evidence.group:
        return Reason.REJECTED
    if (status.endswith(".4.1") or evidence.command == "RCPT") and _HIDDEN.search(said):
        # Exchange Online and Postfix, where a sender may not learn who exists. What is refused
        # because of the sender names the sender or the client instead.
        return Reason.USER_UNKNOWN
    if _KDDI.search(said):
        # With the address in it, au means that there is none; without, that its reader's own
        # filter refused the mail.
        return Reason.FILTERED
    found = Reason.EXPIRED if status.endswith(".4.7") else worded(said)
    if found is None and evidence.command in _ABOUT_US:
        return Reason.REJECTED if evidence.command == "MAIL" else Reason.BLOCKED
    if found is None:
        found = _numbered(status) or worded(told) or _numbered(evidence.status)
    if found is None:
        return Reason.EXPIRED if evidence.action == "delayed" else Reason.UNDEFINED
    return _doubted(found, evidence, status)


def plain(text: str) -> str:
    """Return a text in small letters without what only looks like words: addresses and links."""
    joined = " ".join(text[:LONGEST].split()).lower()
    # Continued replies repeat their number: 550-5.7.1 … 550 5.7.1 …
    return _CONTINUED.sub(" ", _DOMAIN.sub("⌂", _ADDRESS.sub("<@>", _LINK.sub(" ", joined))))


def worded(text: str) -> Reason | None:
    """Return the reason that a text in plain form gives by its words; None: none known."""
    return next((reason for reason, wording in WORDINGS if wording.search(text)), None)


def _numbered(status: str) -> Reason | None:
    return next((reason for number, reason in _BY_STATUS if re.fullmatch(number, status)), None)


def _doubted(found: Reason, evidence: Evidence, status: str) -> Reason:
    """Return the reason, or a softer one where it rests on too little.

    A server that says "user unknown" after it has read the mail may not have
    liked the mail: only the answer to RCPT, a number for a wrong address, or the
    reporting system's own directory is about the reader. Words about an
    unknown address, in answer to MAIL, are about our sender.
    """
    if found in (Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN) and evidence.command in _ABOUT_US:
        return Reason.REJECTED if evidence.command == "MAIL" else Reason.BLOCKED
    if found is Reason.FILTERED and _UNAVAILABLE.search(plain(evidence.said)):
        found = Reason.USER_UNKNOWN
    if found is not Reason.USER_UNKNOWN:
        return found
    said = plain(evidence.said)
    if (own := worded(plain(evidence.told))) in (Reason.SUSPEND, Reason.MAILBOX_FULL):
        return own  # the reporting system knows its own reader better than the code it gave
    asked = evidence.command == "RCPT" or (
        not status.startswith(("5.7.", "5.2."))
        and (evidence.command == "ADDRESS" or (not evidence.command and _SENDMAIL.search(said)))
    )
    certain = _CERTAIN.search(said) or (status == "5.5.0" and _UNAVAILABLE.search(said))
    sure = _BAD_ADDRESS.fullmatch(status) or evidence.local or asked or certain
    return Reason.USER_UNKNOWN if sure else Reason.FILTERED
