"""What servers say, and why it was: by the words first, by the numbers where there are none."""

import pytest

from campaigner.core.bounce_reasons import reason_of
from campaigner.core.bounces import HARD, Evidence, Reason

# Answers to RCPT as they are seen on the net, in no order.
ANSWERS_TO_RCPT = [
    ("550-5.1.1 The email account that you tried to reach does not exist. Please try", "hard"),
    ("550 No such user here", "hard"),
    ("550 Requested action not taken: mailbox unavailable", "hard"),
    ("553 sorry, no mailbox here by that name (#5.1.1 - chkusr)", "hard"),
    ("550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown in table", "hard"),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.org not found", "hard"),
    ("554 delivery error: dd This user doesn't have a yahoo.com account (a@b.example) [0]", "hard"),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "hard"),
    ("550 Unrouteable address", "hard"),
    ("550 unknown local-part 'ana' in domain 'example.org'", "hard"),
    ("550 No such person at this address", "hard"),
    ("550 This address no longer accepts mail.", "hard"),
    ("550 unknown user", "hard"),
    ("550 5.1.1 unknown or illegal alias: ana@example.org", "hard"),
    ("550 Not a valid recipient", "hard"),
    ("550 Mailbox not found", "hard"),
    ("550 no mailbox by that name is currently available", "hard"),
    ("550 5.1.1 User doesn't exist: ana@example.org", "hard"),
    ("550 Addressee unknown, relay=[192.0.2.1]", "hard"),
    ("550 Invalid recipient: <ana@example.org>", "hard"),
    ("551 5.1.1 Bad destination mailbox address", "hard"),
    ("550 El usuario no existe", "hard"),
    ("550 Destinatário inexistente", "hard"),
    ("550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416", "hard"),
    ("550 5.1.1 Benutzer unbekannt", "hard"),
    ("550 There is no such user", "hard"),
    ("550 invalid mailbox. User not found in local domain", "hard"),
    ("550 RCPT TO:<ana@example.org> User unknown", "hard"),
    ("556 5.1.10 Recipient address has null MX", Reason.NOT_ACCEPT),
    ("550 5.7.27 Domain does not accept mail (nullMX)", Reason.NOT_ACCEPT),
    ("551 5.1.6 The user has moved to another address", Reason.HAS_MOVED),
    ("550 5.1.2 Host unknown (Name server: example.org: host not found)", Reason.HOST_UNKNOWN),
    ("550 5.1.2 unknown domain", Reason.HOST_UNKNOWN),
    ("As the remote domain doesnt exist.", Reason.HOST_UNKNOWN),
    ("DNS Error: DNS type 'mx' lookup of example.org responded with code NXDOMAIN",
     Reason.HOST_UNKNOWN),
    ("Sorry, I couldn't find any host named example.invalid. (#5.1.2)", Reason.HOST_UNKNOWN),
    ("Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)", Reason.HOST_UNKNOWN),
    ("No MX found for domain", Reason.HOST_UNKNOWN),
    # A full mailbox
    ("552 5.2.2 The email account that you tried to reach is over quota", Reason.MAILBOX_FULL),
    ("452 4.2.2 The recipient's inbox is out of storage space.", Reason.MAILBOX_FULL),
    ("554 5.2.2 mailbox full; STOREDRV.Deliver; quota exceeded", Reason.MAILBOX_FULL),
    ("550 5.1.1 user over quota", Reason.MAILBOX_FULL),
    ("552 Mailbox limit exceeded for this email address", Reason.MAILBOX_FULL),
    ("452 4.1.1 action aborted: mailbox <ana@example.org> exceeds quota", Reason.MAILBOX_FULL),
    ("550 Mailbox quota exceeded / Usuario sin espacio", Reason.MAILBOX_FULL),
    ("550 5.7.1 <ana@example.org>: Recipient rejected: Mailbox is full", Reason.MAILBOX_FULL),
    ("552 5.2.2 La boîte de réception est pleine", Reason.MAILBOX_FULL),
    ("552 5.2.2 El buzón está lleno", Reason.MAILBOX_FULL),
    ("552 Requested mail action aborted: exceeded storage allocation", Reason.MAILBOX_FULL),
    ("422 The recipient's mailbox is over its storage limit", Reason.MAILBOX_FULL),
    # A closed account
    ("550 5.2.1 The email account that you tried to reach is disabled.", Reason.SUSPEND),
    ("550 5.2.1 The email account that you tried to reach is inactive.", Reason.SUSPEND),
    ("554 delivery error: dd Sorry, your message to ana@example.org cannot be delivered. "
     "This mailbox is disabled (554.30).", Reason.SUSPEND),
    ("550 account is suspended", Reason.SUSPEND),
    # Us: block lists, names, reputation
    ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
     "https://www.spamhaus.org/query/ip/192.0.2.1", Reason.BLOCKED),
    ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "
     "Internet service provider since part of their network is on our block list.", Reason.BLOCKED),
    ("550 5.7.1 Client host rejected: Access denied", Reason.BLOCKED),
    ("554 5.7.1 You are not allowed to connect.", Reason.BLOCKED),
    ("550 IP 192.0.2.1 is blacklisted. No such user reports will be given", Reason.BLOCKED),
    ("550 5.7.1 Mail from IP 192.0.2.1 was rejected: listed in Spamhaus SBL", Reason.BLOCKED),
    ("550 5.7.25 The IP address sending this message does not have a PTR record setup",
     Reason.REQUIRE_PTR),
    ("450 4.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
     Reason.REQUIRE_PTR),
    ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints",
     Reason.BAD_REPUTATION),
    ("550 5.7.1 Our system has detected that this message is likely suspicious due to the very low "
     "reputation of the sending domain", Reason.BAD_REPUTATION),
    # Policies, spam, authentication, relaying
    ("550 5.7.26 This mail is unauthenticated, which poses a security risk to the sender",
     Reason.AUTH_FAILURE),
    ("550 5.7.1 Unauthenticated email from example.org is not accepted due to domain's DMARC "
     "policy", Reason.AUTH_FAILURE),
    ("550 5.7.23 Message rejected due to SPF policy", Reason.AUTH_FAILURE),
    ("550-5.7.1 Our system has detected that this message is likely unsolicited mail",
     Reason.SPAM_DETECTED),
    ("554 5.7.1 Message rejected as spam by Content Filtering.", Reason.SPAM_DETECTED),
    ("554 5.7.1 <ana@example.org>: Relay access denied", Reason.NO_RELAYING),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", Reason.NO_RELAYING),
    ("550 5.7.1 Unable to relay for ana@example.org", Reason.NO_RELAYING),
    ("550 5.7.1 Message rejected for policy reasons", Reason.POLICY_VIOLATION),
    ("550 Denied by policy", Reason.POLICY_VIOLATION),
    ("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery "
     "restriction check failed because the sender was not authenticated", Reason.SECURITY_ERROR),
    ("550 5.1.8 <us@example.net>: Sender address rejected: Domain not found", Reason.REJECTED),
    ("550 Sender verify failed", Reason.REJECTED),
    ("550-Verification failed for <us@example.net> 550 Sender verify failed", Reason.REJECTED),
    ("550 5.7.1 You are not authorized to send to this recipient", Reason.REJECTED),
    # Size, speed, connections
    ("552 5.3.4 Message size exceeds fixed limit", Reason.MESSAGE_TOO_BIG),
    ("421 4.7.28 Our system has detected an unusual rate of mail; rate limited", Reason.SPEEDING),
    ("450 4.2.1 The user you are trying to contact is receiving mail too quickly", Reason.SPEEDING),
    ("452 4.5.3 Too many recipients", Reason.TOO_MANY_CONNECTIONS),
    ("421 4.7.0 Too many concurrent SMTP connections", Reason.TOO_MANY_CONNECTIONS),
]  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), ANSWERS_TO_RCPT)
def test_the_words_of_a_server_tell_why(said: str, expected: Reason | str) -> None:
    reason = reason_of(Evidence(said=said, command="RCPT"))
    if expected == "hard":
        assert reason in HARD, reason
    else:
        assert reason is expected


