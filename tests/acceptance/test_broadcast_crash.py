"""The promise for mails, tried in short: the sender is killed, and the receiver's log compared."""

from pathlib import Path

from tests.acceptance.broadcast_crash import CONNECTIONS, Plan, crash


def test_kills_lose_no_mail_send_none_twice_and_nobody_who_left_is_mailed(
    database_url: str, tmp_path: Path
) -> None:
    plan = Plan(recipients=700, kills=6, leaving=12, seed=7)
    tally = crash(tmp_path, database_url, plan, delay=0.002)
    assert tally.lost == []
    assert tally.doubled == []
    assert tally.too_much_doubt == [], "at most one in doubt for each open connection"
    assert tally.not_stopped == []
    assert tally.mailed_after_leaving == []
    assert tally.stopped >= 8, "they left while it was sent"
    assert sum(doubt for doubt, _ in tally.doubts) > 0, "the kills hit mails that were being sent"
    assert tally.states["unknown"] <= plan.kills * CONNECTIONS
    assert tally.states["sent"] >= 600
