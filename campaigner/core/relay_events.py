"""What relays report of our mails by webhook: each vendor's words → a report.

Values only; whether a call really comes from the relay was decided before.

Amazon SES: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
Postmark: https://postmarkapp.com/developer/webhooks/bounce-webhook
SendGrid: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/events/events
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from campaigner.core.bounce_reasons import reason_of
from campaigner.core.bounces import Evidence, Finding, Kind, Reason, Report, reply_in, status_in


@dataclass(frozen=True, kw_only=True)
class Event:
    """One report of a relay; `id` is the relay's own name for it, so that it counts once."""

    id: str
    report: Report


def reports_of_ses(value: object) -> list[Report]:
    """Read one notification or event of SES: bounce, complaint, delivery; others are nothing."""
    note = _mapping(value)
    mail = _mapping(note.get("mail"))
    headers = {
        _text(_mapping(one).get("name")).lower(): _text(_mapping(one).get("value"))
        for one in _sequence(mail.get("headers"))
    }
    ids = (
        headers.get("message-id", ""),
        _text(_mapping(mail.get("commonHeaders")).get("messageId")),
    )
    match _text(note.get("notificationType") or note.get("eventType")):
        case "Bounce":
            bounce = _mapping(note.get("bounce"))
            kind = Kind.BOUNCE
            findings = [
                _ses_bounce(bounce, _mapping(one))
                for one in _sequence(bounce.get("bouncedRecipients"))
            ]
            at = bounce.get("timestamp")
        case "Complaint":
            complaint = _mapping(note.get("complaint"))
            kind = Kind.COMPLAINT
            findings = [
                Finding(
                    recipient=_text(_mapping(one).get("emailAddress")),
                    reason=Reason.FEEDBACK,
                    feedback=_text(complaint.get("complaintFeedbackType")) or "abuse",
                )
                for one in _sequence(complaint.get("complainedRecipients"))
            ]
            at = complaint.get("timestamp")
        case "Delivery":
            delivery = _mapping(note.get("delivery"))
            kind = Kind.DELIVERED
            findings = [
                _delivered(_text(one), _text(delivery.get("smtpResponse")))
                for one in _sequence(delivery.get("recipients"))
            ]
            at = delivery.get("timestamp")
        case _:
            return []
    return [
        Report(
            kind=kind,
            findings=tuple(findings),
            message_ids=_ids(ids),
            remote_ids=_ids([_text(mail.get("messageId"))]),
            happened_at=_moment(at),
        )
    ]


def _ses_bounce(bounce: Mapping[str, Any], one: Mapping[str, Any]) -> Finding:
    said = _text(one.get("diagnosticCode"))
    passing = _text(bounce.get("bounceType")) == "Transient"
    finding = _finding(
        _text(one.get("emailAddress")), said, status=_text(one.get("status")), passing=passing
    )
    if _text(bounce.get("bounceSubType")) in ("Suppressed", "OnAccountSuppressionList"):
        return Finding(recipient=finding.recipient, reason=Reason.SUPPRESSED, said=said)
    return finding


def events_of_postmark(value: object) -> list[Event]:
    """Read one call of Postmark."""
    call = _mapping(value)
    details = _text(call.get("Details"))
    address = _text(call.get("Email")) or _text(call.get("Recipient"))
    at = call.get("BouncedAt") or call.get("DeliveredAt") or call.get("ChangedAt")
    match _text(call.get("RecordType")):
        case "Bounce":
            named = _text(call.get("Type"))
            said = details or _text(call.get("Description"))
            finding = _finding(address, said, passing=named in _POSTMARK_PASSING)
            if named in ("Blocked", "SpamNotification") and finding.hard:
                finding = Finding(recipient=address, reason=Reason.BLOCKED, said=said)
            kind = Kind.BOUNCE
            if named == "SpamComplaint":
                kind, finding = Kind.COMPLAINT, _complaint(address)
        case "SpamComplaint":
            kind, finding = Kind.COMPLAINT, _complaint(address)
        case "Delivery":
            kind, finding = Kind.DELIVERED, _delivered(address, details)
        case _:
            return []
    number = _text(call.get("ID")) or f"{_text(call.get('RecordType'))}:{address}"
    report = Report(
        kind=kind,
        findings=(finding,),
        remote_ids=_ids([_text(call.get("MessageID"))]),
        happened_at=_moment(at),
    )
    return [Event(id=f"{number}:{_text(call.get('MessageID'))}", report=report)]


