from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from campaigner.core.channel import Channel, Counters, NotSampled
from campaigner.core.message import Kind
from campaigner.core.reach import AGES
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Sample
from campaigner.errors import UserError
from campaigner.services.collect import collect_due
from tests.fakes import FakeChannel
from tests.rows import NOON, SANDBOX, add_delivery, add_message, add_sent


@dataclass
class Network:
    """Channels whose counters are set by the test; keeps who was asked for what."""

    answer: Callable[[Sequence[str]], Mapping[str, Counters] | NotSampled]
    asked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def channel(self, account: str, base: str) -> Channel:
        network = self

        class Sampled(FakeChannel):
            def sample(self, remote_ids: Sequence[str]) -> Mapping[str, Counters] | NotSampled:
                network.asked.append((account, base, tuple(remote_ids)))
                return network.answer(remote_ids)

        return Sampled()


def showing(**values: int) -> Network:
    return Network(lambda ids: {id: Counters(values) for id in ids})


def samples(sessions: Sessions) -> list[tuple[int, int, str, int]]:
    with sessions() as session:
        found = session.scalars(
            select(Sample).order_by(Sample.delivery_id, Sample.step, Sample.counter)
        )
        return [(row.delivery_id, row.step, row.counter, row.value) for row in found]


def published(
    sessions: Sessions, *, account: str = "x-en", base: str = SANDBOX, sent_at: datetime = NOON
) -> int:
    with sessions.begin() as session:
        message = add_message(session, account=account, base=base)
        return add_sent(session, message, sent_at=sent_at).id


def delivery(sessions: Sessions, id: int) -> Delivery:
    with sessions() as session:
        return session.get_one(Delivery, id)


def test_a_post_is_looked_at_when_it_is_five_minutes_old(sessions: Sessions) -> None:
    id = published(sessions)
    network = showing(reactions=2, impressions=40)
    early, due = NOON + timedelta(minutes=4), NOON + timedelta(minutes=5)

    assert collect_due(sessions, network.channel, now=early) == 0
    assert collect_due(sessions, network.channel, now=due) == 1
    assert collect_due(sessions, network.channel, now=due) == 0, "only once"

    assert samples(sessions) == [(id, 0, "impressions", 40), (id, 0, "reactions", 2)]
    row = delivery(sessions, id)
    assert (row.samples, row.sample_at) == (1, NOON + timedelta(hours=1))
    with sessions() as session:
        stored = session.scalars(select(Sample)).first()
    assert stored is not None
    assert (stored.source, stored.total, stored.taken_at) == ("network", True, due)


def test_a_daemon_that_was_down_takes_one_look_and_not_all_missed_ones(sessions: Sessions) -> None:
    id = published(sessions)
    network = showing(reactions=9)
    assert collect_due(sessions, network.channel, now=NOON + timedelta(days=2)) == 1
    assert samples(sessions) == [(id, 3, "reactions", 9)]
    row = delivery(sessions, id)
    assert (row.samples, row.sample_at) == (4, NOON + timedelta(days=3))


def test_a_post_that_is_gone_leaves_no_figures_and_its_looks_end(sessions: Sessions) -> None:
    id = published(sessions)
    gone = Network(lambda ids: {})
    for age in AGES:
        assert collect_due(sessions, gone.channel, now=NOON + age) == 1
    assert samples(sessions) == []
    row = delivery(sessions, id)
    assert (row.samples, row.sample_at) == (len(AGES), None)


def test_a_counter_without_a_word_of_ours_is_left_out(sessions: Sessions) -> None:
    id = published(sessions)
    assert collect_due(sessions, showing(likes=5, replies=0).channel, now=NOON + AGES[0]) == 1
    assert samples(sessions) == [(id, 0, "replies", 0)]


def test_each_account_and_address_is_asked_by_itself_a_hundred_at_a_time(
    sessions: Sessions,
) -> None:
    for _ in range(101):
        published(sessions)
    published(sessions, account="x-es")
    published(sessions, account="x-es", base="https://api.x.com")
    network = showing(reactions=1)
    assert collect_due(sessions, network.channel, now=NOON + AGES[0]) == 103
    assert sorted((account, base, len(ids)) for account, base, ids in network.asked) == [
        ("x-en", SANDBOX, 1),
        ("x-en", SANDBOX, 100),
        ("x-es", SANDBOX, 1),
        ("x-es", "https://api.x.com", 1),
    ]


