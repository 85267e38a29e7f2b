"""Quoted-printable that leaves nothing for anyone on the way to change (RFC 2045, 6.7).

Beyond what the RFC asks, no line has two blanks in a row, a tab or a blank at
its end, and none begins with a dot or with "From ". So relaxed DKIM
canonicalization (RFC 6376, 3.4.4) changes nothing: the bytes of a body are
what is hashed. No dot has to be stuffed, and no mailbox file adds a ">".
"""

import re

LONGEST = 75  # octets of a line; the soft break makes it the 76 that RFC 2045 allows

_NOT_PLAIN = re.compile(rb"[^!-<>-~ ]|(?<= ) | \Z")
_AS_IT_IS = re.compile(r"(?!\.|From )[!-<>-~]+(?: [!-<>-~]+)*")
_SOFT = b"=\r\n"


def quoted(text: str) -> bytes:
    """Return text encoded, with CRLF between its lines, whatever ended them before."""
    if len(text) <= LONGEST and _AS_IT_IS.fullmatch(text):
        return text.encode("ascii")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return b"\r\n".join(map(_line, lines))


def between(text: str, *, after_slot: bool, before_slot: bool) -> bytes:
    """Return what stands between two slots, or beside one.

    Values are put in as lines of their own by soft breaks: none can make a
    line too long, and none changes what stands beside it.
    """
    if not text:
        return _SOFT if after_slot and before_slot else b""
    start = b"" if not after_slot or text.startswith("\n") else _SOFT
    end = b"" if not before_slot or text.endswith("\n") else _SOFT
    return start + quoted(text) + end


def _line(line: str) -> bytes:
    rest = _NOT_PLAIN.sub(_escape, line.encode("utf-8", "replace"))
    pieces: list[bytes] = []
    while True:
        if rest.startswith((b".", b"From ")):
            rest = b"=%02X" % rest[0] + rest[1:]
        if len(rest) <= LONGEST:
            pieces.append(rest)
            return _SOFT.join(pieces)
        split = rest.rfind(b"=", LONGEST - 2, LONGEST)  # an escape that would be cut in two
        end = LONGEST if split < 0 else split
        pieces.append(rest[:end])
        rest = rest[end:]


def _escape(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found[0][0]
