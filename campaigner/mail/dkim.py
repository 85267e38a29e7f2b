"""DKIM: signatures that say whose mail it is (RFC 6376, 8301, 8463).

relaxed/relaxed, without `l=`. Every signed field is named once more than it
occurs, so that nobody can add another one; what is absent is named once. A
body is hashed as it is: `mail.quoted` writes it so that canonicalization
changes nothing. What the mails of an edition share is canonicalized once.

The same mail gives the same signature: both algorithms are deterministic, and
`t=` is the mail's own date.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

SIGNED = (
    "from", "reply-to", "subject", "date", "mime-version", "content-type",
    "content-transfer-encoding", "content-disposition", "content-language", "list-id",
    "list-unsubscribe-post", "list-help", "list-owner", "list-archive", "list-subscribe",
    "list-post", "feedback-id", "message-id", "to", "cc", "list-unsubscribe",
)  # fmt: skip
"""What is signed where it occurs, and may not be added where it does not."""

RSA_BITS = 2048
LONGEST = 76
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_BLANKS = re.compile(rb"[ \t\r\n]+")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")
_PADDING, _SHA256 = padding.PKCS1v15(), hashes.SHA256()

Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A private key, and where the public one is: `selector`._domainkey.`domain`."""

    selector: str
    domain: str
    key: Key

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ed25519-sha256"

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, _PADDING, _SHA256)
        return self.key.sign(hashlib.sha256(data).digest())


@dataclass(frozen=True, kw_only=True)
class Seal:
    """A signer, and what all mails of an edition have in common for it.

    `fields` is what is hashed of the shared header; `start` is the signature
    up to its `bh=`, as it is written, `hashed_start` as it is hashed.
    """

    signer: Signer
    fields: bytes
    start: bytes
    hashed_start: bytes

    def field(self, own_fields: bytes, body_hash: bytes) -> bytes:
        """Return the DKIM-Signature of one mail, with its CRLF.

        `own_fields` is the canonical form of what this mail has of its own;
        `body_hash` is as `hash_of_body` gives it.
        """
        signed = b"".join(
            (self.fields, own_fields, self.hashed_start, body_hash, b"; b=")
        )  # what is signed ends before the signature itself
        signature = base64.b64encode(self.signer.sign(signed)).decode("ascii")
        first, rest = signature[: LONGEST - 3], signature[LONGEST - 3 :]
        lines = [first, *(rest[at : at + LONGEST] for at in range(0, len(rest), LONGEST))]
        written = "\r\n ".join(lines).encode("ascii")
        return b"".join((self.start, body_hash, b";\r\n b=", written, b"\r\n"))


def seal(signer: Signer, *, shared: bytes, own_names: Sequence[str], at: datetime) -> Seal:
    """Prepare a signer for mails of one date that share these header lines (CRLF).

    `own_names` are the fields that each mail has of its own, lower case, in
    the order in which they will be: `Seal.field` gets their canonical form.
    """
    fields = [(name, value) for name, value in _fields(shared) if name in SIGNED]
    present = [name for name, _ in fields] + list(own_names)
    absent = [name for name in SIGNED if name not in present]
    names = [*present, *dict.fromkeys(present), *absent]
    start = (
        f"DKIM-Signature: v=1; a={signer.algorithm}; c=relaxed/relaxed;\r\n"
        f" d={signer.domain}; s={signer.selector}; t={int(at.timestamp())};\r\n"
        f"{_folded_names(names)};\r\n bh="
    ).encode("ascii")
    return Seal(
        signer=signer,
        fields=b"".join(_canonical(name, value) for name, value in fields),
        start=start,
        hashed_start=_canonical(*_fields(start + b"\r\n")[0])[: -len(b"\r\n")],
    )


def hash_of_body(body: bytes) -> bytes:
    """Return the base64 of a body's SHA-256, where relaxed canonicalization changes nothing."""
    return base64.b64encode(hashlib.sha256(body).digest())


def load_signer(pem: str, *, selector: str, domain: str) -> Signer:
    """Read a private key. Raises ValueError, with what is wrong, for one that will not do."""
    if not _SELECTOR.fullmatch(selector):
        raise ValueError(f"'{selector}' is no selector: letters, digits and hyphens, like mail2026")
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("this is no private key in PEM form without a password") from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < RSA_BITS:
            raise ValueError(f"an RSA key needs {RSA_BITS} bits at least, this has {key.key_size}")
    elif not isinstance(key, ed25519.Ed25519PrivateKey):
        raise ValueError("DKIM knows keys of RSA and Ed25519 only")
    return Signer(selector=selector, domain=domain, key=key)


def new_key(*, ed: bool = False) -> str:
    """Return a new private key as PEM: RSA with 2048 bits, or Ed25519."""
    key: Key = (
        ed25519.Ed25519PrivateKey.generate()
        if ed
        else rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")


def record_of(signer: Signer) -> tuple[str, str]:
    """Return the name and the text of the TXT record to publish (RFC 6376, 3.6.1; RFC 8463)."""
    public = signer.key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        kind, raw = (
            "rsa",
            public.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
        )
    else:
        kind, raw = "ed25519", public.public_bytes_raw()
    name = f"{signer.selector}._domainkey.{signer.domain}"
    return name, f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode('ascii')}"


def is_aligned(domain: str, sender_domain: str) -> bool:
    """Whether DMARC's relaxed alignment may hold: one domain is the other, or is below it.

    Both are A-labels. (RFC 7489, 3.1.1. The public suffix list is not asked.)
    """
    ours, theirs = domain.lower(), sender_domain.lower()
    return ours == theirs or ours.endswith(f".{theirs}") or theirs.endswith(f".{ours}")


def _fields(header: bytes) -> list[tuple[str, bytes]]:
    return [(name.decode("ascii").lower(), value) for name, value in _FIELD.findall(header)]


def _canonical(name: str, value: bytes) -> bytes:
    return name.encode("ascii") + b":" + _BLANKS.sub(b" ", value).strip(b" ") + b"\r\n"


def _folded_names(names: Iterable[str]) -> str:
    lines = [" h="]
    for place, name in enumerate(names):
        word = f":{name}" if place else name
        if len(lines[-1]) + len(word) > LONGEST - 1:
            lines.append(" ")
        lines[-1] += word
    return "\r\n".join(lines)