def test_no_more_than_the_limit_is_looked_at(sessions: Sessions) -> None:
    for account in ("x-en", "x-en", "x-es"):
        published(sessions, account=account)
    network = showing(reactions=1)
    assert collect_due(sessions, network.channel, now=NOON + AGES[0], limit=2) == 2
    assert collect_due(sessions, network.channel, now=NOON + AGES[0], limit=2) == 1


def test_a_network_that_gives_nothing_is_asked_again_when_it_said(sessions: Sessions) -> None:
    first, second = published(sessions), published(sessions)
    later = published(sessions, sent_at=NOON + timedelta(minutes=3))
    due, reset = NOON + AGES[0], NOON + timedelta(minutes=30)
    silent = Network(lambda ids: NotSampled("rate limited", reset_at=reset))

    collect_due(sessions, silent.channel, now=due)

    assert len(silent.asked) == 1, "not asked a second time in this round"
    assert samples(sessions) == []
    for id in (first, second, later):
        row = delivery(sessions, id)
        assert (row.samples, row.sample_at) == (0, reset)
    assert collect_due(sessions, showing(reactions=1).channel, now=reset) == 3


def test_without_a_time_it_is_asked_again_five_minutes_later(sessions: Sessions) -> None:
    id = published(sessions)
    due = NOON + AGES[0]
    collect_due(sessions, Network(lambda ids: NotSampled("no answer")).channel, now=due)
    assert delivery(sessions, id).sample_at == due + timedelta(minutes=5)


def test_an_account_that_is_gone_does_not_stop_the_others(sessions: Sessions) -> None:
    published(sessions, account="gone")
    kept = published(sessions, account="x-en", sent_at=NOON + timedelta(seconds=1))
    network = showing(reactions=1)

    def channel_for(account: str, base: str) -> Channel:
        if account == "gone":
            raise UserError("account 'gone' is not in the settings")
        return network.channel(account, base)

    collect_due(sessions, channel_for, now=NOON + timedelta(minutes=6))
    assert samples(sessions) == [(kept, 0, "reactions", 1)]


def test_a_network_that_never_answers_is_given_up_after_the_last_age(sessions: Sessions) -> None:
    id = published(sessions)
    silent = Network(lambda ids: NotSampled("no answer"))
    collect_due(sessions, silent.channel, now=NOON + AGES[-1])
    assert delivery(sessions, id).sample_at is not None
    collect_due(sessions, silent.channel, now=NOON + AGES[-1] + timedelta(days=2))
    assert delivery(sessions, id).sample_at is None


def test_mails_and_posts_without_an_id_are_not_looked_at(sessions: Sessions) -> None:
    with sessions.begin() as session:
        mail = add_message(session, kind=Kind.MAIL, account="newsletter", channel="email")
        add_sent(session, mail, recipient="a@example.org", sample_at=NOON)
        add_sent(session, add_message(session), remote_id=None)
        add_delivery(session, add_message(session), sample_at=NOON)
    assert collect_due(sessions, showing(reactions=1).channel, now=NOON + AGES[-1]) == 0


def test_nothing_is_locked_while_a_network_is_asked(sessions: Sessions) -> None:
    published(sessions)

    def answer(ids: Sequence[str]) -> Mapping[str, Counters]:
        with sessions.begin() as session:  # on SQLite this would wait for an open transaction
            add_message(session)
        return {id: Counters({"reactions": 1}) for id in ids}

    assert collect_due(sessions, Network(answer).channel, now=NOON + AGES[0]) == 1


def test_a_look_in_progress_is_not_made_by_another_daemon_too(sessions: Sessions) -> None:
    id = published(sessions)
    due = NOON + AGES[0]
    other = showing(reactions=1)

    def answer(ids: Sequence[str]) -> Mapping[str, Counters]:
        assert collect_due(sessions, other.channel, now=due) == 0
        return {id: Counters({"reactions": 2}) for id in ids}

    assert collect_due(sessions, Network(answer).channel, now=due) == 1
    assert other.asked == []
    assert samples(sessions) == [(id, 0, "reactions", 2)]
