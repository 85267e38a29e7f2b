"""What a mailbox provider sends back: a report of failure, a reader's complaint.

RFC 3464 and, for an address beyond ASCII, RFC 6533; complaints RFC 5965. The
original's headers are in it as a provider returns them.
"""

from email.utils import format_datetime

from campaigner.sandbox.posts import Mail

SERVER = "sandbox.localhost"
WORDS = {
    "5.1.1": ("failed", "550 5.1.1 The mailbox does not exist"),
    "4.2.2": ("failed", "452 4.2.2 The mailbox is full"),
}


def failure(mail: Mail, recipient: str, status: str, data: bytes) -> bytes:
    """Return the report that a mail did not arrive; it goes to the mail's envelope sender."""
    action, reply = WORDS[status]
    international = not recipient.isascii()
    kind = "utf-8" if international else "rfc822"
    return _report(
        mail,
        to=mail.sender,
        subject="Undelivered Mail Returned to Sender",
        kind="delivery-status",
        words=f"Your mail to <{recipient}> could not be delivered:\n\n    {reply}\n",
        body_type="message/global-delivery-status" if international else "message/delivery-status",
        body=(
            f"Reporting-MTA: dns; {SERVER}\n"
            f"Arrival-Date: {format_datetime(mail.at)}\n"
            "\n"
            f"Original-Recipient: {kind}; {recipient}\n"
            f"Final-Recipient: {kind}; {recipient}\n"
            f"Action: {action}\n"
            f"Status: {status}\n"
            f"Remote-MTA: dns; {SERVER}\n"
            f"Diagnostic-Code: smtp; {reply}\n"
        ),
        original_type="message/global-headers" if international else "text/rfc822-headers",
        original=data.partition(b"\r\n\r\n")[0] + b"\r\n",
    )


def complaint(mail: Mail, recipient: str, data: bytes) -> bytes:
    """Return a reader's complaint, as a feedback loop reports it to the mail's sender."""
    return _report(
        mail,
        to=mail.sender or "postmaster@localhost",
        subject=f"FW: {mail.subject}",
        kind="feedback-report",
        words="One of our users marked this mail as spam.\n",
        body_type="message/feedback-report",
        body=(
            "Feedback-Type: abuse\n"
            "User-Agent: campaigner-sandbox/1\n"
            "Version: 1\n"
            f"Original-Mail-From: <{mail.sender}>\n"
            f"Original-Rcpt-To: <{recipient}>\n"
            f"Arrival-Date: {format_datetime(mail.at)}\n"
            f"Reporting-MTA: dns; {SERVER}\n"
        ),
        original_type="message/rfc822",
        original=data,
    )


def _report(
    mail: Mail,
    *,
    to: str,
    subject: str,
    kind: str,
    words: str,
    body_type: str,
    body: str,
    original_type: str,
    original: bytes,
) -> bytes:
    boundary = f"=_{mail.id}"
    international = not (to + words + subject + body).isascii()
    coding = "8bit" if international or not original.isascii() else "7bit"
    head = (
        "Return-Path: <>\n"
        f"Delivered-To: {to}\n"
        f"From: Mail Delivery System <mailer-daemon@{SERVER}>\n"
        f"To: <{to}>\n"
        f"Subject: {subject}\n"
        f"Date: {format_datetime(mail.at)}\n"
        f"Message-ID: <{mail.id}.{kind}@{SERVER}>\n"
        "Auto-Submitted: auto-replied\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"\n'
        f"Content-Transfer-Encoding: {coding}\n"
        f"\n--{boundary}\n"
        "Content-Type: text/plain; charset=utf-8\n"
        f"Content-Transfer-Encoding: {coding}\n\n{words}\n"
        f"--{boundary}\nContent-Type: {body_type}\n\n{body}\n"
        f"--{boundary}\nContent-Type: {original_type}\n\n"
    )
    return head.encode() + original.replace(b"\r\n", b"\n") + f"\n--{boundary}--\n".encode()
