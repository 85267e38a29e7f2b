"""A manual account in a few words: its people, their language, and the relay behind it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from campaigner.channels.manual import Manual
from campaigner.core.channel import Relay
from campaigner.core.message import Attachment, Origin, Outgoing
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.handovers import render_handover
from tests.rendering.builders import packaged_environment

NOW = datetime(2026, 12, 1, 13, tzinfo=UTC)
LOCALES = Path(__file__).parents[1] / "locales"
TEXT = "Fíjese en el dominio.\n\nAntes de  hacer clic: https://example.org/?a=1&b=2 👍🏽\n-- \n.\n"
PICTURE = Attachment(
    name="a lock.png", mime="image/png", data=b"\x89PNG\r\n\x1a\n", alt="Un <candado>"
)


def origin(**parts: Any) -> Origin:
    whole: dict[str, Any] = {
        "delivery": 123,
        "campaign": "spring",
        "item": "phishing",
        "locale": "es",
        "not_after": NOW + timedelta(days=2),
        "zone": "America/Montevideo",
    }
    return Origin(**whole | parts)


def post(**parts: Any) -> Outgoing:
    whole: dict[str, Any] = {
        "key": "k3y",
        "text": TEXT,
        "link": "https://example.org/?a=1&b=2",
        "language": "es",
        "first_attempt_at": NOW,
        "origin": origin(),
    }
    return Outgoing(**whole | parts)


def manual(
    relay: Relay,
    *,
    people: Sequence[str] = ("ana@example.org",),
    language: str = "en",
    templates: Sequence[Path] = (),
) -> Manual:
    catalogs, environment = Catalogs([LOCALES]), packaged_environment(*templates)
    return Manual(
        name="group",
        people=people,
        language=language,
        sender="ICANN LAC <lac@example.org>",
        reply_to="team@example.org",
        relay=relay,
        write=lambda post: render_handover(
            post,
            place="LinkedIn group",
            people=people,
            language=language,
            catalogs=catalogs,
            environment=environment,
        ),
    )
