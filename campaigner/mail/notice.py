"""A short mail to the people who run campaigner: plain text, no list, nothing to click."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP


def notice(*, sender: str, to: str, subject: str, text: str, date: datetime, key: str) -> bytes:
    """Return one notice as RFC 5322 bytes with CRLF. `key` names it for ever."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = date.astimezone(UTC)
    mail["Message-ID"] = f"<{key}@{sender.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text, cte="quoted-printable")
    return mail.as_bytes()
