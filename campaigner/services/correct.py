"""Correct: set right what is out, and say honestly what of it stays.

A pause does not keep anybody from it: to stop and set right is what a pause
is for. It takes none of the account's tokens, and heeds a network that says
"not now". Decision 0015.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from campaigner.core.channel import Channel, Corrected, Unknown
from campaigner.core.correction import (
    CorrectionState,
    Ended,
    Way,
    Wish,
    after_answer,
    not_offered,
    repointed,
    what_stays,
    who_may_not,
)
from campaigner.core.counting import check
from campaigner.core.delivery import UNSENT, Hold, State
from campaigner.db import answers, changes, corrections, listing, messages, outbox
from campaigner.db.corrections import Record, Said
from campaigner.db.engine import Sessions, durably
from campaigner.db.listing import Listed
from campaigner.db.models import Message
from campaigner.errors import UserError
from campaigner.failpoints import reach

log = structlog.get_logger()

DONE = {Way.EDIT: "edited", Way.DELETE: "deleted", Way.REPOINT: "repointed"}


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What it is about: one delivery by its number, or all posts of an item that are out."""

    number: int | None = None
    campaign: str = ""
    item: str = ""
    locale: str | None = None


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What would happen to one post: it says `before`, and would say `after`.

    `refusal` is why nothing would happen, and what to do instead; empty: it would.
    """

    post: Listed
    before: str
    after: str = ""
    refusal: str = ""
    stays: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """All that a wish comes to.

    `waiting` has not left yet, `doubtful` may be out, and `mails` are in their
    readers' mailboxes: none of these is touched.
    """

    wish: Wish
    posts: Sequence[Foreseen]
    waiting: Sequence[Listed] = ()
    doubtful: Sequence[Listed] = ()
    mails: int = 0


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of one post. `answer` is the number of the message that answers it."""

    foreseen: Foreseen
    state: CorrectionState
    note: str = ""
    answer: int | None = None


def foresee(
    sessions: Sessions, aim: Aim, wish: Wish, *, limit_of: Callable[[str], int]
) -> Foresight:
    """Say what `wish` would do to what `aim` names; nothing is changed, no network asked.

    `limit_of` gives an account's limit on a text's length. Raises UserError for
    a wish that lacks something, and where there is nothing of that kind.
    """
    _check(wish)
    with sessions() as session:
        if aim.number is not None:
            rows, mails = [listing.get_delivery(session, aim.number)], 0
        else:
            rows = corrections.posts_of_item(
                session, campaign=aim.campaign, item=aim.item, locale=aim.locale
            )
            mails = corrections.mails_out(session, campaign=aim.campaign, item=aim.item)
        if not rows and not mails:
            raise UserError(
                f"nothing of '{aim.item}' in '{aim.campaign}' is out or waits. "
                "`campaigner outbox list --campaign NAME` shows what there is"
            )
        one = aim.number is not None
        out = [row for row in rows if one or row.delivery.state is State.SENT]
        _check_languages(wish, out)
        said = corrections.said_by_now(session, out)
        return Foresight(
            wish=wish,
            posts=[_foreseen(row, said[row.delivery.id], wish, limit_of) for row in out],
            waiting=[row for row in rows if not one and row.delivery.state in UNSENT],
            doubtful=[
                row
                for row in rows
                if not one and row.delivery.state in (State.SENDING, State.UNKNOWN)
            ],
            mails=mails,
        )


def correct(
    sessions: Sessions,
    foresight: Foresight,
    channel_at: Callable[[str, str], Channel],
    *,
    clock: Callable[[], datetime],
) -> Iterator[Told]:
    """Do what was foreseen, post by post, and yield what became of each.

    Each correction is committed as `asked` before its network is called, and
    its outcome before the next: a crash leaves at most one that may have
    happened. `channel_at` takes an account and the base address to which the
    post went. Where a network says "not now", its account's others are not
    tried.
    """
    silent: dict[tuple[str, str], str] = {}
    for foreseen in foresight.posts:
        message = foreseen.post.message
        if foreseen.refusal:
            yield _refused(foreseen, foreseen.refusal)
        elif foresight.wish.way is Way.REPLY:
            yield _answer(sessions, foreseen, foresight.wish, now=clock())
        elif why := silent.get((message.account, message.base)):
            yield _refused(foreseen, f"not tried: {why}")
        else:
            done, ended = _change(sessions, foreseen, foresight.wish, channel_at, clock=clock)
            if ended.silent:
                silent[message.account, message.base] = ended.note
            yield done


