"""Mailboxes are read without loss: a mail counts as read once its reader says so."""

from pathlib import Path

import pytest

from campaigner.errors import UserError
from campaigner.mail.mailbox import AT_ONCE, LONGEST, Maildir, opened
from campaigner.net import NotReachedError
from tests.mail.imap_stub import Folder, serving


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def put(maildir: Path, name: str, raw: bytes = b"Subject: x\n\n") -> None:
    (maildir / "new" / name).write_bytes(raw)


def test_a_maildirs_new_mails_come_in_order_and_stay_until_they_are_done(maildir: Path) -> None:
    for name in ("2.b", "1.a", "3.c"):
        put(maildir, name)
    box = Maildir(maildir)
    (mails,) = box.batches()
    assert [mail.name for mail in mails] == ["1.a", "2.b", "3.c"]
    assert [mail.name for batch in box.batches() for mail in batch] == ["1.a", "2.b", "3.c"]
    box.done(mails[:2])
    assert [mail.name for batch in box.batches() for mail in batch] == ["3.c"]
    assert sorted(path.name for path in (maildir / "cur").iterdir()) == ["1.a:2,S", "2.b:2,S"]


def test_many_mails_come_some_at_a_time_and_long_ones_cut(maildir: Path) -> None:
    for number in range(AT_ONCE + 5):
        put(maildir, f"{number:03}")
    put(maildir, "zzz", b"x" * (LONGEST + 9))
    batches = list(Maildir(maildir).batches())
    assert [len(batch) for batch in batches] == [AT_ONCE, 6]
    assert len(batches[-1][-1].raw) == LONGEST


def test_two_that_read_the_same_maildir_do_not_stumble(maildir: Path) -> None:
    put(maildir, "1")
    first, second = Maildir(maildir), Maildir(maildir)
    (mails,), (same,) = first.batches(), second.batches()
    first.done(mails)
    second.done(same)
    assert [path.name for path in (maildir / "cur").iterdir()] == ["1:2,S"]


def test_a_link_in_a_maildir_leads_nowhere(maildir: Path, tmp_path: Path) -> None:
    (maildir / "new" / "1").symlink_to("/etc/passwd")
    assert list(Maildir(maildir).batches()) == []


def test_what_is_no_maildir_is_said(tmp_path: Path) -> None:
    with opened(f"maildir:{tmp_path}") as box, pytest.raises(UserError, match="no Maildir"):
        list(box.batches())


def test_imap_reads_what_is_not_seen_and_marks_it_when_it_is_done() -> None:
    folder = Folder({1: b"Subject: one\r\n\r\n", 2: b"Subject: two\r\n\r\n", 5: b"five"}, seen={1})
    with (
        serving(folder) as port,
        opened(f"imap://us%40x@127.0.0.1:{port}/Bounces", password="right") as box,
    ):
        (mails,) = box.batches()
        assert [mail.raw for mail in mails] == [b"Subject: two\r\n\r\n", b"five"]
        assert folder.seen == {1}, "to read is not to be done with it"
        box.done(mails)
    assert folder.seen == {1, 2, 5}


def test_a_refused_login_is_for_a_person_and_says_which_password() -> None:
    with (
        serving(Folder()) as port,
        pytest.raises(UserError, match="BOUNCES_PASSWORD"),
        opened(f"imap://us@127.0.0.1:{port}/INBOX", password="wrong"),
    ):
        pass


@pytest.mark.parametrize("verb", ["LOGIN", "SELECT", "SEARCH", "FETCH", "STORE"])
def test_a_connection_that_breaks_is_told_and_nothing_is_marked(verb: str) -> None:
    folder = Folder({1: b"Subject: one\r\n\r\n"}, breaks_at=verb)

    def read(port: int) -> None:
        with opened(f"imap://us@127.0.0.1:{port}/INBOX", password="right") as box:
            for mails in box.batches():
                box.done(mails)

    with serving(folder) as port, pytest.raises(NotReachedError):
        read(port)
    assert folder.seen == set()


def test_an_address_of_no_mailbox_is_refused_without_its_password() -> None:
    with pytest.raises(UserError) as refused, opened("pop3://us:secret@mail.example.org/INBOX"):
        pass
    assert "secret" not in str(refused.value)


def test_another_machine_is_not_asked_where_only_this_one_may_be() -> None:
    with (
        pytest.raises(NotReachedError, match="not this machine"),
        opened("imaps://us@mail.example.org/INBOX", loopback_only=True),
    ):
        pass
