"""Wiring: from settings to everything that works with them. Knows every concrete class."""

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from campaigner import channels
from campaigner.channels.email import Email, server_at
from campaigner.core.bounces import Report
from campaigner.core.campaign import Campaign, Partner
from campaigner.core.channel import Channel, Rate, Relay
from campaigner.core.checkup import Check
from campaigner.core.locales import bcp47
from campaigner.core.queueing import SlotQueue
from campaigner.core.rates import spacing
from campaigner.core.segments import Vocabulary
from campaigner.core.sender import judge_sender
from campaigner.core.signup import Answer
from campaigner.core.strategy import Strategy
from campaigner.core.tokens import Keyring
from campaigner.db import accounts, schema
from campaigner.db.engine import Sessions, make_reading_sessions, make_sessions, open_engine
from campaigner.errors import FileError, UserError
from campaigner.loading.campaigns import load_campaign
from campaigner.loading.library import Library, load_library
from campaigner.loading.partners import load_partners
from campaigner.loading.pictures import read_picture
from campaigner.loading.schedules import read_slots
from campaigner.loading.segments import load_segments
from campaigner.loading.strategy import load_strategy
from campaigner.loading.topics import Titles, load_topics
from campaigner.mail import mailbox
from campaigner.mail.dkim import Signer
from campaigner.mail.lists import signers_of
from campaigner.mail.mailbox import Mailbox, Maildir
from campaigner.mail.smtp import Timeouts
from campaigner.mail.standing import Dns, facts_of
from campaigner.net import Http, NoAnswerError
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.drafts import Desk
from campaigner.rendering.environment import TemplateEnvironment, build_environment
from campaigner.rendering.handovers import render_handover
from campaigner.rendering.signup_mails import RenderedLetter, render_letter
from campaigner.secrets import load_keyring
from campaigner.services.apply_bounces import Applier, Incoming
from campaigner.services.broadcast import Route
from campaigner.services.read_bounces import BounceReader
from campaigner.settings import (
    AccountSettings,
    HookSettings,
    RelaySettings,
    Settings,
    is_loopback,
    known_zones,
    sample_root,
)