_POSTMARK_PASSING = frozenset({"SoftBounce", "Transient", "DnsError", "AutoResponder"})


def events_of_sendgrid(value: object) -> list[Event]:
    """Read one call of SendGrid: many events."""
    found = []
    for one in _sequence(value):
        event = _mapping(one)
        address, said = _text(event.get("email")), _text(event.get("reason"))
        match _text(event.get("event")):
            case "bounce":
                blocked = _text(event.get("type")) == "blocked"
                finding = _finding(
                    address, said, status=_text(event.get("status")), passing=blocked
                )
                kind = Kind.BOUNCE
            case "dropped":
                # SendGrid did not even try; what its own list remembers is not our evidence.
                kind = Kind.BOUNCE
                finding = Finding(recipient=address, reason=Reason.SUPPRESSED, said=said)
            case "spamreport":
                kind, finding = Kind.COMPLAINT, _complaint(address)
            case "delivered":
                kind = Kind.DELIVERED
                finding = _delivered(address, _text(event.get("response")))
            case _:
                continue
        number = _text(event.get("sg_message_id")).partition(".")[0]
        report = Report(
            kind=kind,
            findings=(finding,),
            message_ids=_ids([_text(event.get("smtp-id"))]),
            remote_ids=_ids([number]),
            happened_at=_moment(event.get("timestamp")),
        )
        found.append(Event(id=_text(event.get("sg_event_id")), report=report))
    return found


def events_of_mailgun(value: object) -> list[Event]:
    """Read one call of Mailgun, whose signature was verified."""
    event = _mapping(_mapping(value).get("event-data"))
    status = _mapping(event.get("delivery-status"))
    address = _text(event.get("recipient"))
    said = " ".join(
        filter(None, (_text(status.get("code")), _text(status.get("enhanced-code")),
                      _text(status.get("message")) or _text(status.get("description"))))
    )  # fmt: skip
    match _text(event.get("event")):
        case "failed":
            kind = Kind.BOUNCE
            passing = _text(event.get("severity")) == "temporary"
            # Mailgun goes on trying what it calls temporary.
            finding = replace(_finding(address, said), delayed=passing)
            if _text(event.get("reason")).startswith("suppress"):
                finding = Finding(recipient=address, reason=Reason.SUPPRESSED, said=said)
        case "complained":
            kind, finding = Kind.COMPLAINT, _complaint(address)
        case "delivered":
            kind, finding = Kind.DELIVERED, _delivered(address, said)
        case _:
            return []
    headers = _mapping(_mapping(event.get("message")).get("headers"))
    report = Report(
        kind=kind,
        findings=(finding,),
        message_ids=_ids([_text(headers.get("message-id"))]),
        happened_at=_moment(event.get("timestamp")),
    )
    return [Event(id=_text(event.get("id")), report=report)]


def _finding(address: str, said: str, *, status: str = "", passing: bool = False) -> Finding:
    """Classify what a relay passes on of the server that refused the mail.

    A relay that keeps an address for dead after one 5.1.1 has asked RCPT: what
    it calls passing is never hard here, whatever it says.
    """
    reason = reason_of(Evidence(said=said, status=status, command="RCPT"))
    dsn, reply = status_in(said) or status_in(status), reply_in(said)
    return Finding(
        recipient=address,
        dsn=dsn,
        reply=reply,
        reason=reason,
        passing=passing,
        said=said[:500],
    )


def _complaint(address: str) -> Finding:
    return Finding(recipient=address, reason=Reason.FEEDBACK, feedback="abuse")


def _delivered(address: str, said: str) -> Finding:
    return Finding(
        recipient=address,
        reason=Reason.DELIVERED,
        dsn=status_in(said),
        reply=reply_in(said),
        said=said[:500],
    )


def _ids(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip("<> ") for value in values if value.strip("<> ")))


def _moment(value: object) -> datetime | None:
    """Return a time that is written as ISO 8601, or as seconds since 1970."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        # Postmark writes seven digits after the point, and Python reads six.
        text = re.sub(r"(\.\d{6})\d+", r"\1", _text(value))
        moment = datetime.fromisoformat(text) if text else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
