"""Posts to send, with sensible parts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from campaigner.channels.session import Patience
from campaigner.core.message import Attachment, Outgoing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINK = "https://example.org/?utm_content=k3y"
IMPATIENT = Patience(
    connect=timedelta(seconds=1), read=timedelta(milliseconds=200), whole=timedelta(seconds=2)
)
PICTURE = Attachment(name="a.png", mime="image/png", data=b"\x89PNG", alt="A lock")


def post(**parts: Any) -> Outgoing:
    whole = {
        "key": "k3y",
        "text": f"Hola & adiós\n{LINK}",
        "link": LINK,
        "language": "es-419",
        "first_attempt_at": NOW,
    }
    return Outgoing(**{**whole, **parts})