SANDBOX_RELAY: Mapping[str, Any] = {"connections": 8, "per_second": 1000.0}
"""What the relay of the sandbox bears: nobody has to wait for a play."""

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
        self._vocabulary: tuple[tuple[Stamp, ...], Vocabulary] | None = None
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

    @cached_property
    def keyring(self) -> Keyring:
        """The workspace's own keys, made at first use."""
        return load_keyring(self.settings.keys_file)

    @property
    def lists(self) -> Mapping[str, AccountSettings]:
        """The mailing lists: the e-mail accounts, in order."""
        return {name: self.accounts[name] for name in self.settings.lists}

    @property
    def title(self) -> str:
        return self.settings.title

    @property
    def home_zone(self) -> str:
        """Where readers are taken to be until they say so."""
        return self.settings.zone

    @property
    def public_base(self) -> str:
        """What links to our own pages begin with."""
        return self.settings.web.base

    @cached_property
    def applier(self) -> Applier:
        """What applies reports of bounces and complaints."""
        return Applier(self.sessions, self.keyring, self.clock)

    @cached_property
    def bounce_reader(self) -> BounceReader:
        """What reads the mailboxes that reports come back to."""
        return BounceReader(
            self.bounce_boxes,
            apply=self.take_report,
            forget=self.applier.forget_copies,
            clock=self.clock,
        )

    @property
    def bounce_boxes(self) -> Mapping[str, Callable[[], AbstractContextManager[Mailbox]]]:
        """How to open the mailbox that reports come back to: each account's, and the sandbox's."""
        boxes: dict[str, Callable[[], AbstractContextManager[Mailbox]]] = {
            name: partial(self._bounce_box, name)
            for name, account in self.lists.items()
            if account.bounces
        }
        played = self.settings.workspace / "state" / "sandbox" / "bounces"
        return boxes | {"sandbox": lambda: nullcontext(Maildir(played, may_be_missing=True))}

    def _bounce_box(self, account: str) -> AbstractContextManager[Mailbox]:
        return mailbox.opened(
            self.accounts[account].bounces,
            password=self.settings.secret(account, "bounces_password"),
            loopback_only=self.settings.loopback_only,
        )

    def take_report(self, account: str, report: Report, raw: bytes) -> str:
        """Apply what a mail says that came to an account's mailbox; return what became of it."""
        return self.applier.apply(
            Incoming(source="mailbox", account=account, report=report, raw=raw)
        )

    @property
    def hookroom(self) -> "App | None":
        """What the calls of relays need of us; None where no relay may call."""
        return self if self.settings.hooks else None

    @property
    def hooks(self) -> Mapping[str, HookSettings]:
        """The relays that may tell us of bounces over HTTPS, by name."""
        return {str(name): hook for name, hook in self.settings.hooks.items()}

    def hook_secret(self, hook: str, name: str) -> str:
        """Return what a relay's calls are verified with; "" if it is not set."""
        return self.settings.secret(f"hooks-{hook}", name)

    def fetch_public(self, url: str) -> bytes:
        """Return what is public at an address. Raises NotReachedError, NoAnswerError."""
        reply = Http(loopback_only=self.settings.loopback_only).get(url)
        if reply.status != 200:
            raise NoAnswerError(f"the answer was {reply.status}")
        return reply.body

    @cached_property
    def mailroom(self) -> "Mailroom":
        """What the mails that answer public forms are written, signed and sent with."""
        return Mailroom(self)

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
            vocabulary=self.vocabulary(),
        )

    def topic_titles(self) -> Mapping[str, Titles]:
        """Return the topics on offer with their titles: {id: {locale: title}}.

        Raises FileError with every problem of their file.
        """
        return load_topics(self._data / "topics.yaml")

    def vocabulary(self) -> Vocabulary:
        """Return what a segment may name, read again when a file of it changed.

        Raises FileError with every problem of the file that has some.
        """
        stamps = tuple(_stamp(path) for path in self._audience_files)
        if self._vocabulary is None or self._vocabulary[0] != stamps:
            topics_file, segments_file = self._audience_files
            topics, lists = load_topics(topics_file), self.settings.lists
            segments = load_segments(segments_file, topics=topics, lists=lists)
            vocabulary = Vocabulary(
                segments=segments, topics=tuple(topics), lists=lists, zones=known_zones()
            )
            self._vocabulary = (stamps, vocabulary)
        return self._vocabulary[1]

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
    def _data(self) -> Path:
        return self.settings.workspace / "campaigns" / "data"

    @property
    def _word_files(self) -> tuple[Path, Path]:
        return self._data / "partners.yaml", self._data / "library.yaml"

    @property
    def _audience_files(self) -> tuple[Path, Path]:
        return self._data / "topics.yaml", self._data / "segments.yaml"

    def readable_campaigns(self) -> list[Campaign]:
        """Return the workspace's campaigns; a file with problems is left out (see `check`).

        A file is read again only when it, or what campaigns share, changed:
        the daemon asks often.
        """
        found = []
        shared = [_stamp(path) for path in (*self._word_files, *self._audience_files)]
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
            public_url=self.settings.web.public_url,
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

    def routes(self, account: str, base: str) -> Sequence[Route]:
        """Return the relays that an account's broadcasts for a base address go through.

        Those of its settings where the base is its live one; else the one at
        that address, which is the sandbox. Raises as `channel`.
        """
        settings = self.accounts[account]
        if base != settings.live_base:
            relays: Sequence[RelaySettings] = [RelaySettings(address=base, **SANDBOX_RELAY)]
        else:
            relays = settings.relays or [RelaySettings(address=base)]
        secret = self._secrets(account, base)
        return [self._route(account, relay, secret) for relay in relays]

    def _route(self, account: str, relay: RelaySettings, secret: Callable[[str], str]) -> Route:
        """Return the way in: with the relay's own secrets (``USER_HOST``), else the account's."""
        self._guard(account, relay.address)
        host = re.sub(r"[^a-z0-9]", "_", (urlsplit(relay.address).hostname or "").lower())
        server = server_at(
            relay.address,
            credentials={name: secret(f"{name}_{host}") or secret(name) for name in Email.SECRETS},
            timeouts=Timeouts(),
            context=self._tls,
        )
        return Route(name=f"{account}/{server.host}:{server.port}", settings=relay, server=server)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """How relays are verified: by the certificates that this machine trusts."""
        return ssl.create_default_context()

    def signers(self, account: str, base: str) -> Sequence[Signer]:
        """Return the account's DKIM keys; none for a sandbox, which sees nothing that is real.

        Raises UserError for a key that is missing, or is none.
        """
        settings = self.accounts[account]
        if is_loopback(base) and base != settings.live_base:
            return ()
        secret = self._secrets(account, base)
        return signers_of(settings, name=account, secret=secret)

    def sender_checks(self, account: str) -> Sequence[Check]:
        """Ask what a mail account must have before it sends to many; a sandbox has it all."""
        settings = self.accounts[account]
        base = self.settings.live_base(account)
        if settings.channel != "email" or is_loopback(base):
            return ()
        hooks = [name for name, hook in self.settings.hooks.items() if hook.account == account]
        facts = facts_of(
            settings,
            name=account,
            public_url=self.settings.web.public_url,
            hooks=", ".join(hooks),
            secret=lambda name: self.settings.secret(account, name),
            look_up=Dns(),
        )
        return judge_sender(facts)

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


class Mailroom:
    """Writes, signs and sends what answers a public form (services.answer_signups)."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def lists(self) -> Mapping[str, AccountSettings]:
        return self._app.lists

    @property
    def public_url(self) -> str:
        return self._app.public_base

    @property
    def keyring(self) -> Keyring:
        return self._app.keyring

    def write(
        self, answer: Answer, *, list: str, locale: str, link: str, address: str
    ) -> RenderedLetter:
        return render_letter(
            answer,
            link=link,
            address=address,
            sender=self.lists[list],
            locale=locale,
            catalogs=self._app.catalogs,
            environment=self._app.environment,
        )

    def signers(self, list: str) -> Sequence[Signer]:
        """Return the list's DKIM keys; a sandbox gets none of them. Raises UserError."""
        return self._app.signers(list, self._base(list))

    def relay(self, list: str) -> Relay:
        """Return a relay of our own, beside that of a broadcast. Raises UserError."""
        return self._app.relay(list, self._base(list), use="signups")

    def _base(self, list: str) -> str:
        return self._app.desk().base_of(list)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size
