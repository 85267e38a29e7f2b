"""SendGrid: an ECDSA signature over a time and the body, in two headers.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from campaigner.core.relay_events import Event, events_of_sendgrid
from campaigner.web.hooks.proof import Call, RefusedError

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIME = "x-twilio-email-event-webhook-timestamp"


@dataclass(frozen=True, kw_only=True)
class SendGrid:
    """`public_key` is what SendGrid shows as its verification key: base64 of its DER form."""

    public_key: str

    def events(self, call: Call) -> list[Event]:
        """Verify a call and return what it tells. Raises RefusedError."""
        time = call.headers.get(_TIME, "")
        try:
            key = serialization.load_der_public_key(base64.b64decode(self.public_key))
            given = base64.b64decode(call.headers.get(_SIGNATURE, ""), validate=True)
        except (binascii.Error, ValueError):
            raise RefusedError("its signature, or our key, cannot be read") from None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise RefusedError("our key is not of the kind that SendGrid uses")
        try:
            key.verify(given, time.encode() + call.body, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise RefusedError("its signature is not SendGrid's") from None
        call.check_age(time)
        return events_of_sendgrid(call.json())
