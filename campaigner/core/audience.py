"""Who gets mail: a subscriber, and when two addresses are one mailbox."""

import unicodedata
from dataclasses import dataclass

import idna
import regex

LONGEST = 254  # octets of an address (RFC 5321, 4.5.3.1.3, without the brackets)
LONGEST_LOCAL = 64

# The dot-atom of RFC 5322, and with RFC 6532 whatever letters, marks and digits there are.
# Quoted local parts are refused: no reader has one, and attackers hide things in them.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\p{L}\p{M}\p{N}\u200c\u200d-]+"
_LOCAL = regex.compile(rf"{_ATOM}(\.{_ATOM})*")


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A person who gets mail. `address` is as they gave it, `mailbox` its normal form.

    `zone` is an IANA name; `country` is ISO 3166-1 alpha-2, or empty.
    """

    address: str
    mailbox: str
    name: str = ""
    locale: str
    zone: str
    country: str = ""


def mailbox_of(address: str) -> str:
    """Return the normal form of an address: equal for all ways to write one mailbox.

    The domain as lower-case A-labels (`bücher.de` and `xn--bcher-kva.de` are
    one), the local part composed (NFC) and in lower case: servers that tell
    `Ana@` from `ana@` exist on paper only, and nobody wants each mail twice.
    A mail is sent to the address as it was given, never to this form.

    Raises ValueError, with what is wrong, for what cannot be an address.
    """
    if len(address) > LONGEST:  # before anything is computed over it
        raise ValueError(f"it is longer than {LONGEST} bytes")
    local, at, domain = address.rpartition("@")
    if not at:
        raise ValueError("it has no @")
    local = unicodedata.normalize("NFC", local)
    if not local:
        raise ValueError("there is nothing before the @")
    if not _LOCAL.fullmatch(local):
        raise ValueError("the part before the @ is not possible")
    if len(local.encode()) > LONGEST_LOCAL:
        raise ValueError(f"the part before the @ is longer than {LONGEST_LOCAL} bytes")
    mailbox = f"{local.lower()}@{_domain(domain)}"
    if len(mailbox.encode()) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    return mailbox


def _domain(domain: str) -> str:
    """Return a domain as lower-case A-labels. Raises ValueError for what cannot be one."""
    if not domain:
        raise ValueError("there is nothing after the @")
    try:
        labels = idna.encode(domain, uts46=True).decode("ascii").lower().split(".")
    except UnicodeError:  # idna.IDNAError is one
        raise ValueError("the part after the @ is not possible") from None
    if len(labels) < 2 or not all(labels) or labels[-1].isdigit():
        raise ValueError("the part after the @ is not a domain")
    return ".".join(labels)
