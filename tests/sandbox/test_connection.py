"""What is kept back, and for how long."""

import asyncio
from datetime import timedelta

from campaigner.sandbox.connection import Holds


def test_an_answer_for_which_nobody_waits_any_more_is_not_counted_as_held() -> None:
    async def hung_up() -> tuple[int, int]:
        holds = Holds()
        slow = asyncio.create_task(holds.delay(timedelta(hours=1)))
        while not holds.waiting:
            await asyncio.sleep(0)
        held = holds.waiting
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        return held, holds.waiting

    assert asyncio.run(hung_up()) == (1, 0)
