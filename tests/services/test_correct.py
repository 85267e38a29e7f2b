"""Correcting: what is out is set right, told honestly, and never made twice."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigner.core.channel import Channel, Corrected, Disconnected, Gone, Retry, Sent, Unknown
from campaigner.core.correction import CorrectionState, Way, Wish
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.links import key_in, tag
from campaigner.core.message import Kind
from campaigner.db import messages
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Attempt,
    Broadcast,
    Correction,
    Delivery,
    Message,
    MessageProject,
    Pause,
)
from campaigner.db.samples import claim_due
from campaigner.errors import UserError
from campaigner.services.approve import approve
from campaigner.services.correct import Aim, Foresight, Told, correct, foresee, history, look_at
from campaigner.services.queue import queue_campaign
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON, SANDBOX, add_delivery, add_message, add_sent
from tests.services.desks import Office, campaign
from tests.services.lanes import Road, row

LINK = tag("https://example.org/1", {"source": "mastodon"}, key="k3y")
TEXT = f"The wrong words\n{LINK}"
DELETE = Wish(way=Way.DELETE, reason="wrong person", by="ana")
EDIT = Wish(way=Way.EDIT, reason="wrong date", by="maria", words="The right words")
REPLY = Wish(way=Way.REPLY, reason="wrong date", by="ana", words="Correction: the right words")
REPOINT = Wish(way=Way.REPOINT, reason="page moved", by="maria", words="https://example.net/right")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON + timedelta(hours=1))


def out(sessions: Sessions, message: dict[str, Any] | None = None, **overrides: Any) -> int:
    """Put a post out, on Mastodon unless told; return its delivery's number."""
    values = {
        "account": "m", "channel": "mastodon", "text": TEXT, "link": LINK,
        "campaign": "spring", "item": "lesson", "approved_hash": "0" * 64,
    }  # fmt: skip
    with sessions.begin() as session:
        made = add_message(session, **values | (message or {}))
        return add_sent(session, made, **overrides).id


def look(sessions: Sessions, aim: Aim | int, wish: Wish) -> Foresight:
    aim = Aim(number=aim) if isinstance(aim, int) else aim
    return foresee(sessions, aim, wish, limit_of=lambda account: 500)


def do(
    sessions: Sessions,
    aim: Aim | int,
    wish: Wish,
    clock: FakeClock,
    channel: Channel | None = None,
) -> list[Told]:
    answering = channel or FakeChannel()
    return list(
        correct(
            sessions,
            look(sessions, aim, wish),
            lambda account, base: answering,
            clock=clock,
        )
    )


def all_of(sessions: Sessions, what: type[Any]) -> list[Any]:
    with sessions() as session:
        return list(session.scalars(select(what).order_by(what.id)))


