"""Wiring: from settings to everything that works with them. Knows every concrete class."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from campaigner import channels
from campaigner.core.campaign import Campaign, Partner
from campaigner.core.channel import Channel, Rate, Relay
from campaigner.core.locales import bcp47
from campaigner.core.queueing import SlotQueue
from campaigner.core.rates import spacing
from campaigner.core.strategy import Strategy
from campaigner.db import accounts, schema
from campaigner.db.engine import Sessions, make_reading_sessions, make_sessions, open_engine
from campaigner.errors import FileError, UserError
from campaigner.loading.campaigns import load_campaign
from campaigner.loading.library import Library, load_library
from campaigner.loading.partners import load_partners
from campaigner.loading.pictures import read_picture
from campaigner.loading.schedules import read_slots
from campaigner.loading.strategy import load_strategy
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.drafts import Desk
from campaigner.rendering.environment import TemplateEnvironment, build_environment
from campaigner.rendering.handovers import render_handover
from campaigner.settings import AccountSettings, Settings, is_loopback, sample_root

Stamp = tuple[int, int] | None
"""When a file was last written, in nanoseconds, and its bytes; None: there is no file."""
Words = tuple[Mapping[str, Partner], Library]


def utc_now() -> datetime:
    return datetime.now(UTC)


class App:
    """An open workspace. Everything is made when it is first asked for."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self._campaigns: dict[Path, tuple[tuple[Stamp, ...], Campaign | None]] = {}
        self._words: tuple[tuple[Stamp, ...], Words] | None = None
        self._channels: dict[tuple[str, str], Channel] = {}
        self._relays: dict[tuple[str, str, str], Relay] = {}

    @property
    def accounts(self) -> Mapping[str, AccountSettings]:
        return self.settings.accounts

    @cached_property
    def strategy(self) -> Strategy:
        own = self.settings.strategy
        return load_strategy(self.settings.workspace / own if own else None)

    @cached_property
    def catalogs(self) -> Catalogs:
        return Catalogs([self.settings.workspace / "locales", sample_root() / "locales"])

    @cached_property
    def environment(self) -> TemplateEnvironment:
        return build_environment(self.template_folders)

    @property
    def template_folders(self) -> list[Path]:
        return [self.settings.workspace / "templates", sample_root() / "templates"]

    @cached_property
    def engine(self) -> Engine:
        """The database as it is, up to date or not."""
        return open_engine(self.settings.database_url)

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions on a database that is up to date. Raises UserError for one that is not."""
        if missing := schema.pending(self.engine):
            raise UserError(
                f"the database lacks {len(missing)} of its migrations ({missing[0]}). "
                "Run `campaigner db upgrade`"
            )
        return make_sessions(self.engine)

    @cached_property
    def reading_sessions(self) -> Sessions:
        """As `sessions`, for listings and reports: no write lock on SQLite, and no writing."""
        return make_reading_sessions(self.sessions.kw["bind"])

    @property
    def campaign_files(self) -> list[Path]:
        return sorted((self.settings.workspace / "campaigns").glob("*.yaml"))

    def load_campaign(self, path: Path) -> Campaign:
        """Read one campaign file. Raises FileError with every problem of it.

        The file at fault may be one of those that campaigns share: see `words`.
        """
        partners, library = self.words()
        return load_campaign(
            path,
            strategy=self.strategy,
            accounts=self.accounts,
            partners=partners,
            library=library,
            utm=self.settings.utm,
        )

    def words(self) -> Words:
        """Return what campaigns share, read again when a file of it changed: partners, library.

        Raises FileError with every problem of the file that has some.
        """
        stamps = tuple(_stamp(path) for path in self._word_files)
        if self._words is None or self._words[0] != stamps:
            partners_file, library_file = self._word_files
            partners = load_partners(partners_file)
            self._words = (stamps, (partners, load_library(library_file, partners=partners)))
        return self._words[1]

    @property
    def _word_files(self) -> tuple[Path, Path]:
        data = self.settings.workspace / "campaigns" / "data"
        return data / "partners.yaml", data / "library.yaml"

    def readable_campaigns(self) -> list[Campaign]:
        """Return the workspace's campaigns; a file with problems is left out (see `check`).

        A file is read again only when it, or what campaigns share, changed:
        the daemon asks often.
        """
        found = []
        shared = [_stamp(path) for path in self._word_files]
        for path in self.campaign_files:
            stamps = (_stamp(path), *shared)
            if self._campaigns.get(path, (None, None))[0] != stamps:
                try:
                    self._campaigns[path] = (stamps, self.load_campaign(path))
                except FileError:
                    self._campaigns[path] = (stamps, None)
            campaign = self._campaigns[path][1]
            if campaign is not None:
                found.append(campaign)
        return found

    def desk(self, folder: Path | None = None) -> Desk:
        """Return what drafting works with; where each account sends to is as of now.

        `folder` holds the campaign's file, and its pictures; `campaigns/` if not given.
        """
        with self.sessions() as session:
            live = accounts.live_accounts(session)
        return self._desk(folder, live)

    def dry_desk(self, folder: Path | None = None) -> Desk:
        """Return a desk that needs no database: every account in the sandbox."""
        return self._desk(folder, set())

    def _desk(self, folder: Path | None, live: set[str]) -> Desk:
        pictures = folder or self.settings.workspace / "campaigns"
        return Desk(
            accounts=self.accounts,
            base_of=lambda name: self.settings.base_of(name, live=name in live),
            catalogs=self.catalogs,
            environment=self.environment,
            read_picture=lambda file: read_picture(pictures, file),
            slots_of=self.slots_of,
        )

    def channel(self, account: str, base: str) -> Channel:
        """Return the account's channel at a base address, made once.

        Raises UserError where it may not be called, or lacks its credentials.
        """
        key = (account, base)
        if key not in self._channels:
            self._guard(account, base)
            settings = self.accounts[account]
            if settings.channel == "manual":
                self._channels[key] = self._manual(account, settings, base)
            else:
                self._channels[key] = channels.open_channel(
                    settings.channel,
                    base=base,
                    handle=settings.handle,
                    secret=self._secrets(account, base),
                    loopback_only=self.settings.loopback_only,
                )
        return self._channels[key]

    def _manual(self, account: str, settings: AccountSettings, base: str) -> Channel:
        """Return the channel of people: their mail goes through another account's relay."""
        through = self.accounts[settings.through]
        manual: Channel = channels.load("manual")(
            name=account,
            people=settings.people,
            language=bcp47(settings.language),
            sender=through.sender,
            reply_to=through.reply_to,
            relay=self.relay(settings.through, base, use=account),
            write=lambda post: render_handover(
                post,
                place=settings.place,
                people=settings.people,
                language=settings.language,
                catalogs=self.catalogs,
                environment=self.environment,
            ),
        )
        return manual

    def slots_of(self, account: str) -> SlotQueue:
        """Return an account's queue slots, held by nobody. Raises UserError if it has none."""
        settings = self.accounts[account]
        if not settings.slots:
            raise UserError(
                f"account '{account}' has no queue slots. Give it `slots` in [accounts.{account}], "
                'like slots = ["monday 09:00", "thursday 17:30"]'
            )
        return SlotQueue(
            times=read_slots(settings.slots, account=account),
            zone=ZoneInfo(settings.zone or self.settings.zone),
            channel=settings.channel,
        )

    def rates(self, account: str) -> Sequence[Rate]:
        """Return how fast an account may post: its own spacing, and its network's limits."""
        settings = self.accounts[account]
        network: Sequence[Rate] = channels.load(settings.channel).rates
        return [*spacing(settings.spacing), *network]

    def relay(self, account: str, base: str, *, use: str = "") -> Relay:
        """Return the account's mail relay at a base address, made once for each `use`.

        A relay keeps a connection: what sends at the same time needs its own.
        Raises as `channel`.
        """
        key = (account, base, use)
        if key not in self._relays:
            self._guard(account, base)
            self._relays[key] = channels.open_relay(
                base=base,
                secret=self._secrets(account, base),
                loopback_only=self.settings.loopback_only,
            )
        return self._relays[key]

    def close(self) -> None:
        """Close what was opened."""
        for relay in self._relays.values():
            relay.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    def _guard(self, account: str, base: str) -> None:
        if account not in self.accounts:
            raise UserError(
                f"account '{account}' is not in the settings any more. "
                "Put it back, or cancel its posts"
            )
        if self.settings.loopback_only and not is_loopback(base):
            raise UserError(f"'{base}' is not on this machine, and only such addresses are allowed")

    def _secrets(self, account: str, base: str) -> Callable[[str], str]:
        """Return how to look up the account's secrets: a sandbox never sees a real one.

        Whatever is on this machine and is not the account's own live address is a
        sandbox, also one on ports that the settings have changed since.
        """
        if is_loopback(base) and base != self.accounts[account].live_base:
            return lambda name: f"sandbox-{account}" if name == "token" else ""
        return lambda name: self.settings.secret(account, name)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size
