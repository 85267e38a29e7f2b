from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select

from campaigner.core.audience import Standing, SuppressedFor
from campaigner.core.channel import Disconnected, Outcome, Reject, Relay, Retry, Unknown
from campaigner.core.message import OutgoingMail
from campaigner.db import pauses, suppressions
from campaigner.db.models import Signup
from campaigner.errors import UserError
from tests.fakes import FakeClock
from tests.relays import Relayed
from tests.web.public.site import KEYRING, Site


@pytest.fixture
def site(engine: Engine, clock: FakeClock) -> Site:
    return Site(engine=engine, clock=clock)


def answering(site: Site, *outcomes: Outcome) -> Relayed:
    site.relay_of = Relayed(outcomes)
    return site.relay_of


def rows(site: Site) -> list[tuple[str, str, int]]:
    """Return state, answer and tries of every request."""
    with site.sessions() as session:
        found = session.execute(
            select(Signup.state, Signup.answer, Signup.tries).order_by(Signup.id)
        )
        return [(state, answer, tries) for state, answer, tries in found]


def addresses(site: Site) -> list[str]:
    return [mail.recipient for mail in site.relay_of.mails]


def test_everyone_is_answered_as_they_stand(site: Site) -> None:
    site.add_reader("active@example.org")
    site.add_reader("left@example.org", standing=Standing.LEFT)
    for address in ("active@example.org", "left@example.org", "new@example.org"):
        site.subscribe(address)
    assert site.answer() == 3
    assert rows(site) == [
        ("mailed", "already", 1),
        ("mailed", "confirm", 1),
        ("mailed", "confirm", 1),
    ]
    assert [link[:3] for link in site.links()] == ["/p/", "/c/", "/c/"]
    assert site.answer() == 0, "once is enough"


def test_whom_nobody_may_mail_is_not_mailed_and_forgotten_at_once(site: Site) -> None:
    with site.sessions.begin() as session:
        suppressions.suppress(
            session,
            keyring=KEYRING,
            mailbox="gone@example.org",
            reason=SuppressedFor.BOUNCE,
            now=site.now(),
        )
    site.subscribe("gone@example.org")
    assert site.answer() == 0
    assert rows(site) == [("refused", "", 0)]
    with site.sessions() as session:
        row = session.scalars(select(Signup)).one()
    assert (row.address, row.consent) == ("", {})
    assert row.note == "this mailbox may not be mailed"


def test_nobodys_mailbox_can_be_bombed(site: Site) -> None:
    for number in range(12):
        site.subscribe("Victim@example.org", host=f"198.51.{number}.1")
        site.answer()
    assert addresses(site) == ["Victim@example.org"] * 2
    for _ in range(5):
        site.clock.tick(minutes=11)
        site.subscribe("victim@EXAMPLE.org")
        site.answer()
    assert len(addresses(site)) == 4, "in a day, however it is written"


def test_one_network_cannot_make_us_mail_the_world(site: Site) -> None:
    for number in range(40):
        site.subscribe(f"somebody{number}@example.org", host=f"192.0.2.{number}")
    site.subscribe("else@example.org", host="198.51.100.1")
    site.answer()
    assert len(addresses(site)) == 31
    assert addresses(site)[-1] == "else@example.org"
    site.clock.tick(hours=1)
    site.subscribe("later@example.org", host="192.0.2.1")
    site.answer()
    assert addresses(site)[-1] == "later@example.org"


def test_it_is_committed_that_a_mail_leaves_before_it_does(site: Site) -> None:
    seen: list[list[tuple[str, str, int]]] = []

    def look(mail: OutgoingMail) -> None:
        seen.append(rows(site))

    site.relay_of = Relayed(during=look)
    site.subscribe("ana@example.org")
    site.answer()
    assert seen == [[("mailing", "confirm", 1)]]


class PowerCutError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("reached", [False, True])
def test_after_a_crash_the_same_mail_leaves_once_more(site: Site, reached: bool) -> None:
    sent: list[OutgoingMail] = []

    def cut(mail: OutgoingMail) -> None:
        if reached:
            sent.append(mail)
        raise PowerCutError

    site.relay_of = Relayed(during=cut)
    site.subscribe("ana@example.org")
    with pytest.raises(PowerCutError):
        site.answer()
    relay = answering(site)
    assert site.answer() == 0, "it may be under way still"
    site.clock.tick(minutes=2)
    assert site.answer() == 1
    assert rows(site) == [("mailed", "confirm", 2)]
    assert all(mail.data == relay.mails[0].data for mail in sent), "byte for byte"


