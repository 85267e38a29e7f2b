"""Doctor: look at everything that an installation needs, and say what is wrong with it."""

import shutil
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaigner.core import checkup
from campaigner.core.channel import Channel
from campaigner.core.checkup import CREDENTIALS, Check, Verdict
from campaigner.core.strategy import Strategy
from campaigner.db import accounts, heartbeat, instance, pauses, schema
from campaigner.db.engine import make_reading_sessions
from campaigner.db.health import durability, server_time
from campaigner.db.instance import Standing
from campaigner.errors import UserError
from campaigner.settings import FILE, PREFIX, Settings


@dataclass(frozen=True, kw_only=True)
class Patient:
    """What the doctor looks at. A function that raises UserError is itself a finding.

    `untranslated` counts, by locale, the strings without a valid translation.
    `channel_for` gives a channel by account and base address; None leaves the
    networks unasked, and DNS. `sender_checks` asks how a mail account stands.
    """

    settings: Settings
    engine: Callable[[], Engine]
    strategy: Callable[[], Strategy]
    untranslated: Callable[[], Mapping[str, int]]
    channel_for: Callable[[str, str], Channel] | None = None
    sender_checks: Callable[[str], Iterable[Check]] = lambda account: ()


def examine(patient: Patient, *, clock: Callable[[], datetime]) -> list[Check]:
    """Return every check, in the order in which they depend on one another.

    Nothing is changed. Where the database cannot be read, or is not up to
    date, what only its tables can tell is left out. Networks are asked last.
    """
    return [
        checkup.ok("settings", f"{patient.settings.workspace / FILE} is valid"),
        *_database(patient, clock),
        _zones(),
        *_guarded("strategy", lambda: [_strategy(patient, clock())]),
        *_guarded("translations", lambda: [checkup.judge_translations(patient.untranslated())]),
    ]


def any_failed(checks: Iterable[Check]) -> bool:
    return any(check.verdict is Verdict.FAIL for check in checks)


def unreadable_settings(error: UserError) -> list[Check]:
    """Return the only finding that there can be when the settings cannot be read."""
    return [checkup.fail("settings", str(error), "Correct the file; nothing else was looked at.")]


def _guarded(name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Yield the checks of one look, and a failed one if it ends in an error."""
    try:
        yield from look()
    except UserError as error:
        yield checkup.fail(name, str(error), "Put that right, then run `campaigner doctor` again.")
    except SQLAlchemyError as error:
        # Its text may quote an address with a password: only its kind is shown.
        yield checkup.fail(
            name,
            f"the database does not answer ({type(error).__name__})",
            "Check that its server runs, and `database` in the settings.",
        )


def _database(patient: Patient, clock: Callable[[], datetime]) -> Iterator[Check]:
    """Yield what the database is, and, if it is up to date, what stands in it."""

    def look() -> Iterator[Check]:
        engine = patient.engine()
        _require_file(engine)
        missing = schema.pending(engine)
        shown = engine.url.render_as_string(hide_password=True)
        yield checkup.ok("database", f"{shown} answers")
        yield checkup.judge_migrations(missing)
        if (way := durability(engine)) is not None:
            yield checkup.judge_writing(journal_mode=way.journal_mode, synchronous=way.synchronous)
            yield checkup.judge_disk(shutil.disk_usage(_file(engine).parent).free)
        if (there := server_time(engine)) is not None:
            yield checkup.judge_clock(there - clock())
        if not missing:
            with make_reading_sessions(engine)() as session:
                yield from _tables(patient, session, now=clock())

    yield from _guarded("database", look)
    if patient.channel_for is not None:
        yield from _guarded("networks", lambda: _networks(patient))


def _require_file(engine: Engine) -> None:
    """Raise UserError for a SQLite file that is not there: looking would make an empty one."""
    file = _file(engine)
    if engine.dialect.name == "sqlite" and not file.exists():
        raise UserError(f"there is no database at {file} yet. Make it with `campaigner db upgrade`")


def _file(engine: Engine) -> Path:
    return Path(engine.url.database or "").resolve()


def _tables(patient: Patient, session: Session, *, now: datetime) -> Iterator[Check]:
    yield _instance(patient, session)
    beat = heartbeat.latest(session)
    yield checkup.judge_heartbeat(
        beat.seen_at if beat else None,
        stopped_at=beat.stopped_at if beat else None,
        worker=beat.worker if beat else "",
        now=now,
    )
    yield checkup.judge_pauses(
        [f"{pause.scope} {pause.target}".strip() for pause in pauses.open_pauses(session)]
    )
    states = accounts.states(session)
    for name, account in patient.settings.accounts.items():
        state = states.get(name)
        secrets = dict.fromkeys(
            secret for group in CREDENTIALS.get(account.channel, ()) for secret in group
        )
        yield checkup.judge_account(
            name,
            channel=account.channel,
            live=state is not None and state.live,
            disconnected_at=state.disconnected_at if state else None,
            has=[secret for secret in secrets if patient.settings.secret(name, secret)],
            variables={secret: variable_of(name, secret) for secret in secrets},
        )


def _instance(patient: Patient, session: Session) -> Check:
    seen = instance.look(session, patient.settings.state_dir)
    # A database without an id was given one to look at: it is not kept.
    session.rollback()
    fix = (
        "Look at what would go out with `campaigner outbox list`. If this is the one installation "
        "that should speak, start it and run `campaigner resume --all`."
    )
    match seen.standing:
        case Standing.OWN:
            return checkup.ok("instance", f"{seen.instance}, as this user remembers it")
        case Standing.NEW:
            return checkup.ok("instance", "no daemon has run on this database yet")
        case Standing.COPIED:
            return checkup.fail("instance", "this database ran elsewhere: it is a copy", fix)
        case Standing.RESTORED:
            return checkup.fail("instance", "this database is older than what ran here last", fix)


def variable_of(account: str, secret: str) -> str:
    """Return the environment variable that holds a secret of an account (Settings.secret)."""
    return f"{PREFIX}{account}_{secret}".upper().replace("-", "_")


def _zones() -> Check:
    return checkup.judge_zones(package=metadata.version("tzdata"), packaged=not zoneinfo.TZPATH)


def _strategy(patient: Patient, now: datetime) -> Check:
    today = now.astimezone(ZoneInfo(patient.settings.zone)).date()
    return checkup.judge_strategy(patient.strategy(), today)


def _networks(patient: Patient) -> Iterator[Check]:
    """Ask each social network who we are, at the address that the account now talks to."""
    with make_reading_sessions(patient.engine())() as session:
        live = accounts.live_accounts(session)
    for name, account in patient.settings.accounts.items():
        if account.channel == "email":  # a relay says nothing without a mail
            yield from _guarded(f"mail of {name}", partial(_sender, patient, name, live))
        elif account.channel != "manual":
            yield from _guarded(f"network of {name}", partial(_network, patient, name, live))


def _sender(patient: Patient, name: str, live: set[str]) -> Iterator[Check]:
    """Ask what providers want of a sender to many; a sandbox counts as having all of it."""
    if name in live:
        yield from patient.sender_checks(name)
    else:
        yield checkup.ok(f"mail of {name}", "talks to the sandbox, which asks for nothing")


def _network(patient: Patient, name: str, live: set[str]) -> Iterator[Check]:
    assert patient.channel_for is not None
    base = patient.settings.base_of(name, live=name in live)
    yield checkup.judge_answer(name, patient.channel_for(name, base).whoami())
