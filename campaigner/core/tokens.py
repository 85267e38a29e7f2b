"""Tokens that name one of our rows to the outside, and that nobody else can make.

29 lower-case base32 characters: the row's number (8 bytes), then 80 bits of an
HMAC over the purpose and the number. No address is in one, and one made for a
purpose is worth nothing for another: who sees a Return-Path cannot unsubscribe
its reader. They do not expire, and every key that ever was still reads them.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

LENGTH = 29
_NUMBER = 8
_MAC = 10
_BOUNCE = "b-"
_BLOCK = 64  # bytes that SHA-256 takes at a time
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_SHIFTS = tuple(range(140, -1, -10))
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)


class Purpose(Enum):
    """What a token is for. The values are part of every token ever made: never change one."""

    UNSUBSCRIBE = b"u"
    PREFERENCES = b"p"
    BOUNCE = b"b"
    MESSAGE = b"m"
    CONFIRM = b"c"
    FORM = b"f"


@dataclass(frozen=True)
class Keyring:
    """The keys, newest first: it signs with the first, and reads with any."""

    keys: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) < 32 for key in self.keys):
            raise ValueError("a keyring needs at least one key of 32 bytes")

    def __repr__(self) -> str:
        return f"Keyring({len(self.keys)})"


def sign(keyring: Keyring, purpose: Purpose, id: int) -> str:
    """Return the token of row `id` (0 or more) for a purpose."""
    number = id.to_bytes(_NUMBER, "big")
    return _base32(number + _mac(keyring.keys[0], purpose, number))


def read(keyring: Keyring, purpose: Purpose, token: str) -> int | None:
    """Return the number in a token; None for one that was not made here for this purpose.

    Upper case is read too: mail servers on the way may change it.
    """
    if len(token) != LENGTH:
        return None
    try:
        raw = base64.b32decode(token.upper() + "===")
    except (binascii.Error, ValueError):
        return None
    number, mac = raw[:_NUMBER], raw[_NUMBER:]
    for key in keyring.keys:
        if hmac.compare_digest(mac, _mac(key, purpose, number)):
            return int.from_bytes(number, "big")
    return None


def bounce_local(token: str) -> str:
    """Return the local part of the address to which a mail's bounce goes: 31 octets."""
    return _BOUNCE + token


def hash_of(keyring: Keyring, mailbox: str) -> str:
    """Return the keyed hash of a mailbox (core.audience.mailbox_of), in hexadecimal."""
    return _hash(keyring.keys[0], mailbox)


def hashes_of(keyring: Keyring, mailbox: str) -> tuple[str, ...]:
    """Return a mailbox's hash by each key: one that was kept under an old key is found too."""
    return tuple(_hash(key, mailbox) for key in keyring.keys)


def _mac(key: bytes, purpose: Purpose, number: bytes) -> bytes:
    """Return the first 80 bits of HMAC-SHA256. A mail has four: what all begin with is kept."""
    inner, outer = _pads(key)
    start, end = inner.copy(), outer.copy()
    start.update(purpose.value + number)
    end.update(start.digest())
    return end.digest()[:_MAC]


@lru_cache(maxsize=64)
def _pads(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return the two hashes of RFC 2104, each with its padded key in it."""
    padded = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)
    return hashlib.sha256(inner), hashlib.sha256(outer)


def _base32(raw: bytes) -> str:
    """Return 18 bytes in lower case without padding: the library's takes twice as long."""
    bits = int.from_bytes(raw, "big") << 6
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])[:LENGTH]


def _hash(key: bytes, mailbox: str) -> str:
    return hmac.new(key, b"mailbox:" + mailbox.encode(), hashlib.sha256).hexdigest()