def test_an_edit_keeps_what_was_approved_and_says_what_is_out(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = out(sessions, remote_id="77")
    channel = FakeChannel()
    (told,) = do(sessions, id, EDIT, clock, channel)
    assert told.state is CorrectionState.DONE
    assert channel.edited == [("77", "The right words")]
    post, said = look_at(sessions, id)
    assert (post.message.text, said.text) == (TEXT, "The right words")
    assert "edited by maria: wrong date" in post.delivery.note
    (record,) = history(sessions, number=id)
    assert (record.correction.before, record.correction.after) == (TEXT, "The right words")
    assert (record.correction.by, record.correction.reason) == ("maria", "wrong date")
    assert [(one.outcome, one.by) for one in all_of(sessions, Attempt)] == [("edited", "maria")]


def test_the_second_edit_begins_where_the_first_ended(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions)
    do(sessions, id, EDIT, clock)
    assert look(sessions, id, EDIT).posts[0].refusal == "it says that already"
    do(sessions, id, replace(EDIT, words="Better words"), clock)
    newest, oldest = history(sessions, number=id)
    assert newest.correction.before == oldest.correction.after == "The right words"


def test_a_deleted_post_stays_sent_and_is_not_counted_any_more(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = out(sessions, sample_at=NOON)
    do(sessions, id, DELETE, clock)
    deleted = row(sessions, id)
    assert (deleted.state, deleted.deleted_at) == (State.SENT, clock.now)
    assert deleted.sample_at is None
    assert "deleted by ana: wrong person" in deleted.note
    refused = look(sessions, id, DELETE).posts[0].refusal
    assert refused.startswith("it was deleted already")


def test_a_look_at_counters_that_was_on_its_way_does_not_come_back(sessions: Sessions) -> None:
    id = out(sessions, deleted_at=NOON, sample_at=NOON)
    with sessions.begin() as session:
        later = NOON + timedelta(hours=1)
        assert not claim_due(session, now=later, again_at=later, limit=9)
    assert row(sessions, id).samples == 0


def test_what_is_gone_already_counts_as_deleted(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions)
    (told,) = do(sessions, id, DELETE, clock, FakeChannel(corrections=[Gone()]))
    assert (told.state, told.note) == (CorrectionState.DONE, "it was gone already")
    assert row(sessions, id).deleted_at == clock.now


def test_a_pause_keeps_nobody_from_it(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions)
    with sessions.begin() as session:
        session.add(Pause(scope="all", reason="wrong words are out", by="ana", at=NOON))
    assert do(sessions, id, DELETE, clock)[0].state is CorrectionState.DONE


def test_it_goes_to_the_address_that_the_post_went_to(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions)
    asked: list[tuple[str, str]] = []

    def channel_at(account: str, base: str) -> Channel:
        asked.append((account, base))
        return FakeChannel()

    list(correct(sessions, look(sessions, id, DELETE), channel_at, clock=clock))
    assert asked == [("m", SANDBOX)]


class CutShort(FakeChannel):
    """The process ends while the network is asked."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__()
        self.sessions = sessions
        self.seen: list[str] = []

    def delete(self, remote_id: str) -> Corrected:
        self.seen = [one.state for one in all_of(self.sessions, Correction)]
        raise KeyboardInterrupt


def test_a_crash_between_question_and_answer_leaves_a_doubt_that_a_repetition_ends(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = out(sessions)
    channel = CutShort(sessions)
    with pytest.raises(KeyboardInterrupt):
        do(sessions, id, DELETE, clock, channel)
    assert channel.seen == ["asked"], "committed before the network was called"
    (record,) = history(sessions)
    assert (record.correction.state, record.settled) == ("asked", False)
    assert row(sessions, id).deleted_at is None

    assert do(sessions, id, DELETE, clock, FakeChannel(corrections=[Gone()]))[0].note
    newest, oldest = history(sessions)
    assert (newest.correction.state, newest.settled) == ("done", False)
    assert (oldest.correction.state, oldest.settled) == ("asked", True)


def test_after_a_doubtful_edit_the_old_words_may_be_said_again(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = out(sessions)
    (told,) = do(sessions, id, EDIT, clock, FakeChannel(corrections=[Unknown("cut")]))
    assert told.state is CorrectionState.UNKNOWN
    _, said = look_at(sessions, id)
    assert (said.text, said.doubtful) == (TEXT, True)
    back = replace(EDIT, words=TEXT)
    assert do(sessions, id, back, clock)[0].state is CorrectionState.DONE
    assert not look_at(sessions, id)[1].doubtful


def test_of_two_who_edit_at_once_nobody_knows_whose_words_are_out(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = out(sessions)

    class Slow(FakeChannel):
        def edit(self, remote_id: str, text: str) -> Corrected:
            other = replace(EDIT, words="Other words")
            assert do(sessions, id, other, clock)[0].state is CorrectionState.DONE
            clock.tick(seconds=1)
            return super().edit(remote_id, text)

    do(sessions, id, EDIT, clock, Slow())
    assert look_at(sessions, id)[1].doubtful
    clock.tick(seconds=1)
    assert do(sessions, id, replace(EDIT, words="Other words"), clock)[0].state == "done"
    _, said = look_at(sessions, id)
    assert (said.text, said.doubtful) == ("Other words", False)


def test_a_fault_of_ours_leaves_doubt(sessions: Sessions, clock: FakeClock) -> None:
    class Broken(FakeChannel):
        def delete(self, remote_id: str) -> Corrected:
            raise ValueError("oops")

    (told,) = do(sessions, out(sessions), DELETE, clock, Broken())
    assert told.state is CorrectionState.UNKNOWN
    assert "ValueError" in told.note


@pytest.mark.parametrize(
    "answer", [Retry("no more for now", reset_at=NOON), Disconnected("the token expired")]
)
def test_an_account_that_is_refused_is_not_asked_on_and_others_are(
    sessions: Sessions, clock: FakeClock, answer: Corrected
) -> None:
    ids = [out(sessions, {"run": str(n)}) for n in range(3)]
    other = out(sessions, {"account": "m2"})
    channels = {"m": FakeChannel(corrections=[answer]), "m2": FakeChannel()}
    told = list(
        correct(
            sessions,
            look(sessions, Aim(campaign="spring", item="lesson"), DELETE),
            lambda account, base: channels[account],
            clock=clock,
        )
    )
    assert [one.state for one in told] == ["refused"] * 3 + ["done"]
    assert len(channels["m"].deleted) == 1
    assert told[1].note.startswith("not tried: nothing was changed")
    assert [row(sessions, id).deleted_at for id in ids] == [None] * 3
    assert row(sessions, other).deleted_at == clock.now
    assert len(all_of(sessions, Correction)) == 2, "what was not tried is no correction"


def test_an_account_without_credentials_is_told(sessions: Sessions, clock: FakeClock) -> None:
    def channel_at(account: str, base: str) -> Channel:
        raise UserError("account 'm' has no credentials")

    foresight = look(sessions, out(sessions), DELETE)
    (told,) = correct(sessions, foresight, channel_at, clock=clock)
    assert (told.state, told.note) == (CorrectionState.REFUSED, "account 'm' has no credentials")
    assert not all_of(sessions, Correction)


def test_of_two_who_delete_at_once_one_is_told(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions)
    foresight = look(sessions, id, DELETE)
    do(sessions, id, DELETE, clock)
    (told,) = correct(sessions, foresight, lambda account, base: FakeChannel(), clock=clock)
    assert "changed in the meantime" in told.note


def test_all_posts_of_an_item_are_told_one_by_one(sessions: Sessions, clock: FakeClock) -> None:
    first = out(sessions)
    on_x = out(sessions, {"account": "x-en", "channel": "x"})
    spanish = out(sessions, {"locale": "es"})
    out(sessions, {"item": "another"})
    gone = out(sessions, {"run": "2"}, deleted_at=NOON)
    with sessions.begin() as session:
        waiting = add_delivery(session, add_message(session, item="lesson", locale="pt_BR"))
        doubtful = add_delivery(
            session, add_message(session, item="lesson", locale="fr"), state=State.UNKNOWN
        )
        add_delivery(session, add_message(session, item="lesson", run="3"), state=State.CANCELED)
    whole = look(sessions, Aim(campaign="spring", item="lesson"), DELETE)
    assert [one.post.delivery.id for one in whole.posts] == [first, on_x, spanish]
    assert gone not in [one.post.delivery.id for one in whole.posts]
    assert [one.delivery.id for one in whole.waiting] == [waiting.id]
    assert [one.delivery.id for one in whole.doubtful] == [doubtful.id]
    english = Aim(campaign="spring", item="lesson", locale="en")
    refusals = [one.refusal for one in look(sessions, english, EDIT).posts]
    assert refusals[0] == ""
    assert refusals[1].startswith("X lets no program edit")
    with pytest.raises(UserError, match="--locale: en, es"):
        look(sessions, Aim(campaign="spring", item="lesson"), EDIT)


def test_a_mail_that_was_sent_is_not_called_back(sessions: Sessions, clock: FakeClock) -> None:
    with sessions.begin() as session:
        mail = add_message(
            session, kind=Kind.MAIL, channel="email", account="newsletter", item="lesson"
        )
        ids = [add_sent(session, mail, recipient=f"{n}@example.org").id for n in range(3)]
        session.add(Broadcast(message_id=mail.id, stage="whole", recipients=3, started_at=NOON))
    for wish in (DELETE, EDIT, REPLY, REPOINT):
        assert "correction edition" in look(sessions, ids[0], wish).posts[0].refusal
    assert look(sessions, Aim(campaign="spring", item="lesson"), DELETE).mails == 3


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.QUEUED, "has not left yet"),
        (State.HELD, "outbox cancel"),
        (State.UNKNOWN, "outbox resolve"),
        (State.SENDING, "nobody knows yet"),
        (State.REJECTED, "never went out: it is rejected"),
        (State.CANCELED, "never went out"),
    ],
)
def test_what_is_not_out_is_not_set_right(sessions: Sessions, state: State, words: str) -> None:
    id = out(sessions, state=state)
    assert words in look(sessions, id, DELETE).posts[0].refusal


def test_what_a_person_has_in_hand_is_told_to_them(sessions: Sessions) -> None:
    id = out(sessions, {"channel": "manual"}, state=State.HELD, hold=Hold.PERSON)
    assert "Tell them" in look(sessions, id, DELETE).posts[0].refusal


def test_a_post_without_its_id_is_for_a_person(sessions: Sessions) -> None:
    id = out(sessions, remote_id=None)
    assert "by hand" in look(sessions, id, DELETE).posts[0].refusal


def test_an_author_does_not_edit_alone_but_deletes_alone(sessions: Sessions) -> None:
    id = out(sessions)
    assert "--as" in look(sessions, id, replace(EDIT, by="author")).posts[0].refusal
    assert "--as" in look(sessions, id, replace(REPOINT, by="author")).posts[0].refusal
    assert not look(sessions, id, replace(DELETE, by="author")).posts[0].refusal
    assert not look(sessions, id, replace(REPLY, by="author")).posts[0].refusal
    alone = out(sessions, {"four_eyes": False, "run": "2"})
    assert not look(sessions, alone, replace(EDIT, by="author")).posts[0].refusal


def test_a_text_has_to_fit(sessions: Sessions) -> None:
    id = out(sessions)
    refusal = look(sessions, id, replace(EDIT, words="n" * 510)).posts[0].refusal
    assert "510 of 500" in refusal
    assert "Shorten it by 10" in refusal


@pytest.mark.parametrize(
    "wish",
    [replace(DELETE, reason=" "), replace(EDIT, words=" "), replace(REPOINT, words="example.org")],
)
def test_a_wish_is_whole(sessions: Sessions, wish: Wish) -> None:
    with pytest.raises(UserError):
        look(sessions, out(sessions), wish)


def test_there_is_something_to_set_right(sessions: Sessions) -> None:
    with pytest.raises(UserError, match="no delivery 404"):
        look(sessions, 404, DELETE)
    with pytest.raises(UserError, match="nothing of 'lesson'"):
        look(sessions, Aim(campaign="spring", item="lesson"), DELETE)
    with pytest.raises(UserError, match="no delivery 404"):
        look_at(sessions, 404)


def test_a_link_is_repointed_twice(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions)
    channel = FakeChannel()
    do(sessions, id, REPOINT, clock, channel)
    do(sessions, id, replace(REPOINT, words="https://example.com/"), clock, channel)
    (_, first), (_, second) = channel.edited
    assert first.startswith("The wrong words\nhttps://example.net/right?")
    assert second.startswith("The wrong words\nhttps://example.com/?")
    assert key_in(second.split()[-1]) == "k3y", "what it brings is still counted as its own"


def answer_to(sessions: Sessions, id: int, clock: FakeClock, wish: Wish = REPLY) -> int:
    (told,) = do(sessions, id, wish, clock)
    assert told.state is CorrectionState.DONE
    assert told.answer is not None
    return told.answer


def test_an_answer_is_a_message_that_waits_for_approval(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = out(sessions, {"projects": ["2.2.1", "1.1.3"]}, remote_id="77", country="BR")
    number = answer_to(sessions, id, clock)
    with sessions() as session:
        answer = session.get_one(Message, number)
        delivery = session.scalars(select(Delivery).where(Delivery.message_id == number)).one()
        projects = set(
            session.scalars(
                select(MessageProject.project).where(MessageProject.message_id == number)
            )
        )
    assert (answer.item, answer.account, answer.locale) == ("lesson.correction-1", "m", "en")
    assert (answer.state, answer.hold) == (MessageState.HELD, Hold.APPROVAL)
    assert (answer.due_at, answer.not_after) == (clock.now, clock.now + timedelta(days=1))
    assert (answer.four_eyes, answer.base, answer.queued_by) == (True, SANDBOX, "ana")
    assert (delivery.state, delivery.country) == (State.HELD, "BR")
    assert projects == {"1.1.3", "2.2.1"}

    assert not approve(sessions, ids=[number], by="ana", now=clock.now).approved, "four eyes"
    assert approve(sessions, ids=[number], by="maria", now=clock.now).approved
    with sessions() as session:
        delivery = session.get_one(Delivery, delivery.id)
        delivery.first_attempt_at = clock.now
        post = messages.outgoing(session, session.get_one(Message, number), delivery)
    assert (post.reply_to, post.text) == ("77", "Correction: the right words")


def test_any_other_post_answers_nothing(sessions: Sessions) -> None:
    id = out(sessions, first_attempt_at=NOON)
    with sessions() as session:
        delivery = session.get_one(Delivery, id)
        message = session.get_one(Message, delivery.message_id)
        assert messages.outgoing(session, message, delivery).reply_to == ""


def test_an_approved_answer_goes_out_as_one(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions, {"account": "x-en", "channel": "x"}, remote_id="77")
    number = answer_to(sessions, id, clock)
    approve(sessions, ids=[number], by="maria", now=clock.now)
    channel = FakeChannel([Sent("78")])
    Road(sessions, clock, channel).deliver_all()
    assert [post.reply_to for post in channel.sent] == ["77"]
    (record,) = history(sessions)
    assert record.answer is not None
    assert (record.answer.delivery.state, record.answer.delivery.remote_id) == (State.SENT, "78")


def test_answers_are_counted_and_each_is_one(sessions: Sessions, clock: FakeClock) -> None:
    id = out(sessions)
    first = answer_to(sessions, id, clock)
    clock.tick(minutes=1)
    second = answer_to(sessions, id, clock, replace(REPLY, words="Once more"))
    with sessions() as session:
        items = [session.get_one(Message, number).item for number in (first, second)]
    assert items == ["lesson.correction-1", "lesson.correction-2"]
    newest, oldest = history(sessions)
    assert newest.answer is not None
    assert oldest.answer is not None
    assert (oldest.answer.message.id, newest.answer.message.id) == (first, second)


def test_queueing_the_campaign_again_leaves_an_answer_alone_and_makes_nothing_again(
    sessions: Sessions, clock: FakeClock
) -> None:
    now = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)

    def put() -> dict[str, int]:
        queued = queue_campaign(
            sessions, campaign(), Office().desk, start=None, new_run=False, by="author",
            now=now, dry_run=False,
        )  # fmt: skip
        return {kind: queued.count(kind) for kind in {one.what for one in queued.changes}}

    put()
    with sessions.begin() as session:
        sent = session.scalars(select(Delivery).order_by(Delivery.id).limit(1)).one()
        sent.state, sent.attempts, sent.remote_id, sent.sent_at = State.SENT, 1, "77", now
        session.get_one(Message, sent.message_id).state = MessageState.APPROVED
    number = answer_to(sessions, sent.id, clock)
    do(sessions, sent.id, DELETE, clock)
    again = put()
    assert again.pop("sent") == 1
    assert set(again) == {"unchanged"}
    with sessions() as session:
        assert session.get_one(Message, number).state is MessageState.HELD
    assert row(sessions, sent.id).deleted_at is not None


def test_corrections_are_listed_by_campaign(sessions: Sessions, clock: FakeClock) -> None:
    do(sessions, out(sessions), EDIT, clock)
    do(sessions, out(sessions, {"campaign": "autumn"}), DELETE, clock)

    def kinds(found: Iterable[Any]) -> list[str]:
        return [one.correction.kind for one in found]

    assert kinds(history(sessions)) == ["delete", "edit"]
    assert kinds(history(sessions, campaign="autumn")) == ["delete"]
    assert kinds(history(sessions, limit=1)) == ["delete"]