@pytest.mark.parametrize(
    "said", [said for said, what in ANSWERS_TO_RCPT if what not in ("hard", *HARD)]
)
def test_no_full_mailbox_block_or_policy_is_hard_whatever_number_and_command(said: str) -> None:
    for command in ("", "RCPT", "DATA", "MAIL", "CONN"):
        for status in ("", "5.1.1", "5.0.0"):
            for local in (False, True):
                evidence = Evidence(said=said, command=command, status=status, local=local)
                assert reason_of(evidence) not in HARD


@pytest.mark.parametrize(
    ("said", "command", "status"),
    [
        ("554 delivery error: dd This user doesn't have a yahoo.com account", "DATA", "5.0.0"),
        ("550 Requested action not taken: mailbox unavailable", "", "5.5.0"),
        ("550 ana@example.org... No such user", "", ""),
        ("550 ana says: user unknown", "DATA", "5.1.1"),
    ],
)
def test_what_is_said_for_certain_is_hard_without_the_command(
    said: str, command: str, status: str
) -> None:
    assert reason_of(Evidence(said=said, command=command, status=status)) is Reason.USER_UNKNOWN


@pytest.mark.parametrize("command", ["DATA", "EOM", ""])
def test_unknown_after_the_mail_was_read_is_a_filter(command: str) -> None:
    evidence = Evidence(said="550 user unknown here", command=command)
    assert reason_of(evidence) is Reason.FILTERED


def test_unknown_in_answer_to_mail_is_about_our_sender() -> None:
    assert reason_of(Evidence(said="550 unknown user", command="MAIL")) is Reason.REJECTED
    assert reason_of(Evidence(said="553 domain does not exist", command="MAIL")) is Reason.REJECTED


def test_a_group_that_tells_nobody_whether_it_exists_is_not_gone() -> None:
    assert reason_of(Evidence(said="le groupe n'existe pas", group=True)) is Reason.REJECTED


def test_words_win_over_numbers_and_numbers_help_where_there_are_none() -> None:
    assert reason_of(Evidence(said="550 5.1.1 mailbox full")) is Reason.MAILBOX_FULL
    assert reason_of(Evidence(said="550 5.1.1 xyzzy")) is Reason.USER_UNKNOWN
    assert reason_of(Evidence(said="xyzzy", status="4.2.2")) is Reason.MAILBOX_FULL
    assert reason_of(Evidence(said="xyzzy")) is Reason.UNDEFINED
