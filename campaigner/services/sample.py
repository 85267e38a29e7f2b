"""Sample: a broadcast goes to a few first, and the rest waits until somebody looked."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from campaigner.core.broadcast import RANGE, Stage, Stop, is_in_share, read_share
from campaigner.db import broadcasts, changes, closing
from campaigner.db.closing import Place
from campaigner.db.engine import Sessions
from campaigner.db.models import Broadcast
from campaigner.errors import UserError
from campaigner.failpoints import reach


def draw_sample(
    sessions: Sessions,
    id: int,
    share: str,
    *,
    heard: Callable[[int], object] = lambda number: None,
    size: int = RANGE,
) -> tuple[int, int]:
    """Hold back all but `share` (``5%``, ``200``) of a broadcast; return (first, held back).

    While it is drawn nothing leaves; one that was cut off is done again by
    saying the same again. Raises UserError for a share that is none, and for a
    broadcast that has begun, is over or is not frozen yet.
    """
    try:
        wanted = read_share(share)
    except ValueError as error:
        raise UserError(f"{error}. Write --share 5% or --share 200") from None
    if wanted is None:
        raise UserError("say how many go first: --share 5% or --share 200")
    with sessions() as session:
        broadcast = _drawable(session, id)
        broadcast.hold, broadcast.sample = Stop.SAMPLING, share
        part = wanted.among(broadcast.recipients)
        session.commit()
    _queue_all(sessions, id, size=size)
    return _hold_back(sessions, id, part, heard=heard, size=size)


def _queue_all(sessions: Sessions, id: int, *, size: int) -> None:
    """Take back an earlier sample."""
    while True:
        with sessions() as session:
            took = closing.release_range(session, id, limit=size)
            session.commit()
        if not took:
            return


def _hold_back(
    sessions: Sessions, id: int, part: float, *, heard: Callable[[int], object], size: int
) -> tuple[int, int]:
    """Hold back who is not in the sample, range by range; return (first, held back)."""
    after: Place | None = None
    done = 0
    while True:
        with sessions() as session:
            some = closing.queued_range(session, id, after=after, limit=size)
            if not some:
                found = _finish(session, id)
                session.commit()
                return found
            rest = [
                mail.id
                for mail in some
                if not is_in_share(mail.subscriber_id or 0, message=id, share=part)
            ]
            closing.hold_back(session, rest)
            session.commit()
        after = some[-1].place
        done += len(some)
        heard(done)
        reach("sample.range")


def _drawable(session: Session, id: int) -> Broadcast:
    broadcast = broadcasts.find(session, id, lock=True)
    if broadcast is None:
        raise UserError(f"there is no broadcast {id}. `campaigner broadcast list` shows them")
    if broadcast.stage == Stage.FREEZING:
        raise UserError(f"the readers of broadcast {id} are being counted. Try again afterwards")
    if broadcast.started_at is not None:
        raise UserError(f"broadcast {id} has begun: its first readers are no sample any more")
    if broadcast.stage not in (Stage.READY, Stage.SAMPLE):
        raise UserError(f"broadcast {id} is over")
    if broadcast.hold not in (Stop.NONE, Stop.SAMPLING):
        raise UserError(f"broadcast {id} waits for a person's word first ({broadcast.hold})")
    return broadcast


def _finish(session: Session, id: int) -> tuple[int, int]:
    broadcast = broadcasts.find(session, id, lock=True)
    assert broadcast is not None
    counts = broadcasts.count_mails(session, [id])[id]
    broadcast.hold = Stop.NONE
    broadcast.stage = Stage.SAMPLE if counts.held else Stage.READY
    changes.announce(session)
    return counts.queued, counts.held
