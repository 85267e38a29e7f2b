"""Accounts by hand: list them, let one go live, reconnect one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from campaigner.core.channel import Channel, Disconnected, Sent, Unknown
from campaigner.core.checkup import Check, Verdict
from campaigner.db import accounts, changes, relays, upkeep
from campaigner.db.engine import Sessions
from campaigner.errors import UserError
from campaigner.settings import AccountSettings, Settings


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An account as it is configured and as it stands."""

    name: str
    settings: AccountSettings
    live: bool
    base: str
    disconnected_at: datetime | None
    reason: str


def list_accounts(sessions: Sessions, settings: Settings) -> list[Standing]:
    """Return every configured account, in the order of the settings."""
    with sessions() as session:
        known = accounts.states(session)
    found = []
    for name, account in settings.accounts.items():
        row = known.get(name)
        live = bool(row and row.live)
        found.append(
            Standing(
                name=name,
                settings=account,
                live=live,
                base=settings.base_of(name, live=live),
                disconnected_at=row.disconnected_at if row else None,
                reason=row.reason if row else "",
            )
        )
    return found


def live_base(settings: Settings, name: str) -> str:
    """Return where an account would publish. Raises UserError for an unknown one, or no address."""
    _known(settings, name)
    return settings.base_of(name, live=True)


def go_live(
    sessions: Sessions,
    settings: Settings,
    name: str,
    *,
    live: bool,
    by: str,
    now: datetime,
    checks: Callable[[str], Iterable[Check]] = lambda name: (),
) -> None:
    """Let an account speak to its network, or take it back to the sandbox.

    A message keeps the address that it was queued for, and its approval pins
    that: what is queued already goes where it was approved to go. Raises
    UserError for an account of which one of the `checks` fails, naming all.
    """
    if live:
        live_base(settings, name)
        _require(name, checks(name))
    _known(settings, name)
    with sessions() as session:
        accounts.set_live(session, name, live=live, by=by, now=now)
        changes.announce(session)
        session.commit()


def reconnect(
    sessions: Sessions,
    settings: Settings,
    name: str,
    *,
    channel_at: Callable[[str, str], Channel],
    now: datetime,
) -> tuple[str, int]:
    """Ask the network who we are; return our name there, and how many waiting rows go out again.

    A mail account is taken at the operator's word: the next mail tells.
    Raises UserError where the network still refuses, or does not answer.
    """
    _known(settings, name)
    with sessions() as session:
        live = name in accounts.live_accounts(session)
    who = ""
    if settings.accounts[name].channel != "email":
        match channel_at(name, settings.base_of(name, live=live)).whoami():
            case Sent(remote_id):
                who = remote_id
            case Disconnected(reason):
                raise UserError(
                    f"{name} is still refused: {reason}. Give it new credentials "
                    "(see the README), restart the daemon, then try again"
                )
            case Unknown(reason):
                raise UserError(f"{name}'s network does not answer: {reason}. Try again later")
    with sessions() as session:
        accounts.reconnect(session, name)
        relays.reconnect(session, name)
        freed = upkeep.unhold_account(session, account=name)
        changes.announce(session)
        session.commit()
    return who, freed


def _require(name: str, checks: Iterable[Check]) -> None:
    """Raise UserError if a check failed."""
    failed = [f"{each.found}. {each.fix}" for each in checks if each.verdict is Verdict.FAIL]
    if failed:
        raise UserError(
            f"{name} cannot go live: providers refuse mailings that lack one of these.\n- "
            + "\n- ".join(failed)
        )


def _known(settings: Settings, name: str) -> None:
    if name not in settings.accounts:
        raise UserError(
            f"there is no account '{name}'. The settings have: {', '.join(settings.accounts)}"
        )
