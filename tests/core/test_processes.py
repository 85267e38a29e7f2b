"""What of a process may be published, and where it then stands."""

from datetime import UTC, date, datetime

import pytest

from campaigner.core.processes import (
    Milestone,
    PartialDate,
    is_stage_publishable,
    publish,
)
from campaigner.core.stages import describe, step_of
from tests.processes import milestone, process, real_processes, window


@pytest.mark.parametrize("text", ["2021", "2021-09", "2021-09-13"])
def test_a_date_stays_as_exact_as_its_source(text: str) -> None:
    parsed = PartialDate.parse(text)
    assert str(parsed) == text
    assert (parsed.full is not None) == (len(text) == 10)


@pytest.mark.parametrize("text", ["", "21", "2021-13", "2021-02-30", "2021-9-1", "0000", "dd 2020"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PartialDate.parse(text)


def test_dates_are_in_order_whatever_their_precision() -> None:
    texts = ["2021", "2021-01", "2021-01-31", "2021-02", "2022"]
    assert sorted(PartialDate.parse(text) for text in reversed(texts)) == [
        PartialDate.parse(text) for text in texts
    ]


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ("seen", True),
        ("seen (motion); result gk", True),
        ("seen (planned)", True),
        ("seen (month inferred)", False),
        ("gk", False),
        ("not seen", False),
        ("unseen", False),
        ("seenish", False),
        ("", False),
    ],
)
def test_only_what_was_seen_may_be_published(evidence: str, expected: bool) -> None:
    assert milestone("2026-01-01", "x", evidence=evidence).is_publishable is expected


def test_a_fact_without_a_source_to_show_is_not_published() -> None:
    fact = Milestone(date=PartialDate(2026), what="x", evidence="seen")
    assert not fact.is_publishable


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("", True),
        ("staff asked to start populating the Initial Report", True),
        ("Board adoption Jan 2022 gk", False),
        ("dates are gk - verify", False),
        ("(gk); wiki banner shows 'Support and Review'", False),
        ("working group start not seen", False),
        ("tgkx", True),
    ],
)
def test_a_stage_with_a_doubtful_note_is_not_published(note: str, expected: bool) -> None:
    assert is_stage_publishable(note) is expected


def test_a_doubtful_stage_leaves_the_newest_fact_and_its_date() -> None:
    standing = publish(
        process(
            "a",
            milestone("2021-01", "Council adopts"),
            milestone("2022-01", "Board adopts", evidence="gk"),
            stands=False,
            confirmed="2022-01",
        )
    )
    assert (standing.stage, str(standing.confirmed)) == ("", "2021-01")
    assert standing.latest is not None
    assert standing.latest.what == "Council adopts"


def test_a_date_that_rests_on_an_inferred_fact_alone_confirms_nothing() -> None:
    inferred = milestone("2026-06", "preparing", evidence="seen (month inferred)")
    standing = publish(
        process("a", milestone("2025-12", "accepted"), inferred, confirmed="2026-06")
    )
    assert (standing.stage, str(standing.confirmed)) == ("working_group", "2025-12")


def test_a_plan_is_not_the_latest_that_happened() -> None:
    standing = publish(
        process(
            "a",
            milestone("2026-04-30", "opens"),
            milestone("2026-08-12", "closes", evidence="seen (planned)"),
        )
    )
    assert standing.latest is not None
    assert standing.latest.what == "opens"
    assert [fact.planned for fact in standing.facts] == [False, True]


def test_of_the_real_records_nothing_doubtful_may_leave() -> None:
    processes = {each.id: each for each in real_processes()}
    unsaid = {each.id for each in processes.values() if not publish(each).stage}
    assert unsaid == {
        "dnsam-pdp2",
        "transfer-policy",
        "epdp-idn-2",
        "rpm-1",
        "igo-curative-epdp",
        "igo-ingo-crp",
        "epdp-tempspec-1",
        "epdp-tempspec-2a",
        "tt-contact",
        "ccpdp3-rm",
    }
    texts = {fact.what for each in processes.values() for fact in publish(each).facts}
    assert "Board adoption" not in texts
    assert "SSAD Supplemental Recommendations Team preparing for ICANN86" not in texts
    assert len(texts) > 80
    assert all(fact.source for each in processes.values() for fact in publish(each).facts)


def test_a_comment_closes_a_minute_before_midnight_utc() -> None:
    comment = window(date(2026, 11, 1), date(2026, 12, 10))
    assert comment.closes_at == datetime(2026, 12, 10, 23, 59, tzinfo=UTC)
    assert not comment.is_open(datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    assert comment.is_open(datetime(2026, 11, 1, tzinfo=UTC))
    assert comment.is_open(comment.closes_at)
    assert not comment.is_open(datetime(2026, 12, 11, tzinfo=UTC))


def test_only_the_gnso_counts_its_seven_steps() -> None:
    assert describe("gnso_pdp", "working_group") == "4 of 7: Working Group"
    assert describe("gnso_epdp", "working_group") == "Working Group"
    assert describe("ccnso_pdp", "members_vote") == "Members Vote"
    assert describe("ccnso_pdp", "superseded") == "Superseded"
    assert step_of("gnso_pdp", "completed") is None
