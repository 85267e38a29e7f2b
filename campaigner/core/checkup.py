"""What the doctor's findings mean: a fact goes in, a verdict with its remedy comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from campaigner.core.alerts import SILENT_AFTER
from campaigner.core.channel import Disconnected, Sent, Unknown
from campaigner.core.strategy import Strategy

MEGABYTE = 10**6
NO_DISK, LITTLE_DISK = 100 * MEGABYTE, 1000 * MEGABYTE
SKEW, TOO_MUCH_SKEW = timedelta(seconds=5), timedelta(minutes=1)
SHOWN = 3  # of a list, how many entries a sentence names

CREDENTIALS: Mapping[str, Sequence[Sequence[str]]] = {
    "x": (("token",), ("api_key", "api_secret", "access_token", "access_secret")),
    "mastodon": (("token",),),
    "email": (("user", "password"),),
}
"""By channel, the sets of secrets of which one must be whole."""


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was looked at, what was found, and what to do about it (empty if nothing)."""

    name: str
    verdict: Verdict
    found: str
    fix: str = ""


def ok(name: str, found: str) -> Check:
    return Check(name=name, verdict=Verdict.OK, found=found)


def warn(name: str, found: str, fix: str) -> Check:
    return Check(name=name, verdict=Verdict.WARN, found=found, fix=fix)


def fail(name: str, found: str, fix: str) -> Check:
    return Check(name=name, verdict=Verdict.FAIL, found=found, fix=fix)


def judge_migrations(pending: Sequence[str]) -> Check:
    """`pending` are the titles of the migrations that the database has not had."""
    if not pending:
        return ok("migrations", "the database has every migration")
    return fail(
        "migrations",
        f"the database lacks {len(pending)}: {listed(pending)}",
        "Stop the daemon, run `campaigner db upgrade`, start it again.",
    )


def judge_writing(*, journal_mode: str, synchronous: int) -> Check:
    """SQLite's own words: WAL lets readers read while one writes; 2 is FULL, 3 more than that."""
    found = f"SQLite writes with journal_mode={journal_mode}, synchronous={synchronous}"
    if journal_mode == "wal" and synchronous >= 2:
        return ok("writing", found)
    return fail(
        "writing",
        f"{found}: a power cut could undo what was already sent",
        "Put the database on a local disk: network folders do not offer WAL.",
    )


def judge_disk(free: int) -> Check:
    """`free` is in bytes."""
    found = f"{free // MEGABYTE:,} MB free where the database is"
    if free < NO_DISK:
        return fail("disk", found, "Make room now: without it nothing can be recorded, or sent.")
    if free < LITTLE_DISK:
        return warn("disk", found, "Make room soon.")
    return ok("disk", found)


def judge_zones(*, package: str, packaged: bool) -> Check:
    """`package` is the version of tzdata; `packaged` is false if the system's is read instead."""
    if packaged:
        return ok("time zones", f"tzdata {package}")
    return warn(
        "time zones",
        f"tzdata {package} is installed, but the system's files are read",
        "Unset PYTHONTZPATH, so that every machine means the same times.",
    )


def judge_strategy(strategy: Strategy, today: date) -> Check:
    """A plan that ended still files what served it; a new campaign should serve a newer one."""
    found = f"'{strategy.title}', valid {strategy.valid_from} to {strategy.valid_until}"
    if strategy.is_valid_on(today):
        return ok("strategy", found)
    if today < strategy.valid_from:
        return warn("strategy", f"{found}: it has not begun", "Check `strategy` in the settings.")
    return warn(
        "strategy",
        f"{found}: it has ended",
        "When its successor is published, name that file as `strategy` in the settings.",
    )


def judge_translations(untranslated: Mapping[str, int]) -> Check:
    """`untranslated` counts, by locale, the strings without a valid translation."""
    lacking = {locale: number for locale, number in untranslated.items() if number}
    if not lacking:
        return ok("translations", f"complete in {len(untranslated)} locales")
    return warn(
        "translations",
        ", ".join(f"{locale}: {number} to do" for locale, number in sorted(lacking.items())),
        "What needs them is held. See which with `campaigner translate status`.",
    )


def judge_account(
    name: str,
    *,
    channel: str,
    live: bool,
    disconnected_at: datetime | None,
    has: Sequence[str],
    variables: Mapping[str, str],
) -> Check:
    """Judge one account. `has` are the names of its secrets that are set.

    `variables` gives the environment variable of each secret that could be.
    """
    label = f"account {name}"
    if disconnected_at is not None:
        return fail(
            label,
            f"its network refuses it since {disconnected_at:%Y-%m-%d %H:%M} UTC; its posts wait",
            f"Renew its credentials, then run `campaigner accounts reconnect {name}`.",
        )
    if not live:
        return ok(label, "talks to the sandbox")
    sets = CREDENTIALS.get(channel, ())
    if not sets or any(set(needed) <= set(has) for needed in sets):
        return ok(label, "live, with credentials")
    missing = [secret for secret in sets[0] if secret not in has]
    names = " and ".join(variables[secret] for secret in missing)
    fix = f"Set {names}, or the same with _FILE naming a file that holds it."
    if channel == "email":
        return warn(label, "live, and submits without a user and password", fix)
    return fail(label, "live, without credentials", fix)


def judge_answer(name: str, answer: Sent | Disconnected | Unknown) -> Check:
    """Judge what the network said when it was asked who the account is."""
    label = f"network of {name}"
    match answer:
        case Sent(remote_id):
            return ok(label, f"answers, and knows us as {remote_id}")
        case Disconnected(reason):
            return fail(label, f"refuses us: {reason}", "Renew the account's credentials.")
        case Unknown(reason):
            return fail(
                label, f"gives no answer: {reason}", "Check the network, and the account's `live`."
            )


def judge_heartbeat(
    seen_at: datetime | None, *, stopped_at: datetime | None, worker: str, now: datetime
) -> Check:
    """Judge the newest sign of life of any daemon."""
    start = "Start it with `campaigner run`; without it nothing goes out."
    if seen_at is None:
        return warn("daemon", "none has run on this database yet", start)
    if stopped_at is not None:
        return warn("daemon", f"{worker} was stopped at {stopped_at:%Y-%m-%d %H:%M} UTC", start)
    age = max(now - seen_at, timedelta(0))
    if age > SILENT_AFTER:
        return fail("daemon", f"{worker} is silent since {seen_at:%Y-%m-%d %H:%M} UTC", start)
    return ok("daemon", f"{worker} gave a sign of life {age.total_seconds():.0f} s ago")


def judge_pauses(pauses: Sequence[str]) -> Check:
    """`pauses` are the stops in force, each in words."""
    if not pauses:
        return ok("pauses", "nothing is paused")
    fix = "When its reason is gone, lift it with `campaigner resume` and the same scope."
    return warn("pauses", f"paused: {listed(pauses)}", fix)


def judge_clock(skew: timedelta) -> Check:
    """`skew` is how far the database server's clock is ahead of ours; negative is behind."""
    found = f"the database server's clock differs by {abs(skew).total_seconds():.1f} s"
    fix = "Let both machines set their clocks by NTP."
    if abs(skew) > TOO_MUCH_SKEW:
        return fail("clock", found, fix)
    return warn("clock", found, fix) if abs(skew) > SKEW else ok("clock", found)


def listed(words: Sequence[str]) -> str:
    """Name the first few of a list: `a, b, c and 4 more`."""
    named = ", ".join(words[:SHOWN])
    return f"{named} and {len(words) - SHOWN} more" if len(words) > SHOWN else named
