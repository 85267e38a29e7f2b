"""Amazon SES, through Amazon SNS: signed with a certificate that Amazon publishes.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from campaigner.core.relay_events import Event, reports_of_ses
from campaigner.errors import CampaignerError
from campaigner.web.hooks.proof import Call, RefusedError

_NOTE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Mapping[str, Sequence[str]] = {
    "Notification": _NOTE,
    "SubscriptionConfirmation": _SUBSCRIPTION,
    "UnsubscribeConfirmation": _SUBSCRIPTION,
}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_ARN = re.compile(r"arn:(aws(?:-cn|-us-gov)?):sns:([a-z0-9-]+):\d{12}:[\w.-]+")
OLDEST = timedelta(hours=1)  # SNS tries again for about half an hour
MOST_CERTIFICATES = 8


@dataclass(frozen=True, kw_only=True)
class Sns:
    """The one topic that may call. `fetch` gets what is public at an https address of Amazon's."""

    topic_arn: str
    fetch: Callable[[str], bytes]
    _certificates: dict[str, x509.Certificate] = field(default_factory=dict)

    def events(self, call: Call) -> list[Event]:
        """Verify a call and return what it tells; confirm the subscription of our own topic.

        Raises RefusedError.
        """
        note = call.json()
        if not isinstance(note, dict):
            raise RefusedError("it is no notification", status=400)
        self.verify(note, now=call.now)
        match note["Type"]:
            case "SubscriptionConfirmation":
                self._fetched(self._amazons(str(note.get("SubscribeURL", ""))))
                return []
            case "Notification":
                inner = Call(headers={}, body=str(note["Message"]).encode(), now=call.now)
                return [
                    Event(id=str(note["MessageId"]), report=report)
                    for report in reports_of_ses(inner.json())
                ]
            case _:
                return []

    def verify(self, note: Mapping[str, Any], *, now: datetime) -> None:
        """Raise RefusedError unless Amazon signed this for our topic, lately."""
        fields = _SIGNED.get(str(note.get("Type", "")))
        if fields is None or not all(isinstance(value, str) for value in note.values()):
            raise RefusedError("it is no notification", status=400)
        if not self.topic_arn or note.get("TopicArn") != self.topic_arn:
            raise RefusedError("it is of another topic")
        algorithm = _HASHES.get(note.get("SignatureVersion", ""))
        if algorithm is None:
            raise RefusedError("it is signed in a way that we do not know")
        signed = "".join(f"{name}\n{note[name]}\n" for name in fields if name in note)
        certificate = self._certificate(note.get("SigningCertURL", ""), now=now)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise RefusedError("its certificate is not of the kind that Amazon uses")
        try:
            given = base64.b64decode(note.get("Signature", ""), validate=True)
            key.verify(given, signed.encode(), padding.PKCS1v15(), algorithm)
        except (binascii.Error, ValueError, InvalidSignature):
            raise RefusedError("its signature is not Amazon's") from None
        try:
            age = now - datetime.fromisoformat(note["Timestamp"])
        except (KeyError, ValueError, TypeError):
            raise RefusedError("it has no time of signing") from None
        if abs(age) > OLDEST:
            raise RefusedError("it was signed too long ago")

    def _certificate(self, url: str, *, now: datetime) -> x509.Certificate:
        """Return the certificate at an address of Amazon's, fetched once, while it is valid."""
        address = self._amazons(url)
        if not urlsplit(address).path.endswith(".pem"):
            raise RefusedError("its certificate is not at an address of Amazon's")
        if address not in self._certificates:
            try:
                certificate = x509.load_pem_x509_certificate(self._fetched(address))
            except ValueError:
                raise RefusedError("its certificate cannot be read") from None
            if len(self._certificates) >= MOST_CERTIFICATES:
                self._certificates.clear()
            self._certificates[address] = certificate
        found = self._certificates[address]
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            raise RefusedError("its certificate is not valid now")
        return found

    def _amazons(self, url: str) -> str:
        """Return an address if it is SNS's own in our topic's region, and refuse any other."""
        arn = _ARN.fullmatch(self.topic_arn)
        if arn is None:
            raise RefusedError("our own topic_arn is none")
        host = f"sns.{arn[2]}.amazonaws.com{'.cn' if arn[1] == 'aws-cn' else ''}"
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.netloc != host:
            raise RefusedError("it names an address that is not Amazon's")
        return url

    def _fetched(self, url: str) -> bytes:
        try:
            return self.fetch(url)
        except CampaignerError as error:
            # Not its fault: Amazon will tell again.
            raise RefusedError(f"Amazon could not be asked: {error}", status=503) from None
