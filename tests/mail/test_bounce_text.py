"""Bounces written for people, one of each manner; the wording is our own, the manner is theirs."""

import pytest

from campaigner.mail.reports import read_report

COPY = "Return-Path: <us@example.net>\nTo: ana@example.org\nSubject: News\n\nHello\n"

# (the mailer's manner, its subject, its text, who did not get it, whether that is for good)
MANNERS: list[tuple[str, str, str, list[tuple[str, bool]]]] = [
    (
        "paragraph under an address, after the fact",
        "Undeliverable: News",
        "Your message:\n   From:    us@example.net\n   To:      ana@example.org\n"
        "   Subject: News\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\n"
        "The following recipients were affected: \n\n    ana@example.org\n\n"
        f"Additional Information\n======================\nSender: <us@example.net>\n{COPY}",
        [("ana@example.org", True)],
    ),
    (
        "transcript of sent and received",
        "Mail delivery error",
        "Sent >>> RCPT TO:<ana@example.org>\nReceived <<< 550 5.1.1 <ana@example.org>... user "
        "unknown\n\nUnable to deliver message to <ana@example.org>\n",
        [("ana@example.org", True)],
    ),
    (
        "headline with stars",
        "Delivery Status Notification (Failure)",
        "** Address not found **\n\nYour message wasn't delivered to ana@example.org because the "
        "address couldn't be found, or is unable to receive mail.\n\nThe response from the remote "
        "server was:\n550 5.1.1 The email account that you tried to reach does not exist.\n\n"
        f"----- Original message -----\n\n{COPY}",
        [("ana@example.org", True)],
    ),
    (
        "headline with stars, too full",
        "Delivery Status Notification (Failure)",
        "** Recipient inbox full **\n\nYour message couldn't be delivered to ana@example.org. "
        "Their inbox is full, or it's getting too much mail right now.\n\nThe response was:\n\n"
        "The email account that you tried to reach is over quota.\n",
        [("ana@example.org", False)],
    ),
    (
        "two readers, two reasons",
        "failure notice",
        "Hi. This is the mail program at mx.example.net.\nI'm afraid I wasn't able to deliver your "
        "message to the following addresses.\nThis is a permanent error; I've given up.\n\n"
        "<ana@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 "
        "unknown user\nGiving up on 192.0.2.1.\n\n<bo@example.com>:\n"
        "192.0.2.2 does not like recipient.\nRemote host said: 552 5.2.2 mailbox full\n"
        "Giving up on 192.0.2.2.\n\n"
        f"--- Below this line is a copy of the message.\n\n{COPY}",
        [("ana@example.org", True), ("bo@example.com", False)],
    ),
    (
        "an arrow before the address",
        "Returned mail: delivery problems encountered",
        "The following message was not delivered.\n\n    * ana@example.org\n      550 Service "
        "unavailable; Client host [192.0.2.1] blocked using Spamhaus\n\n"
        f"======= Original Message =======\n{COPY}",
        [("ana@example.org", False)],
    ),
    (
        "what is wrong above the address",
        "Mail System Error - Returned Mail",
        "This Message was undeliverable due to the following reason:\n\nEach of the following "
        "recipients was rejected by a remote mail server.\nThe reasons given by the server are "
        "included to help you determine why\neach recipient was rejected.\n\n    Recipient: "
        "<ana@example.org>\n    Reason:    5.1.1 <ana@example.org>... User unknown\n\n"
        "Please reply to <postmaster@example.net>\nif you feel this message to be in error.\n",
        [("ana@example.org", True)],
    ),
    (
        "the host is not there",
        "Undeliverable Mail",
        "The user(s) below could not be reached:\n\n  ana@example.invalid\n    all relevant MX "
        f"records point to non-existent hosts\n\n---- This is a copy of the message ----\n{COPY}",
        [("ana@example.invalid", True)],
    ),
    (
        "still trying",
        "Warning: message delayed 24 hours",
        "This message was created automatically by mail delivery software.\nA message that you "
        "sent has not yet been delivered to one or more of its\nrecipients after more than 24 "
        "hours on the queue.\n\nThe address to which the message has not yet been delivered is:\n\n"
        "  ana@example.org\n    Delay reason: SMTP error from remote mail server after RCPT TO:"
        "<ana@example.org>: 450 4.1.1 user unknown, try later\n\nNo action is required on your "
        "part. Delivery attempts will continue for\nsome time.\n",
        [("ana@example.org", False)],
    ),
    (
        "an office that reads the news, and one to ask",
        "Undelivered Mail Returned to Sender",
        "For further assistance, please send mail to postmaster@mx.example.net.\n\n"
        "<info@example.org>: host mx.example said: 550 5.1.1 user unknown (in reply to RCPT TO)\n",
        [("info@example.org", True)],
    ),
    (
        "in Spanish",
        "Mensaje no entregado: undeliverable",
        "Su mensaje no se pudo entregar al siguiente destinatario:\n\n<ana@example.org>: 550 5.1.1 "
        "El usuario no existe\n",
        [("ana@example.org", True)],
    ),
    (
        "an international address",
        "Undelivered Mail Returned to Sender",
        "I could not deliver it.\n\n<josé@bücher.example>: host mx.example said: 550 5.1.1 user "
        "unknown (in reply to RCPT TO command)\n",
        [("josé@bücher.example", True)],
    ),
]


@pytest.mark.parametrize(("subject", "text", "expected"), [manner[1:] for manner in MANNERS],
                         ids=[manner[0] for manner in MANNERS])  # fmt: skip
def test_a_text_tells_who_did_not_get_it_and_whether_for_good(
    subject: str, text: str, expected: list[tuple[str, bool]]
) -> None:
    mail = (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: us@example.net\n"
        f"Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}"
    )
    report = read_report(mail.encode())
    assert [(one.recipient, one.hard) for one in report.findings] == expected, report


def test_a_bounce_in_html_alone_is_read_too() -> None:
    mail = (
        b"From: MAILER-DAEMON@mx.example.net\nTo: us@example.net\nSubject: Undeliverable\n"
        b"Content-Type: text/html; charset=utf-8\n\n<html><style>p {color: red}</style><body>"
        b"<p>It failed:</p><p>&lt;ana@example.org&gt;:<br>550 5.1.1 no such user</p></body></html>"
    )
    (finding,) = read_report(mail).findings
    assert (finding.recipient, finding.hard) == ("ana@example.org", True)
