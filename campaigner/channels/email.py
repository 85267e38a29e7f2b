"""E-mail, through a relay of one's own provider: submission, never delivery to strangers.

`smtp://relay.example.org:587` (STARTTLS is required, unless it is this very
machine) or `smtps://relay.example.org:465`.
"""

import ssl
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from campaigner.core.channel import Outcome
from campaigner.core.message import OutgoingMail
from campaigner.errors import UserError
from campaigner.mail.smtp import Timeouts
from campaigner.mail.transport import Server, Transport
from campaigner.net import PORTS, is_loopback, refuse_remote


class Email:
    """One relay. `credentials`: `user` and `password`, or neither."""

    SECRETS: ClassVar = ("user", "password")

    def __init__(
        self,
        *,
        name: str,
        base: str,
        credentials: Mapping[str, str],
        loopback_only: bool = False,
        timeouts: Timeouts | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Check the address; the connection is made with the first mail. Raises UserError."""
        if loopback_only:
            refuse_remote(base)
        self.name = name
        self._transport = Transport(
            server_at(
                base,
                credentials=credentials,
                timeouts=timeouts or Timeouts(),
                context=context or ssl.create_default_context(),
            )
        )

    def send(self, mail: OutgoingMail) -> Outcome:
        return self._transport.send(mail)

    def close(self) -> None:
        self._transport.close()


def server_at(
    base: str,
    *,
    credentials: Mapping[str, str],
    timeouts: Timeouts,
    context: ssl.SSLContext,
) -> Server:
    """Read a relay's address. Raises UserError for one that is none."""
    parts = urlsplit(base)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not port:
        raise UserError(
            f"'{base}' is no address of a mail relay. Write smtp://relay.example.org:587 "
            "or smtps://relay.example.org:465"
        )
    return Server(
        host=parts.hostname,
        port=port,
        encrypted=parts.scheme == "smtps",
        start_tls=not is_loopback(base),
        user=credentials.get("user", ""),
        password=credentials.get("password", ""),
        context=context,
        timeouts=timeouts,
    )
