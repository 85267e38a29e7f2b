from datetime import UTC, datetime, timedelta

from campaigner.core.timeline import HANDED, SENT, Line, first_line, in_order, totals

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def line(item: str, at: datetime | None = NOON, **values: object) -> Line:
    return Line(**{"state": SENT, "at": at, "zone": "UTC", "item": item, **values})  # type: ignore[arg-type]


def test_lines_stand_in_order_of_time_and_those_without_one_at_the_end() -> None:
    later = NOON + timedelta(hours=1)
    lines = [line("undated", None), line("b", later), line("a"), line("c", later)]
    assert [one.item for one in in_order(lines)] == ["a", "b", "c", "undated"]


def test_totals_count_what_left_by_network_and_language() -> None:
    lines = [
        line("a", channel="x", locale="es", counts={"sent": 1}),
        line("b", channel="x", locale="es", counts={"sent": 1}),
        line("c", channel="x", locale="en", counts={"held": 1}),
        line("d", channel="email", locale="es", counts={"sent": 11, "rejected": 1}),
        line("e", channel="manual", locale="es", counts={HANDED: 1}),
    ]
    assert totals(lines) == {("email", "es"): 11, ("manual", "es"): 1, ("x", "es"): 2}


def test_the_first_line_is_the_first_that_says_something() -> None:
    assert first_line("\n  Hola \nadiós") == "Hola"
    assert first_line("") == ""


def test_for_programs_what_a_line_does_not_have_is_null() -> None:
    told = line("a", None, state="undated", note="no date").as_json()
    assert told["at"] is told["account"] is told["text"] is None
    assert (told["state"], told["note"], told["counts"]) == ("undated", "no date", {})
