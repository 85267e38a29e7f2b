"""Notify: bring an alert to people, by mail and by webhook."""

from collections.abc import Callable, Sequence
from datetime import datetime

from campaigner.core.channel import Outcome, Relay, Retry, Sent, Unknown
from campaigner.core.message import OutgoingMail, key_of_text
from campaigner.errors import UserError
from campaigner.mail.notice import notice
from campaigner.net import Http, NoAnswerError, NotReachedError


def notify(
    subject: str,
    text: str,
    *,
    to: Sequence[str],
    sender: str,
    relay: Callable[[], Relay],
    webhook: str,
    http: Http,
    now: datetime,
) -> Outcome:
    """Tell every address of `to`, and the webhook if there is one; return the best outcome.

    One that reached somebody counts: an alert told twice is better than one
    told to nobody, but worse than one told once.
    """
    outcomes: list[Outcome] = []
    if to and sender:
        outcomes += _mail(relay, subject, text, to=to, sender=sender, now=now)
    if webhook:
        outcomes.append(_post(http, webhook, subject, text))
    for outcome in outcomes:
        if isinstance(outcome, Sent | Unknown):
            return outcome
    return outcomes[0] if outcomes else Retry("nobody is named in [alerts]")


def _mail(
    relay: Callable[[], Relay],
    subject: str,
    text: str,
    *,
    to: Sequence[str],
    sender: str,
    now: datetime,
) -> list[Outcome]:
    """Send one mail to each; an account that cannot be used keeps nobody from the webhook."""
    try:
        through = relay()
    except UserError as error:
        return [Retry(str(error), reached=False)]
    outcomes = []
    for address in to:
        key = key_of_text(f"{now.isoformat()} {address} {subject}")
        mail = OutgoingMail(
            key=key,
            envelope_from=notice_sender(sender),
            recipient=address,
            data=notice(sender=sender, to=address, subject=subject, text=text, date=now, key=key),
        )
        outcomes.append(through.send(mail))
    through.close()
    return outcomes


def _post(http: Http, webhook: str, subject: str, text: str) -> Outcome:
    """Call the webhook with `subject` and `text` as JSON, as chat services take it."""
    try:
        reply = http.post(webhook, json={"subject": subject, "text": f"{subject}\n\n{text}"})
    except NotReachedError as error:
        return Retry(str(error), reached=False)
    except NoAnswerError as error:
        return Unknown(str(error))
    if reply.status < 300:
        return Sent(remote_id="")
    return Retry(f"the webhook answered {reply.status}")


def notice_sender(sender: str) -> str:
    """Return the bare address of a sender with a name."""
    return sender.rpartition("<")[2].rstrip(">").strip()
