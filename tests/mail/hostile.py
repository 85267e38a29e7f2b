"""How relays misbehave: at which verb, with which answer, under which name.

Each `Fault` is a script for `tests.mail.relay_stub`. Tests pair it with what has
to become of a mail.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.mail.relay_stub import DROP, STALL, TLS

# The codes that relays answer with, each with words that one of them really says.
REPLIES = {
    "421": "421 4.7.0 Too many connections, closing",
    "450": "450 4.2.0 Greylisted, come back later",
    "451": "451 4.3.0 Temporary lookup failure",
    "452": "452 4.3.1 Insufficient system storage",
    "454": "454 4.7.0 Temporary authentication failure",
    "550": "550 5.1.1 User unknown",
    "5.7.1": "550 5.7.1 Delivery not authorized, message refused",
}
SILENCES = {"drops": DROP, "stalls": STALL, "garbage": "HTTP/1.1 400 Bad Request"}
VERBS = ("GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", ".")


def offering(*extensions: str) -> str:
    """Return what a relay that offers these answers to EHLO."""
    *first, last = ("relay.example", *extensions)
    return "".join(f"250-{line}\r\n" for line in first) + f"250 {last}"


ORDINARY = ("SIZE 100000", "8BITMIME", "SMTPUTF8")
PLAIN = offering(*ORDINARY)
PIPELINED = offering("PIPELINING", *ORDINARY)
WITH_LOGIN = offering("PIPELINING", "AUTH PLAIN LOGIN", *ORDINARY)
WITH_TLS = offering("PIPELINING", "STARTTLS", *ORDINARY)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to misbehave: what is said at a verb, and the name of that."""

    verb: str
    name: str
    said: str

    @property
    def id(self) -> str:
        return f"{self.verb}-{self.name}"

    @property
    def needs_tls(self) -> bool:
        return self.verb == "STARTTLS"

    @property
    def needs_login(self) -> bool:
        return self.verb == "AUTH"

    @property
    def offers(self) -> str:
        """What EHLO answers, so that the verb comes to be said at all."""
        if self.needs_tls:
            return WITH_TLS
        return WITH_LOGIN if self.needs_login else PIPELINED

    def script(self) -> dict[str, str]:
        return {"EHLO": self.offers} | {self.verb: self.said}


def faults() -> Iterator[Fault]:
    """Yield every verb with every code, and with each way to say nothing."""
    for verb in VERBS:
        answers = SILENCES if verb == "BODY" else REPLIES | SILENCES
        for name, said in answers.items():
            if (verb, name) != ("BODY", "garbage"):
                yield Fault(verb=verb, name=name, said=said)


def certificate(folder: Path, *, names: tuple[str, ...], days: int) -> Path:
    """Write a certificate that signs itself, with its key, in one file; return its path.

    `days` is until when it is good, from now on; below nothing: it has expired.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    sans = [
        x509.IPAddress(IPv4Address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(issuer)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(sans), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "relay.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def showing(path: Path) -> ssl.SSLContext:
    """Return a server's context that shows the certificate in a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def trusting(path: Path = TLS / "localhost.crt") -> ssl.SSLContext:
    """Return a client's context that trusts the certificate in a file, and no other."""
    return ssl.create_default_context(cafile=path)
