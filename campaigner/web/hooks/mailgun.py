"""Mailgun: an HMAC over a time and a token. It does not cover what is told: so a token counts once.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

import hashlib
import hmac
from dataclasses import dataclass, field, replace

from campaigner.core.relay_events import Event, events_of_mailgun
from campaigner.web.hooks.proof import Call, RefusedError, is_same


@dataclass(frozen=True, kw_only=True)
class Mailgun:
    signing_key: str = field(repr=False)

    def events(self, call: Call) -> list[Event]:
        """Verify a call and return what it tells, under the name of its token.

        Whoever sees a call on its way could tell us something else with its
        signature: the second report of a token is one that we know already.
        Raises RefusedError.
        """
        body = call.json()
        proof = body.get("signature") if isinstance(body, dict) else None
        if not isinstance(proof, dict):
            raise RefusedError("it is not signed")
        time, token, given = (
            str(proof.get(name, "")) for name in ("timestamp", "token", "signature")
        )
        if not self.signing_key or not token:
            raise RefusedError("it is not signed")
        signed = hmac.new(self.signing_key.encode(), (time + token).encode(), hashlib.sha256)
        if not is_same(given, signed.hexdigest()):
            raise RefusedError("its signature is not Mailgun's")
        call.check_age(time)
        return [replace(event, id=token) for event in events_of_mailgun(body)]
