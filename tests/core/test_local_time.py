"""One time on every clock, also in nights that have none of it, or two."""

from datetime import UTC, date, datetime, time

from campaigner.core.local_time import local_dues

NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def test_ten_is_ten_on_every_clock() -> None:
    zones = ["America/Montevideo", "Europe/Madrid", "Pacific/Kiritimati"]
    assert local_dues(date(2026, 11, 3), time(10), zones, otherwise=NEVER) == {
        "America/Montevideo": datetime(2026, 11, 3, 13, tzinfo=UTC),
        "Europe/Madrid": datetime(2026, 11, 3, 9, tzinfo=UTC),
        "Pacific/Kiritimati": datetime(2026, 11, 2, 20, tzinfo=UTC),
    }


def test_a_skipped_time_comes_later_and_a_repeated_one_is_the_first() -> None:
    skipped = local_dues(date(2026, 9, 6), time(0, 30), ["America/Santiago"], otherwise=NEVER)
    assert skipped == {"America/Santiago": datetime(2026, 9, 6, 4, 30, tzinfo=UTC)}
    repeated = local_dues(date(2026, 4, 4), time(23, 30), ["America/Santiago"], otherwise=NEVER)
    assert repeated == {"America/Santiago": datetime(2026, 4, 5, 2, 30, tzinfo=UTC)}


def test_who_has_no_zone_of_ours_gets_it_with_the_campaign() -> None:
    due = local_dues(date(2026, 11, 3), time(10), ["Mars/Olympus", ""], otherwise=NEVER)
    assert due == {"Mars/Olympus": NEVER, "": NEVER}
