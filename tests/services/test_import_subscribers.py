"""Readers are taken in once, corrected, and never brought back."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigner.core.audience import Frequency, Standing, SuppressedFor
from campaigner.core.intake import Became, Entry, Refused
from campaigner.core.tokens import Keyring
from campaigner.db import subscribers, suppressions
from campaigner.db.engine import Sessions
from campaigner.db.memberships import Wishes, set_wishes
from campaigner.db.models import Subscriber, SubscriberTopic, Subscription
from campaigner.services import import_subscribers as service
from campaigner.services.import_subscribers import Left, Taken, import_subscribers
from tests.fakes import FakeClock
from tests.readers import KEYRING, LIST, add_subscriber, entry
from tests.rows import NOON

ANA, BEA = "ana@example.org", "bea@example.org"


def take(
    sessions: Sessions, *rows: Entry | Refused, list: str = LIST, **options: Any
) -> dict[Became, int]:
    taken = told(sessions, *rows, list=list, **options)
    return {what: number for what, number in taken.became.items() if number}


def told(
    sessions: Sessions,
    *rows: Entry | Refused,
    list: str = LIST,
    keyring: Keyring = KEYRING,
    **options: Any,
) -> Taken:
    return import_subscribers(
        sessions, rows, list=list, keyring=keyring, clock=FakeClock(NOON), **options
    )


def people(sessions: Sessions) -> Sequence[Subscriber]:
    with sessions() as session:
        return session.scalars(select(Subscriber).order_by(Subscriber.mailbox)).all()


def standings(sessions: Sessions, list: str = LIST) -> dict[str, str]:
    with sessions() as session:
        rows = session.execute(
            select(Subscriber.mailbox, Subscription.state)
            .join(Subscription)
            .where(Subscription.list == list)
        )
        return {mailbox: str(state) for mailbox, state in rows}


def test_a_reader_is_added_once_with_the_evidence_of_consent(sessions: Sessions) -> None:
    ana, bea = entry(ANA, topics=("policy",), name="Ana", country="UY"), entry(BEA)
    assert take(sessions, ana, bea, dry_run=True) == {Became.ADDED: 2}
    assert people(sessions) == [], "a dry run changes nothing"
    assert take(sessions, ana) == {Became.ADDED: 1}
    assert take(sessions, ana, bea) == {Became.ADDED: 1, Became.UNCHANGED: 1}
    first, second = people(sessions)
    assert (first.name, first.country, first.added_at, second.name) == ("Ana", "UY", NOON, "")
    with sessions() as session:
        [kept] = subscribers.subscriptions_of(session, first.id)
        topics = session.execute(select(SubscriberTopic.subscriber_id, SubscriberTopic.topic)).all()
    assert (kept.state, kept.consent, kept.frequency) == ("active", {"evidence": "paper"}, "every")
    assert topics == [(first.id, "policy")]


def test_two_spellings_of_a_mailbox_are_one_subscriber(sessions: Sessions) -> None:
    take(sessions, entry("user@bücher.example"))
    assert take(sessions, entry("USER@xn--bcher-kva.example")) == {Became.CORRECTED: 1}
    [only] = people(sessions)
    assert only.address == "USER@bücher.example"


def test_a_known_reader_is_corrected_and_loses_nothing(sessions: Sessions) -> None:
    take(sessions, entry(ANA, name="Ana", country="UY", attributes='{"role": "engineer"}'))
    changed = entry(ANA, locale="fr", attributes='{"city": "Lima"}')
    assert take(sessions, changed) == {Became.CORRECTED: 1}
    [ana] = people(sessions)
    assert (ana.name, ana.country, ana.locale) == ("Ana", "UY", "fr")
    assert ana.attributes == {"role": "engineer", "city": "Lima"}
    assert take(sessions, changed) == {Became.UNCHANGED: 1}


def test_what_a_reader_chose_themselves_no_list_overwrites(sessions: Sessions) -> None:
    take(sessions, entry(ANA, name="Ana"))
    wishes = Wishes(
        name="Anita", locale="pt_BR", zone="America/Lima", country="", topics=("dns",),
        frequency=Frequency.WEEKLY,
    )  # fmt: skip
    with sessions.begin() as session:
        [ana] = session.scalars(select(Subscriber.id))
        set_wishes(session, subscriber_id=ana, list=LIST, wishes=wishes, now=NOON)
    assert take(sessions, entry(ANA, name="Ana", topics=("policy",))) == {Became.UNCHANGED: 1}
    assert (people(sessions)[0].name, people(sessions)[0].locale) == ("Anita", "pt_BR")


def test_a_subscriber_of_another_list_joins_and_keeps_their_topics(sessions: Sessions) -> None:
    take(sessions, entry(ANA, topics=("dns",)))
    again = entry(ANA, topics=("policy",))
    assert take(sessions, again, list="other") == {Became.JOINED: 1}
    assert standings(sessions, "other") == {ANA: "active"}
    with sessions() as session:
        assert session.scalars(select(SubscriberTopic.topic)).all() == ["dns"]


@pytest.mark.parametrize(
    ("standing", "became"),
    [
        (Standing.PENDING, Became.PENDING),
        (Standing.LEFT, Became.LEFT),
        (Standing.COMPLAINED, Became.COMPLAINED),
        (Standing.BOUNCED, Became.BOUNCED),
    ],
)
def test_who_is_gone_is_not_brought_back(
    standing: Standing, became: Became, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        add_subscriber(session, ANA, standing=standing)
    left: list[Left] = []
    assert take(sessions, entry(ANA, name="New"), leave=left.append) == {became: 1}
    assert standings(sessions) == {ANA: standing.value}
    assert people(sessions)[0].name == "Ana"
    assert [(each.cells, each.refused) for each in left] == [((ANA,), False)]


@pytest.mark.parametrize("known", [True, False])
def test_a_suppressed_mailbox_is_not_taken_whether_it_is_known_or_not(
    known: bool, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        if known:
            add_subscriber(session, ANA)
        suppressions.suppress(
            session, keyring=KEYRING, mailbox=ANA, reason=SuppressedFor.ERASURE, now=NOON
        )
    newer = Keyring((b"n" * 32, *KEYRING.keys))
    taken = take(sessions, entry(ANA), entry(BEA), keyring=newer)
    assert taken == {Became.SUPPRESSED: 1, Became.ADDED: 1}
    assert len(people(sessions)) == 1 + known


def test_wrong_rows_are_handed_back_in_their_order(sessions: Sessions) -> None:
    ana = entry(ANA)
    wrong = [Refused(ana.line + n, "it is wrong", "Correct it.", (str(n),)) for n in (-1, 1)]
    left: list[Left] = []
    taken = told(sessions, wrong[0], ana, wrong[1], leave=left.append)
    assert (taken.refused, taken.rows) == (2, 3)
    assert [each.cells for each in left] == [("-1",), ("1",)]


def test_an_import_that_was_cut_off_is_simply_run_again(sessions: Sessions) -> None:
    rows = [entry(f"reader-{number:04}@example.org") for number in range(2_000)]
    looks = iter([0.0, 9.0, 10.0, 19.0])  # two batches: a thousand rows, then as few as can be

    class PowerCutError(Exception):
        pass

    def timer() -> float:
        if (look := next(looks, None)) is None:
            raise PowerCutError
        return look

    with pytest.raises(PowerCutError):
        told(sessions, *rows, timer=timer)
    assert len(people(sessions)) == 1_200
    assert take(sessions, *rows) == {Became.ADDED: 800, Became.UNCHANGED: 1_200}


def test_a_pace_follows_the_machine() -> None:
    seconds = iter([0.0, 0.1, 1.0, 1.0125])
    pace = service.Pace(lambda: next(seconds), patience=timedelta(milliseconds=25))
    with pace.timed():
        pass
    assert pace.rows == 250, "it took four times as long as it should"
    with pace.timed():
        pass
    assert pace.rows in (499, 500)


def test_what_is_in_an_entry_stays_what_it_is(sessions: Sessions) -> None:
    odd = '{"note": "tab\\t \\\\N, \\"quoted\\" and \'so\'"}'
    take(sessions, entry(ANA, name='O\'Neil \\ "x"', attributes=odd))
    [ana] = people(sessions)
    assert ana.name == 'O\'Neil \\ "x"'
    assert ana.attributes == json.loads(odd)


def test_who_leaves_another_list_still_gets_this_one(sessions: Sessions) -> None:
    def leave(session: Session, id: int) -> None:
        subscribers.leave(session, subscriber_id=id, list="other", why="page", now=NOON)

    with sessions.begin() as session:
        leave(session, add_subscriber(session, ANA, lists=(LIST, "other")).id)
    assert standings(sessions) == {ANA: "active"}
    assert standings(sessions, "other") == {ANA: "left"}
