"""A person looks at what came back: classified, read, listed, decided on."""

import json
from pathlib import Path

from campaigner.app import App, utc_now
from campaigner.core.audience import Standing
from campaigner.core.message import Kind
from campaigner.core.tokens import Purpose, bounce_local, sign
from campaigner.db.models import Subscriber, Subscription
from campaigner.sandbox.smtp_desk import FOLDER
from campaigner.settings import load_settings
from tests.acceptance.sample import Sample
from tests.acceptance.shell import Shell
from tests.rows import add_message, add_sent

MAILS = Path(__file__).parent.parent / "data" / "bounces" / "eml"
REPORT = """From: MAILER-DAEMON@mx.example.org
To: {to}
Subject: Undelivered Mail Returned to Sender

<{reader}>: host mx.example.org said: 550 5.1.1 user unknown (in reply to RCPT TO command)
"""


def sent_mail(sample: Sample, reader: str) -> str:
    """Add a mail that went out to a reader; return the address that its bounce comes back to."""
    app = App(load_settings(sample.root))
    try:
        with app.sessions.begin() as session:
            subscriber = Subscriber(
                address=reader, mailbox=reader, locale="es", zone="UTC", added_at=utc_now()
            )
            session.add(subscriber)
            session.flush()
            session.add(
                Subscription(
                    subscriber_id=subscriber.id, list="newsletter", added_at=utc_now(),
                    changed_at=utc_now(), state=Standing.ACTIVE.value,
                )
            )  # fmt: skip
            message = add_message(session, kind=Kind.MAIL, account="newsletter", channel="email")
            mail = add_sent(session, message, recipient=reader, subscriber_id=subscriber.id)
        return f"{bounce_local(sign(app.keyring, Purpose.BOUNCE, mail.id))}@example.org"
    finally:
        app.close()


def test_mails_are_classified_one_object_a_line_and_mailbox_files_whole(
    sample_shell: Shell,
) -> None:
    names = ["lhost-postfix-02.eml", "arf-14.eml", "rfc3464-28.eml"]
    told = sample_shell("bounces", "classify", *(str(MAILS / name) for name in names), "--json")
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert [row["file"] for row in rows] == [str(MAILS / name) for name in names]
    assert [len(row["recipients"]) for row in rows] == [2, 1, 2]
    assert rows[0]["recipients"][1] == {
        "recipient": "userunknown@example.co.jp", "dsn": "5.1.1", "reason": "userunknown",
        "hard": True, "feedback": "",
    }  # fmt: skip
    assert rows[1]["recipients"][0]["feedback"] == "abuse"
    plain = sample_shell("bounces", "classify", str(MAILS / names[0])).out
    assert "userunknown@example.co.jp: userunknown 5.1.1, for good" in plain
    assert "cannot be read" in sample_shell("bounces", "classify", "nowhere.eml", code=1).err


def test_a_maildir_is_read_once_and_what_proves_nothing_waits_for_a_person(
    sample: Sample, sample_shell: Shell
) -> None:
    sample_shell("db", "upgrade")
    to, maildir = sent_mail(sample, "ana@example.org"), sample.root / "reports"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True)
    (maildir / "new" / "1").write_text(REPORT.format(to=to, reader="ana@example.org"))
    (maildir / "new" / "2").write_text(REPORT.format(to="us@example.org", reader="bo@example.org"))
    (maildir / "new" / "3").write_text("Subject: win a prize\n\nNow.\n")

    read = ("bounces", "read", "--maildir", str(maildir))
    assert sample_shell(*read, "--dry-run").out == "bounce: 2\nunreadable: 1\n"
    assert sample_shell(*read).out == "applied: 1\nwaiting: 2\n"
    assert sample_shell(*read).out == "Nothing new came back.\n"

    rows = sample_shell("bounces", "list", "--json").rows
    assert sorted((row["recipient"], row["state"], row["hard"]) for row in rows) == [
        ("", "waiting", False), ("ana@example.org", "applied", True),
        ("bo@example.org", "waiting", True),
    ]  # fmt: skip
    waiting = sample_shell("bounces", "list", "--state", "waiting")
    assert "nothing in it proves which mail it is about" in waiting.out
    number = next(str(row["id"]) for row in rows if row["recipient"] == "bo@example.org")
    shown = sample_shell("bounces", "show", number).out
    assert f"campaigner bounces resolve {number}" in shown
    assert "550 5.1.1" in sample_shell("bounces", "show", number, "--raw").out

    decided = sample_shell("bounces", "resolve", number, "--as", "hard", "--by", "maria").out
    assert decided == "bo@example.org is mailed no more; 0 mails were stopped.\n"
    again = sample_shell("bounces", "resolve", number, "--as", "soft", code=1)
    assert "does not wait" in again.err
    assert "maria says: hard" in sample_shell("bounces", "show", number).out


def test_what_the_sandbox_sends_back_is_read_without_being_set(
    sample: Sample, sample_shell: Shell
) -> None:
    sample_shell("db", "upgrade")
    to = sent_mail(sample, "ana@example.org")
    new = sample.root / "state" / "sandbox" / FOLDER / "new"
    new.mkdir(parents=True)
    (new / "1").write_text(REPORT.format(to=to, reader="ana@example.org"))
    assert sample_shell("bounces", "read").out == "applied: 1\n"


def test_without_anything_to_read_it_says_so(sample_shell: Shell) -> None:
    sample_shell("db", "upgrade")
    assert sample_shell("bounces", "read").out == "Nothing new came back.\n"
    unset = sample_shell("bounces", "read", "--mailbox", "newsletter", code=1)
    assert "Set `bounces`" in unset.err
    assert sample_shell("bounces", "list").out == "Nothing came back yet.\n"
    assert "no report 7" in sample_shell("bounces", "show", "7", code=1).err
