"""What `campaigner correct` says while it works through many posts."""

from collections.abc import Iterator

import pytest

from campaigner.cli.correct import tell
from campaigner.core.correction import CorrectionState, Way
from campaigner.db.listing import Listed
from campaigner.db.models import Delivery, Message
from campaigner.services.correct import Foreseen, Told


def test_who_stops_it_halfway_was_told_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped_after_the_first() -> Iterator[Told]:
        post = Listed(delivery=Delivery(id=12), message=Message())
        yield Told(foreseen=Foreseen(post=post, before="Wrong"), state=CorrectionState.DONE)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tell(stopped_after_the_first(), Way.DELETE)
    assert capsys.readouterr().out == "12: deleted\n"
