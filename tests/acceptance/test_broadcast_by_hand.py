"""`campaigner broadcast` on the sample workspace: what people see of an edition's readers."""

import json

from tests.acceptance.shell import Shell


def test_a_digest_is_a_broadcast_that_is_looked_at_sampled_stopped_and_dropped(
    sample_shell: Shell,
) -> None:
    sample_shell("pdp", "import", "campaigns/data/pdps.yaml")
    sample_shell("subscribers", "import", "campaigns/data/subscribers.csv")
    sample_shell("queue", "campaigns/pdp-digest.yaml", "--start", "now", "--as", "ana")
    rows = sample_shell("broadcast", "list", "--json").rows
    assert rows
    first = rows[0]
    assert first["candidates"] == first["recipients"] + first["excluded"] > 0
    number = str(first["id"])
    assert "waiting for approval" in sample_shell("broadcast", "show", number).out
    assert "left out" in sample_shell("broadcast", "list").out
    assert (
        "wait until you looked" in sample_shell("broadcast", "sample", number, "--share", "1").out
    )
    assert "released" in sample_shell("broadcast", "release", number).out
    assert "is paused" in sample_shell("broadcast", "pause", number).out
    assert json.loads(sample_shell("broadcast", "list", "--json").out)[0]["paused"]
    assert "waits for you" not in sample_shell("broadcast", "resume", number).out
    sample_shell("broadcast", "exclusions", number, "--json")
    assert "None of its mails failed" in sample_shell("broadcast", "failed", number).out
    assert "say to whom" in sample_shell("broadcast", "resend", number, code=1).err
    assert "is canceled; 0 mails had left" in sample_shell("broadcast", "cancel", number).out
    assert "is over" in sample_shell("broadcast", "cancel", number, code=1).err
    assert "there is no broadcast 999" in sample_shell("broadcast", "show", "999", code=1).err
    states = {row["state"] for row in sample_shell("outbox", "list", "--json").rows}
    assert "canceled" in states