def test_what_was_decided_stays_so_for_the_same_mail(site: Site) -> None:
    answering(site, Unknown("dropped"))
    site.subscribe("ana@example.org")
    site.answer()
    site.add_reader("ana@example.org")
    site.clock.tick(minutes=1)
    site.answer()
    first, second = site.relay_of.mails
    assert first.data == second.data
    assert rows(site) == [("mailed", "confirm", 2)]


@pytest.mark.parametrize(
    ("outcome", "after", "tries"),
    [
        (Retry("451 later"), timedelta(seconds=30), 1),
        (Retry("no route", reached=False), timedelta(seconds=30), 0),
        (Disconnected("login refused"), timedelta(minutes=5), 0),
    ],
)
def test_what_did_not_leave_is_tried_again(
    site: Site, outcome: Outcome, after: timedelta, tries: int
) -> None:
    answering(site, outcome)
    site.subscribe("ana@example.org")
    site.answer()
    assert rows(site) == [("waiting", "confirm", tries)]
    assert site.answer() == 0
    site.clock.now += after
    assert site.answer() == 1
    assert rows(site) == [("mailed", "confirm", tries + 1)]


def test_what_the_relay_refuses_is_over(site: Site) -> None:
    answering(site, Reject("550 no such user"))
    site.subscribe("ana@example.org")
    site.answer()
    assert rows(site) == [("refused", "confirm", 1)]


def test_an_account_that_cannot_be_used_keeps_nobodys_request_from_being_answered_later(
    site: Site,
) -> None:
    class Broken(Site):
        def relay(self, list: str) -> Relay:
            raise UserError("its password is missing")

    broken = Broken(engine=site.engine, clock=site.clock)
    broken.subscribe("ana@example.org")
    broken.answer()
    assert rows(site) == [("waiting", "confirm", 0)]
    site.clock.tick(minutes=5)
    assert site.answer() == 1


def test_nothing_is_mailed_while_everything_is_paused(site: Site) -> None:
    with site.sessions.begin() as session:
        pauses.add_pause(session, scope="all", target="", reason="look", by="me", now=site.now())
    site.subscribe("ana@example.org")
    assert site.answer() == 0
    with site.sessions.begin() as session:
        pauses.lift(session, scope="all", target="", by="me", now=site.now())
    site.clock.tick(minutes=1)
    assert site.answer() == 1


def test_two_daemons_mail_once(site: Site) -> None:
    other = Site(engine=site.engine, clock=site.clock)
    mails: list[int] = []

    def meanwhile(mail: OutgoingMail) -> None:
        mails.append(other.answer())

    site.relay_of = Relayed(during=meanwhile)
    for number in range(3):
        site.subscribe(f"n{number}@example.org")
    site.answer()
    assert sorted([*addresses(site), *addresses(other)]) == [
        f"n{each}@example.org" for each in range(3)
    ]


def test_requests_are_forgotten_after_a_month(site: Site) -> None:
    for name in ("ana", "bea"):
        site.subscribe(f"{name}@example.org")
    site.answer()
    site.clock.tick(days=30)
    site.answer()
    assert len(rows(site)) == 2
    site.clock.tick(seconds=1)
    site.answer()
    assert rows(site) == [("refused", "confirm", 1)]
    with site.sessions() as session:
        assert session.scalars(select(Signup.address)).all() == [""]


def test_an_old_link_never_speaks_for_somebody_else(site: Site) -> None:
    site.subscribe("ana@example.org")
    site.answer()
    [old] = site.links()
    site.clock.tick(days=31)
    site.answer()
    site.subscribe("bea@example.org")
    site.answer()
    assert site.links()[-1] != old
    assert site.post(old, {}).status_code == 410
    assert site.standing("bea@example.org") is None


def test_a_batch_costs_the_same_few_queries_however_many_there_are(site: Site) -> None:
    counts = []
    for size in (2, 20):
        for number in range(size):
            site.subscribe(f"a{size}-{number}@example.org", host=f"10.{size}.{number}.1")
        statements: list[str] = []

        def keep(*arguments: object, kept: list[str] = statements) -> None:
            kept.append(str(arguments[2]))

        event.listen(site.engine, "before_cursor_execute", keep)
        site.answer()
        event.remove(site.engine, "before_cursor_execute", keep)
        counts.append(sum(1 for each in statements if each.startswith("SELECT")))
    assert counts[0] == counts[1]