def history(
    sessions: Sessions,
    *,
    campaign: str | None = None,
    number: int | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Return what was set right, newest first; of one delivery, if its `number` is given."""
    with sessions() as session:
        return corrections.list_corrections(
            session, campaign=campaign, delivery_id=number, limit=limit
        )


def look_at(sessions: Sessions, number: int) -> tuple[Listed, Said]:
    """Return a delivery and what it says by now. Raises UserError if there is none."""
    with sessions() as session:
        row = listing.get_delivery(session, number)
        return row, corrections.said_by_now(session, [row])[number]


def _check(wish: Wish) -> None:
    if not wish.reason.strip():
        raise UserError("say why, for the record: --reason")
    if wish.way is Way.REPOINT and not wish.words.startswith(("https://", "http://")):
        raise UserError(f"'{wish.words}' is no link. Write it whole: https://…")
    if wish.way in (Way.EDIT, Way.REPLY) and not wish.words.strip():
        raise UserError("say with what words: --text")


def _check_languages(wish: Wish, out: Sequence[Listed]) -> None:
    locales = sorted({row.message.locale for row in out})
    if wish.way in (Way.EDIT, Way.REPLY) and len(locales) > 1:
        raise UserError(
            f"these posts are in {len(locales)} languages, and one text cannot serve them all. "
            f"Name one with --locale: {', '.join(locales)}"
        )


def _foreseen(row: Listed, said: Said, wish: Wish, limit_of: Callable[[str], int]) -> Foreseen:
    """Return what would happen to one post."""
    message = row.message
    after = {Way.EDIT: wish.words.strip(), Way.REPLY: wish.words.strip(), Way.DELETE: ""}.get(
        wish.way
    )
    if wish.way is Way.REPOINT:
        after = repointed(said.text, link=message.link, to=wish.words)
    refusal = (
        _not_now(row)
        or not_offered(wish.way, message.channel)
        or who_may_not(
            wish.way, by=wish.by, queued_by=message.queued_by, four_eyes=message.four_eyes
        )
    )
    if not refusal and after is None:
        refusal = "it has no link of its own. Use `correct edit`, or `correct reply`"
    same = after == said.text and not said.doubtful
    if not refusal and same and wish.way in (Way.EDIT, Way.REPOINT):
        refusal = "it says that already"
    if not refusal and after:
        refusal = _too_long(message, after, limit=limit_of(message.account))
    return Foreseen(
        post=row,
        before=said.text,
        after=after or "",
        refusal=refusal or "",
        stays=what_stays(wish.way, message.channel),
    )


def _not_now(row: Listed) -> str | None:
    """Return why a row's state keeps it from being set right, and what to do."""
    delivery, number = row.delivery, row.delivery.id
    if delivery.deleted_at is not None:
        return f"it was deleted already, {delivery.deleted_at:%Y-%m-%d %H:%M} UTC"
    if delivery.hold is Hold.PERSON:
        return (
            "it was handed to a person, who may have published it. Tell them, and "
            f"`campaigner outbox cancel {number}`"
        )
    if delivery.state in UNSENT:
        return (
            "it has not left yet. Change its file and queue that again, or "
            f"`campaigner outbox cancel {number}`"
        )
    if delivery.state in (State.SENDING, State.UNKNOWN):
        return (
            "nobody knows yet whether it is out. Wait for the daemon's look, or say so with "
            f"`campaigner outbox resolve {number} --sent|--not-sent`"
        )
    if delivery.state is not State.SENT:
        return f"it never went out: it is {delivery.state}"
    offered = not_offered(Way.REPLY, row.message.channel) is None
    if offered and not delivery.remote_id:
        return "its id on the network is not known: set it right there, by hand"
    return None


def _too_long(message: Message, text: str, *, limit: int) -> str | None:
    count = check(message.channel, text, limit)
    if count.valid:
        return None
    if count.room >= 0:
        return f"{message.channel} would not take this text"
    return (
        f"the text is too long: {count.length} of {limit} characters as {message.channel} "
        f"counts them. Shorten it by {-count.room}"
    )


def _refused(foreseen: Foreseen, why: str) -> Told:
    return Told(foreseen=foreseen, state=CorrectionState.REFUSED, note=why)


def _change(
    sessions: Sessions,
    foreseen: Foreseen,
    wish: Wish,
    channel_at: Callable[[str, str], Channel],
    *,
    clock: Callable[[], datetime],
) -> tuple[Told, Ended]:
    """Edit, repoint or delete one post."""
    message, delivery = foreseen.post.message, foreseen.post.delivery
    try:
        channel = channel_at(message.account, message.base)
    except UserError as error:
        ended = Ended(state=CorrectionState.REFUSED, note=str(error), silent=True)
        return _refused(foreseen, ended.note), ended
    with sessions() as session:
        if not corrections.is_out(session, delivery.id):
            note = "it changed in the meantime. Look at it again"
            return _refused(foreseen, note), Ended(state=CorrectionState.REFUSED, note=note)
        id = _noted(session, foreseen, wish, now=clock())
        session.commit()
        reach("correct.asked")
        ended = after_answer(_ask(channel, foreseen, wish), wish.way)
        reach("correct.answered")
        now = clock()
        durably(session, lambda: _record(session, id, foreseen, wish, ended, now=now))
    return Told(foreseen=foreseen, state=ended.state, note=ended.note), ended


def _ask(channel: Channel, foreseen: Foreseen, wish: Wish) -> Corrected:
    remote_id = foreseen.post.delivery.remote_id
    assert remote_id
    try:
        if wish.way is Way.DELETE:
            return channel.delete(remote_id)
        return channel.edit(remote_id, foreseen.after)
    except Exception as error:
        log.exception("channel failed", delivery=foreseen.post.delivery.id)
        return Unknown(f"a fault in campaigner itself: {type(error).__name__}")


def _record(
    session: Session, id: int, foreseen: Foreseen, wish: Wish, ended: Ended, *, now: datetime
) -> None:
    corrections.end(session, id, ended, now=now)
    if ended.state is not CorrectionState.DONE:
        return
    what = DONE[wish.way]
    corrections.note_on_post(
        session,
        foreseen.post,
        f"{what} by {wish.by}: {wish.reason}",
        deleted_at=now if ended.gone else None,
    )
    outbox.keep_attempt(
        session,
        foreseen.post.delivery.id,
        number=0,
        outcome=what,
        reason=wish.reason,
        now=now,
        by=wish.by,
    )


def _answer(sessions: Sessions, foreseen: Foreseen, wish: Wish, *, now: datetime) -> Told:
    """Queue an answer to one post: a message of its own, which waits for approval as any does."""
    with sessions() as session:
        messages.lock_campaign(session, foreseen.post.message.campaign)
        number = answers.add(session, foreseen.post, foreseen.after, by=wish.by, now=now)
        id = _noted(session, foreseen, wish, now=now)
        ended = Ended(state=CorrectionState.DONE, note=f"queued as message {number}")
        corrections.end(session, id, ended, now=now)
        changes.announce(session)
        session.commit()
    note = f"waits for approval: `campaigner approve --message {number}`"
    return Told(foreseen=foreseen, state=CorrectionState.DONE, note=note, answer=number)


def _noted(session: Session, foreseen: Foreseen, wish: Wish, *, now: datetime) -> int:
    return corrections.ask(
        session,
        foreseen.post.delivery.id,
        way=wish.way,
        before=foreseen.before,
        after=foreseen.after,
        reason=wish.reason,
        by=wish.by,
        now=now,
    )
