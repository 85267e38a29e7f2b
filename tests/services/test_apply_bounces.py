"""What follows from reports, on real rows: who is mailed no more, and who surely is."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaigner.core.audience import Standing
from campaigner.core.bounces import Finding, Kind, Reason, Report
from campaigner.core.delivery import State
from campaigner.core.message import Kind as MessageKind
from campaigner.core.tokens import Keyring, Purpose, hash_of, sign
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Attempt,
    Bounce,
    Broadcast,
    Delivery,
    Subscriber,
    Subscription,
    Suppression,
)
from campaigner.errors import UserError
from campaigner.services.apply_bounces import Applier, Incoming, Verdict, classify_refusal
from tests.fakes import FakeClock
from tests.rows import add_delivery, add_message, add_sent

KEYRING = Keyring((b"k" * 32,))
HARD = Finding(recipient="ana@example.org", dsn="5.1.1", reply="550", reason=Reason.USER_UNKNOWN)
FULL = replace(HARD, dsn="5.2.2", reason=Reason.MAILBOX_FULL)
BLOCKED = replace(HARD, dsn="5.7.1", reason=Reason.BLOCKED)


@dataclass(frozen=True)
class Post:
    """A reader of the list `news`, and mails to them."""

    sessions: Sessions
    clock: FakeClock
    reader: int

    @property
    def applier(self) -> Applier:
        return Applier(self.sessions, KEYRING, self.clock)

    def mail(self, *, state: State = State.SENT, account: str = "news", note: str = "") -> int:
        with self.sessions.begin() as session:
            message = add_message(
                session, kind=MessageKind.MAIL, account=account, channel="email",
                due_at=self.clock.now, not_after=self.clock.now + timedelta(days=9),
            )  # fmt: skip
            session.add(Broadcast(message_id=message.id, stage="whole"))
            add = add_sent if state is State.SENT else add_delivery
            return add(
                session, message, state=state, recipient="ana@example.org", note=note,
                subscriber_id=self.reader, remote_id="relay-7" if state is State.SENT else None,
            ).id  # fmt: skip

    def hear(self, id: int, finding: Finding = HARD, kind: Kind = Kind.BOUNCE) -> Verdict:
        """Take in a report about mail `id`, with our own token in it."""
        token = sign(KEYRING, Purpose.BOUNCE, id)
        report = Report(kind=kind, findings=(finding,), returns=(token,))
        raw = f"{id} {finding} {self.clock.now}".encode()
        return self.applier.apply(Incoming(source="t", account="news", report=report, raw=raw))

    def standing(self, list: str = "news") -> str:
        with self.sessions() as session:
            return session.scalars(
                select(Subscription.state).where(
                    Subscription.subscriber_id == self.reader, Subscription.list == list
                )
            ).one()

    def suppressed_for(self) -> str:
        with self.sessions() as session:
            subscriber = session.get_one(Subscriber, self.reader)
            row = session.get(Suppression, hash_of(KEYRING, subscriber.mailbox))
            assert (row is not None) == (subscriber.suppressed_at is not None)
            return row.reason if row else ""

    def delivery(self, id: int) -> Delivery:
        with self.sessions() as session:
            return session.get_one(Delivery, id)


@pytest.fixture
def post(sessions: Sessions, clock: FakeClock) -> Post:
    with sessions.begin() as session:
        subscriber = Subscriber(
            address="ana@example.org", mailbox="ana@example.org", locale="es", zone="UTC",
            added_at=clock.now,
        )  # fmt: skip
        session.add(subscriber)
        session.flush()
        session.add_all(
            Subscription(
                subscriber_id=subscriber.id, list=name, state=Standing.ACTIVE.value,
                added_at=clock.now, changed_at=clock.now,
            )
            for name in ("news", "other")
        )  # fmt: skip
    return Post(sessions, clock, subscriber.id)


def test_a_hard_bounce_suppresses_and_stops_what_is_on_its_way(post: Post) -> None:
    sent, queued, claimed = (
        post.mail(),
        post.mail(state=State.QUEUED),
        post.mail(state=State.CLAIMED),
    )
    elsewhere = post.mail(state=State.QUEUED, account="other")
    assert post.hear(sent) is Verdict.APPLIED
    assert (post.suppressed_for(), post.standing()) == ("bounce", "bounced")
    assert post.standing("other") == "active", "another list keeps its own record"
    for id in (queued, claimed, elsewhere):
        assert post.delivery(id).state is State.SUPPRESSED
    assert (post.delivery(sent).state, post.delivery(sent).note) == (
        State.SENT, "it came back: userunknown (5.1.1)",
    )  # fmt: skip


def test_the_same_report_counts_once(post: Post) -> None:
    sent = post.mail()
    assert [post.hear(sent, FULL), post.hear(sent, FULL)] == [Verdict.APPLIED, Verdict.KNOWN]
    with post.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Bounce)) == 1
        assert session.scalars(select(Subscription.bounces).order_by(Subscription.list)).all() == [
            1,
            0,
        ]


def test_five_soft_ones_in_a_row_suppress_if_they_span_two_weeks(post: Post) -> None:
    for _ in range(4):
        post.hear(post.mail(), FULL)
        post.clock.tick(days=7)
        assert post.suppressed_for() == ""
    post.hear(post.mail(), FULL)
    assert (post.suppressed_for(), post.standing()) == ("bounce", "bounced")


def test_many_soft_ones_in_a_few_days_suppress_nobody(post: Post) -> None:
    for _ in range(9):
        post.hear(post.mail(), FULL)
        post.clock.tick(days=1)
    assert post.suppressed_for() == ""


def test_a_mail_that_arrived_begins_the_row_anew(post: Post) -> None:
    for number in range(8):
        id = post.mail()
        if number != 4:
            post.hear(id, FULL)
        post.clock.tick(days=7)
    assert post.suppressed_for() == ""
    post.hear(id, replace(HARD, reason=Reason.DELIVERED), Kind.DELIVERED)
    with post.sessions() as session:
        assert set(session.scalars(select(Subscription.bounces))) == {0}


@pytest.mark.parametrize("finding", [BLOCKED, replace(HARD, delayed=True)])
def test_what_is_about_us_or_still_being_tried_is_not_counted(post: Post, finding: Finding) -> None:
    for _ in range(6):
        post.hear(post.mail(), finding)
        post.clock.tick(days=7)
    assert post.suppressed_for() == ""
    assert post.standing() == "active"


def test_a_complaint_unsubscribes_and_suppresses_at_once(post: Post) -> None:
    sent, queued = post.mail(), post.mail(state=State.QUEUED)
    complaint = Finding(recipient="", reason=Reason.FEEDBACK, feedback="abuse")
    post.hear(sent, complaint, Kind.COMPLAINT)
    assert (post.suppressed_for(), post.standing()) == ("complaint", "complained")
    assert post.delivery(queued).state is State.SUPPRESSED


def test_a_report_on_authentication_is_no_complaint(post: Post) -> None:
    about_us = Finding(recipient="", reason=Reason.FEEDBACK, feedback="auth-failure")
    post.hear(post.mail(), about_us, Kind.COMPLAINT)
    assert (post.suppressed_for(), post.standing()) == ("", "active")


def test_a_mail_to_our_unsubscribe_address_ends_the_subscription_of_that_list(post: Post) -> None:
    sent, queued = post.mail(), post.mail(state=State.QUEUED)
    report = Report(kind=Kind.UNSUBSCRIBE, unsubscribe=sign(KEYRING, Purpose.UNSUBSCRIBE, sent))
    incoming = Incoming(source="t", account="news", report=report, raw=b"x")
    assert [post.applier.apply(incoming) for _ in range(2)] == [Verdict.APPLIED] * 2
    assert (post.standing(), post.standing("other"), post.suppressed_for()) == (
        "left",
        "active",
        "",
    )
    assert post.delivery(queued).state is State.SUPPRESSED


@pytest.mark.parametrize(
    ("finding", "kind", "state"),
    [
        (HARD, Kind.BOUNCE, State.REJECTED),
        (FULL, Kind.BOUNCE, State.REJECTED),
        (replace(HARD, reason=Reason.DELIVERED), Kind.DELIVERED, State.SENT),
        (replace(HARD, reason=Reason.VACATION), Kind.VACATION, State.SENT),
        (replace(FULL, delayed=True), Kind.BOUNCE, State.UNKNOWN),
    ],
)
def test_a_report_resolves_a_mail_in_doubt(
    post: Post, finding: Finding, kind: Kind, state: State
) -> None:
    id = post.mail(state=State.UNKNOWN)
    post.hear(id, finding, kind)
    assert post.delivery(id).state is state
    with post.sessions() as session:
        assert len(session.scalars(select(Attempt)).all()) == (state is not State.UNKNOWN)


def test_a_thousand_forged_reports_suppress_nobody(post: Post) -> None:
    sent = post.mail()
    other = sign(Keyring((b"x" * 32,)), Purpose.BOUNCE, sent)
    wrong_purpose = sign(KEYRING, Purpose.MESSAGE, sent)
    with post.sessions.begin() as session:
        # A thousand rows in as many transactions would take long; the decision is the same.
        for number in range(1000):
            forged = Report(
                kind=Kind.BOUNCE if number % 2 else Kind.COMPLAINT,
                findings=(HARD if number % 2 else replace(HARD, feedback="abuse"),),
                returns=(other, wrong_purpose) if number % 3 else (),
                message_ids=(f"m-{other}@example.net", f"{number}@example.net"),
                remote_ids=("relay-7",),
            )
            incoming = Incoming(source="t", account="news", report=forged, raw=str(number).encode())
            assert post.applier.take(session, incoming) is Verdict.WAITING
    assert (post.suppressed_for(), post.standing()) == ("", "active")
    assert post.delivery(sent).note == ""
    with post.sessions() as session:
        waiting = session.scalars(select(Bounce.state).distinct()).all()
        assert (waiting, session.scalar(select(func.count()).select_from(Bounce))) == (
            ["waiting"],
            1000,
        )


def test_our_message_id_in_what_came_back_ties_it_too(post: Post) -> None:
    token = sign(KEYRING, Purpose.MESSAGE, post.mail())
    ids = ("other@example.net", f"M-{token.upper()}@example.net")
    report = Report(kind=Kind.BOUNCE, findings=(HARD,), message_ids=ids)
    incoming = Incoming(source="t", account="news", report=report, raw=b"x")
    assert post.applier.apply(incoming) is Verdict.APPLIED
    assert post.suppressed_for() == "bounce"


def test_a_relays_own_number_counts_only_from_a_relay_that_proved_itself(post: Post) -> None:
    post.mail()
    report = Report(kind=Kind.BOUNCE, findings=(HARD,), remote_ids=("relay-7",))
    incoming = Incoming(source="ses", account="news", report=report, raw=b"x", id="1")
    assert post.applier.apply(incoming) is Verdict.WAITING
    assert post.applier.apply(replace(incoming, trusted=True, id="2")) is Verdict.APPLIED
    assert post.suppressed_for() == "bounce"


def test_who_has_another_address_by_now_is_not_suppressed_for_the_old_one(post: Post) -> None:
    sent = post.mail()
    with post.sessions.begin() as session:
        reader = session.get_one(Subscriber, post.reader)
        reader.address = reader.mailbox = "ana@example.com"
    assert post.hear(sent) is Verdict.APPLIED
    assert (post.suppressed_for(), post.standing()) == ("", "active")
    with post.sessions() as session:
        assert session.get(Suppression, hash_of(KEYRING, "ana@example.org")) is not None


def test_a_report_about_somebody_erased_does_no_harm(post: Post) -> None:
    sent = post.mail()
    with post.sessions.begin() as session:
        row = session.get_one(Delivery, sent)
        row.recipient, row.subscriber_id = f"erased-{sent}", None
    assert post.hear(sent) is Verdict.APPLIED
    with post.sessions() as session:
        assert session.scalars(select(Suppression)).all() == []


def test_what_our_own_relay_refuses_while_sending_follows_too(post: Post) -> None:
    refused = post.mail(
        state=State.REJECTED, note="the relay refuses it: 550 5.1.1 ana@example.org: user unknown"
    )
    queued = post.mail(state=State.QUEUED)
    assert [post.applier.apply_refusals() for _ in range(2)] == [1, 0]
    assert (post.suppressed_for(), post.delivery(refused).state) == ("bounce", State.REJECTED)
    assert post.delivery(queued).state is State.SUPPRESSED


def test_a_refusal_of_the_mail_itself_is_not_the_readers_fault() -> None:
    def refusal(note: str) -> bool:
        return classify_refusal(note, recipient="ana@example.org").hard

    assert refusal("the relay refuses it: 550 5.1.1 no such user")
    assert refusal("the relay refuses the recipient: 550 no such user")
    assert not refusal("the relay refuses it: 554 no such user, as our filter says")
    assert not refusal("the relay refuses it: 550 5.7.1 blocked")
    assert not refusal("the relay refuses it: 552 5.2.2 mailbox full")


@pytest.mark.parametrize(("decision", "reason"), [("hard", "bounce"), ("soft", ""), ("ignore", "")])
def test_a_person_decides_on_what_waits_once(post: Post, decision: str, reason: str) -> None:
    report = Report(kind=Kind.BOUNCE, findings=(HARD,))
    post.applier.apply(Incoming(source="t", account="news", report=report, raw=b"x"))
    with post.sessions() as session:
        number = session.scalars(select(Bounce.id)).one()
    assert post.applier.decide(number, decision=decision, by="me")
    assert post.suppressed_for() == reason
    with pytest.raises(UserError, match="does not wait"):
        post.applier.decide(number, decision=decision, by="me")
    with pytest.raises(UserError, match="no report"):
        post.applier.decide(number + 1, decision=decision, by="me")


def test_copies_are_short_and_are_dropped_after_90_days(post: Post) -> None:
    report = Report(kind=Kind.UNREADABLE, problem="it says nothing")
    post.applier.apply(Incoming(source="t", account="news", report=report, raw=b"x" * 200_000))
    with post.sessions() as session:
        assert len(session.scalars(select(Bounce.raw)).one() or b"") == 65_536
    assert post.applier.forget_copies() == 0
    post.clock.tick(days=91)
    assert post.applier.forget_copies() == 1
    with post.sessions() as session:
        row = session.scalars(select(Bounce)).one()
    assert (row.raw, row.note, row.state) == (None, "it says nothing", "waiting")
