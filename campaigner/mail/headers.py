"""What stands in a mail's header: texts, names and addresses, as RFC 5322 and 2047 want them."""

import base64
import re

import idna

_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0<>(),;\"\u2028\u2029]")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]*")


def clean(text: str) -> str:
    """Return a text on one line: whatever could start a header of its own becomes one space."""
    return _BLANKS.sub(" ", text).strip()


def mailbox(name: str, address: str) -> str:
    """Return a name, which may be empty, with its address. Raises ValueError as `address_of`."""
    written = address_of(address)
    return f"{phrase(name)}\r\n <{written}>" if clean(name) else written


def address_of(address: str) -> str:
    """Return an address as it stands in a header: the domain as A-label, the rest as it is.

    Only a local part beyond ASCII stays raw UTF-8: then the mail needs SMTPUTF8.
    Raises ValueError for what cannot stand there.
    """
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or _NOT_IN_ADDRESS.search(address):
        raise ValueError(f"{address!r} cannot stand in a mail's header")
    return f"{local}@{domain_of(address)}"


def domain_of(address: str) -> str:
    """Return an address's domain as A-label."""
    domain = address.rpartition("@")[2]
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()


def phrase(name: str) -> str:
    """Return a name as RFC 5322 wants it: bare, quoted or encoded."""
    name = clean(name)
    if not name.isascii() or len(name) > 60 or "=?" in name:
        return _encoded_words(name)
    if _PHRASE.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unstructured(text: str) -> str:
    """Return a text on one line, encoded where it is long or not ASCII."""
    text = clean(text)
    return text if text.isascii() and len(text) <= 68 and "=?" not in text else _encoded_words(text)


def _encoded_words(text: str) -> str:
    """Return RFC 2047 words of whole characters, each on a line of its own."""
    words: list[bytes] = []
    word = b""
    for character in text:
        raw = character.encode("utf-8", "replace")
        # 45 are 60 in base64, and 12 around them: under 76. The first shares its line.
        if len(word) + len(raw) > (45 if words else 30):
            words.append(word)
            word = b""
        word += raw
    words.append(word)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(part).decode()}?=" for part in words)
