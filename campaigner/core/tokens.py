"""Tokens that name one of our rows to the outside, and that nobody else can make.

29 lower-case base32 characters: the row's number (8 bytes), then 80 bits of an
HMAC over it, other ones for each purpose. No address is in one, and one made
for a purpose is worth nothing for another: who sees a Return-Path cannot
unsubscribe its reader. They do not expire, and every key that ever was still
reads them.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

LENGTH = 29
_NUMBER = 8
_MAC = 10
_BOUNCE = "b-"
_BLOCK = 128  # bytes that SHA-512 takes at a time
_BITS = 5  # of a character
_DIGITS = b"abcdefghijklmnopqrstuvwxyz234567".ljust(256, b"?")


class Purpose(Enum):
    """What a token is for: which ten bytes of the HMAC are in it, so never change a value."""

    UNSUBSCRIBE = 0
    PREFERENCES = 1
    BOUNCE = 2
    MESSAGE = 3
    CONFIRM = 4
    FORM = 5


class MailTokens(NamedTuple):
    """What a mail carries: all made of its delivery's number, at one go."""

    unsubscribe: str
    preferences: str
    bounce: str
    message: str


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
    number, place = id.to_bytes(_NUMBER, "big"), purpose.value * _MAC
    return _base32(number + _macs(keyring.keys[0], number)[place : place + _MAC])[0]


def sign_mail(keyring: Keyring, id: int) -> MailTokens:
    """Return the four tokens of delivery `id`, each as `sign` does: for a mail in a million."""
    number = id.to_bytes(_NUMBER, "big")
    macs = _macs(keyring.keys[0], number)
    return MailTokens(
        *_base32(
            number + macs[:10], number + macs[10:20], number + macs[20:30], number + macs[30:40]
        )
    )


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
    number, mac, place = raw[:_NUMBER], raw[_NUMBER:], purpose.value * _MAC
    for key in keyring.keys:
        if hmac.compare_digest(mac, _macs(key, number)[place : place + _MAC]):
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


def _macs(key: bytes, number: bytes) -> bytes:
    """Return the HMAC-SHA512 of a row's number: ten bytes for each purpose, and four to spare.

    One for all of a mail's tokens, and what all begin with is kept: there are a million mails.
    """
    inner, outer = _pads(key)
    start, end = inner.copy(), outer.copy()
    start.update(number)
    end.update(start.digest())
    return end.digest()


@lru_cache(maxsize=64)
def _pads(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return the two hashes of RFC 2104, each with its padded key in it."""
    padded = (key if len(key) <= _BLOCK else hashlib.sha512(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)
    return hashlib.sha512(inner), hashlib.sha512(outer)


def _base32(*raw: bytes) -> list[str]:
    """Return each 18 bytes in lower case without padding, all at one go.

    All bits are one number. Half of them are moved away from the other half,
    then half of each half, until every five have a byte of their own. (The
    library, which goes byte by byte, takes four times as long.)
    """
    bits = 0
    for each in raw:
        bits = bits << LENGTH * _BITS | int.from_bytes(each, "big") << 1
    size = 1 << (len(raw) * LENGTH - 1).bit_length()
    for low, high, shift in _moves(size):
        bits = (bits & low) | (bits & high) << shift
    text = bits.to_bytes(size, "big").translate(_DIGITS).decode("ascii")
    return [text[at : at + LENGTH] for at in range(size - len(raw) * LENGTH, size, LENGTH)]


@lru_cache(maxsize=8)
def _moves(size: int) -> list[tuple[int, int, int]]:
    """Return what stays, what moves and how far, for so many characters (a power of two)."""
    moves, half = [], size // 2
    while half:
        low = sum(((1 << half * _BITS) - 1) << at * 8 for at in range(0, size, 2 * half))
        moves.append((low, low << half * _BITS, half * (8 - _BITS)))
        half //= 2
    return moves


def _hash(key: bytes, mailbox: str) -> str:
    return hmac.new(key, b"mailbox:" + mailbox.encode(), hashlib.sha256).hexdigest()
