"""Postmark, which signs nothing: it logs in with a name and a password (basic authentication).

https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook
"""

import base64
import binascii
from dataclasses import dataclass, field

from campaigner.core.relay_events import Event, events_of_postmark
from campaigner.web.hooks.proof import Call, RefusedError, is_same


@dataclass(frozen=True, kw_only=True)
class Postmark:
    user: str
    password: str = field(repr=False)

    def events(self, call: Call) -> list[Event]:
        """Verify a call and return what it tells. Raises RefusedError."""
        scheme, _, coded = call.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(coded, validate=True).decode()
        except (binascii.Error, ValueError):
            given = ""
        known = f"{self.user}:{self.password}" if self.user and self.password else ""
        if scheme.lower() != "basic" or not is_same(given, known):
            raise RefusedError("it does not log in")
        return events_of_postmark(call.json())
