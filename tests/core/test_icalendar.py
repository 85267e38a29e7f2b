from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.icalendar import LONGEST, Event, write_calendar

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = datetime(2026, 12, 1, 10, tzinfo=timezone(timedelta(hours=-3)))


def written(**changes: str) -> str:
    values = {"uid": "one@campaigner", "summary": "spring"} | changes
    return write_calendar([Event(at=AT, **values)], name="ICANN, LAC", now=NOW)


def test_an_event_is_written_as_rfc_5545_says() -> None:
    assert written(description="a; b, c\\d\ne").split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//campaigner//calendar//EN",
        "CALSCALE:GREGORIAN",
        "X-WR-CALNAME:ICANN\\, LAC",
        "BEGIN:VEVENT",
        "UID:one@campaigner",
        "DTSTAMP:20260302T120000Z",
        "DTSTART:20261201T130000Z",
        "SUMMARY:spring",
        "DESCRIPTION:a\\; b\\, c\\\\d\\ne",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300))
def test_long_lines_are_folded_and_unfold_to_what_they_were(text: str) -> None:
    lines = written(summary=f"x{text}").split("\r\n")
    assert max(len(line.encode()) for line in lines) <= LONGEST
    unfolded = "\r\n".join(lines).replace("\r\n ", "")
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    assert f"\r\nSUMMARY:x{escaped}\r\n" in unfolded
