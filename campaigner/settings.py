"""What an installation is set to: the only reader of environment and TOML.

`campaigner.toml` in the workspace, then `CAMPAIGNER_*` in the environment
(``CAMPAIGNER_SANDBOX__PAGE=9000`` for a nested one), which wins. Secrets are
never in the file: they come as ``CAMPAIGNER_X_ES_TOKEN``, or as
``CAMPAIGNER_X_ES_TOKEN_FILE`` naming a file that holds one.
"""

import getpass
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from campaigner.core.counting import LIMITS
from campaigner.core.countries import country_code
from campaigner.core.links import rule_fault
from campaigner.core.locales import normalize
from campaigner.errors import UserError

FILE = "campaigner.toml"
PREFIX = "CAMPAIGNER_"
LIVE = {"x": "https://api.x.com"}
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class RelaySettings(_Frozen):
    """A submission server of an e-mail account, how much of the mail it gets, and its quirks."""

    address: str
    """`smtp://relay.example.org:587` (STARTTLS) or `smtps://relay.example.org:465`."""
    weight: int = Field(default=1, ge=1)
    connections: int = Field(default=4, ge=1, le=256)
    per_second: float = Field(default=5.0, gt=0)
    per_message: int = Field(default=100, ge=1)
    """How many mails a connection carries before a new one is made."""
    verp: bool = True
    """Whether it keeps a return path of each mail's own (Amazon SES puts in its own)."""
    signer: bool = False
    """Whether it signs itself and replaces headers, so that we need not sign."""
    domain_rates: Mapping[str, float] = {}
    """Mails a second to a recipients' domain, where it wants less than to the rest."""

    @field_validator("address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("address must be like smtp://relay.example.org:587")
        return value


class DkimSettings(_Frozen):
    """A DKIM key: its selector, and whose it is. The key itself is the secret DKIM_SELECTOR."""

    selector: str
    domain: str = ""
    """Empty: the sender's domain."""


class HookSettings(_Frozen):
    """A provider that tells of bounces over HTTPS. What proves who calls is a secret."""

    account: str
    """The e-mail account whose mail it carries."""
    topic_arn: str = ""
    """Of Amazon SNS: the only topic that may call."""


class AccountSettings(_Frozen):
    """One configured identity on a channel."""

    channel: Literal["x", "mastodon", "email", "manual"]
    title: str = ""
    handle: str = ""
    locales: tuple[str, ...]
    live: str = ""
    max_length: int = 0
    spacing: timedelta = timedelta(seconds=30)
    sender: str = ""
    reply_to: str = ""
    list_id: str = ""
    postal_address: str = ""
    relays: tuple[RelaySettings, ...] = ()
    """Of a mail account: its relays once it is live; none: `live` alone."""
    return_path: str = ""
    """Of a mail account: the domain that bounces come back to; empty: the sender's."""
    unsubscribe_to: str = ""
    """Of a mail account: who gets ``unsubscribe TOKEN`` by mail; empty: `reply_to`."""
    dkim: tuple[DkimSettings, ...] = ()
    warm_up: date | None = None
    """Of a mail account: the day on which a new sender's domain began to send."""
    bounces: str = ""
    """Of a mail account: where reports arrive, `imaps://user@host/INBOX` or `maildir:/path`."""
    country: str = ""
    """ISO 3166 code of the country that it speaks to, so that a pause of it holds its posts."""
    slots: tuple[str, ...] = ()
    """Times at which campaigns with ``slots`` post, like ``monday 09:00``, in `zone`."""
    zone: str = ""
    """The zone of `slots`; empty: the workspace's."""
    people: tuple[str, ...] = ()
    """Of a manual account: whose mail addresses get the text when it is due."""
    through: str = ""
    """Of a manual account: the mail account by which they are told."""
    place: str = ""
    """Of a manual account: where the person publishes it, like ``LinkedIn group``."""
    language: str = "en"
    """Of a manual account: the language in which those people are addressed."""

    @field_validator("locales")
    @classmethod
    def _normalize(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(normalize(name) for name in value)

    @field_validator("country")
    @classmethod
    def _check_country(cls, value: str) -> str:
        try:
            return country_code(value) if value else ""
        except UserError as error:
            raise ValueError(str(error)) from None

    @field_validator("zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        if value and value not in known_zones():
            raise ValueError(f"'{value}' is no time zone. Write one like America/Montevideo")
        return value

    @field_validator("language")
    @classmethod
    def _normalize_one(cls, value: str) -> str:
        return normalize(value)

    @model_validator(mode="after")
    def _check_mail(self) -> Self:
        if self.channel != "email":
            return self
        for name, text in (("sender", self.sender), ("reply_to", self.reply_to)):
            address = parseaddr(text)[1]
            if (text or name == "sender") and not _ADDRESS.fullmatch(address):
                raise ValueError(f'{name} must be an address, like "Us <us@example.org>"')
        return self

    @model_validator(mode="after")
    def _check_people(self) -> Self:
        if self.channel != "manual":
            return self
        if not self.place.strip():
            raise ValueError('place must say where it is published, like "LinkedIn group"')
        if not self.people:
            raise ValueError('people must name who publishes it, like ["ana@example.org"]')
        for address in self.people:
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"people: '{address}' is no address, like ana@example.org")
        return self

    @property
    def live_base(self) -> str:
        """Where the real network answers; empty if the file does not say."""
        return self.live or LIVE.get(self.channel, "")

    @property
    def length_limit(self) -> int:
        """The network's limit on a text's length; 0: none."""
        return self.max_length or LIMITS.get(self.channel, 0)


class SandboxSettings(_Frozen):
    """The ports of the sandbox, all on loopback."""

    page: int = 8710
    x: int = 8711
    mastodon: int = 8712
    smtp: int = 8725

    def base(self, channel: str) -> str:
        """Return the address at which the sandbox plays `channel`."""
        if channel in ("email", "manual"):
            return f"smtp://127.0.0.1:{self.smtp}"
        return f"http://127.0.0.1:{getattr(self, channel)}"


class WebSettings(_Frozen):
    host: str = "127.0.0.1"
    port: int = 8700
    public_url: str = ""
    """The address under which readers reach the public pages, `https://news.example.org`."""

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not (value.startswith("https://") or is_loopback(value)):
            raise ValueError("public_url must begin with https://")
        return value.rstrip("/")

    @property
    def base(self) -> str:
        """Return what links in mails begin with: the public address, else this machine's."""
        return self.public_url or f"http://{self.host}:{self.port}"


class AlertSettings(_Frozen):
    """Whom to tell: mail addresses, through an e-mail account, and a webhook."""

    mail: tuple[str, ...] = ()
    through: str = ""
    webhook: str = ""


class Settings(BaseSettings):
    """Everything that is set, read once."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__"
    )

    workspace: Path
    title: str = "campaigner"
    zone: str = "UTC"
    strategy: str = ""
    database: str = ""
    state_dir: Path = Field(
        default_factory=lambda: (
            Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
            / "campaigner"
        )
    )
    accounts: Mapping[str, AccountSettings] = {}
    sandbox: SandboxSettings = SandboxSettings()
    web: WebSettings = WebSettings()
    utm: Mapping[str, str] = {}
    """The rules of links' parameters (core.links) where a campaign has none of its own."""
    alerts: AlertSettings = AlertSettings()
    hooks: Mapping[Literal["ses", "postmark", "sendgrid", "mailgun"], HookSettings] = {}
    """Which providers may tell of bounces and complaints (`web/hooks`)."""
    sweep: timedelta = timedelta(seconds=15)
    """How often the daemon looks at everything, whatever its clock has armed."""
    loopback_only: bool = False
    """Refuse every destination that is not this machine: for tests and rehearsals."""
    user: str = Field(default_factory=getpass.getuser)
    failpoints: str = ""
    failpoint_marks: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)

    @field_validator("utm")
    @classmethod
    def _check_rules(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name, rule in value.items():
            if fault := rule_fault(name, rule):
                raise ValueError(". ".join(fault).removesuffix("."))
        return value

    @model_validator(mode="after")
    def _check_alerts(self) -> Self:
        if self.alerts.mail and not self._sends_mail(self.alerts.through):
            raise ValueError("alerts.through must name a mail account of [accounts]")
        return self

    @model_validator(mode="after")
    def _check_manual(self) -> Self:
        for name, account in self.accounts.items():
            if account.channel == "manual" and not self._sends_mail(account.through):
                raise ValueError(
                    f"accounts.{name}: through must name the mail account by which its people "
                    "are told"
                )
        return self

    @property
    def lists(self) -> tuple[str, ...]:
        """The mailing lists: the names of the e-mail accounts, in order."""
        return tuple(name for name, account in self.accounts.items() if account.channel == "email")

    @property
    def keys_file(self) -> Path:
        """Where the workspace's own keys are (campaigner.secrets)."""
        named = os.environ.get(f"{PREFIX}KEYS_FILE")
        return Path(named) if named else self.workspace / "state" / "keys"

    @model_validator(mode="after")
    def _check_hooks(self) -> Self:
        for name, hook in self.hooks.items():
            if not self._sends_mail(hook.account):
                raise ValueError(f"hooks.{name}: account must name a mail account of [accounts]")
            if name == "ses" and not hook.topic_arn:
                raise ValueError("hooks.ses: topic_arn must name the only topic that may call")
        return self

    def _sends_mail(self, account: str) -> bool:
        return account in self.accounts and self.accounts[account].channel == "email"

    @property
    def database_url(self) -> str:
        """The database as SQLAlchemy names it; `state/campaigner.db` if nothing is set."""
        if not self.database:
            return f"sqlite:///{self.workspace / 'state' / 'campaigner.db'}"
        if self.database.startswith("postgresql://"):
            return self.database.replace("postgresql://", "postgresql+psycopg://", 1)
        return self.database

    def base_of(self, account: str, *, live: bool) -> str:
        """Return where `account` sends to: its network if live, else the sandbox.

        A manual account sends to the relay of the mail account that it goes through.
        Raises UserError for a live account without an address.
        """
        settings = self.accounts[account]
        if not live:
            return self.sandbox.base(settings.channel)
        if not (base := self.live_base(account)):
            name = settings.through if settings.channel == "manual" else account
            raise UserError(
                f"account '{name}' has no live address. Set `live` in [accounts.{name}]"
            )
        return base

    def live_base(self, account: str) -> str:
        """Return where `account` publishes once it is live; empty if the file does not say."""
        settings = self.accounts[account]
        own = self.accounts[settings.through] if settings.channel == "manual" else settings
        return own.live_base

    def secret(self, account: str, name: str) -> str:
        """Return a secret of `account` from the environment or the file it names; "" if unset.

        Raises UserError for a named file that cannot be read.
        """
        variable = secret_variable(account, name)
        if value := os.environ.get(variable):
            return value
        if not (file := os.environ.get(f"{variable}_FILE")):
            return ""
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UserError(
                f"{variable}_FILE names {file}, which cannot be read: {error}"
            ) from None


def secret_variable(account: str, name: str) -> str:
    """Return the name of the variable that holds a secret of an account."""
    return f"{PREFIX}{account}_{name}".upper().replace("-", "_")


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones of this machine; to list them takes a while."""
    return frozenset(available_timezones())


def is_loopback(address: str) -> bool:
    """Whether a base address is on this machine by its very name; nothing is looked up."""
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or _LOOPBACK.fullmatch(host) is not None


def find_workspace(start: Path) -> Path:
    """Return the nearest folder at or above `start` with a `campaigner.toml`.

    Raises UserError if there is none.
    """
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise UserError(
        f"no {FILE} in {start} or above it. Make a workspace with `campaigner init`, "
        "or name one with --workspace"
    )


def load_settings(workspace: Path | None = None) -> Settings:
    """Read the settings of a workspace: the one named, else the environment's, else the nearest.

    Raises UserError for a missing or invalid file, naming the setting at fault.
    """
    named = workspace or os.environ.get(f"{PREFIX}WORKSPACE")
    root = Path(named).resolve() if named else find_workspace(Path.cwd())
    path = root / FILE
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        values["workspace"] = root
        # Whoever named the folder wins over the environment, which may name another.
        return Settings(**values).model_copy(update={"workspace": root})
    except FileNotFoundError:
        raise UserError(
            f"{root} is no workspace: it has no {FILE}. Run `campaigner init`"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        raise UserError("\n".join(_explained(path, fault) for fault in error.errors())) from None


def _explained(path: Path, fault: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{path}: there is no setting '{name}'. Correct its name, or remove it"
    return f"{path}: '{name}' (or {PREFIX}… in the environment): {fault['msg']}"


def sample_root() -> Path:
    """Return where the sample workspace is: in the wheel, or at the top of a checkout."""
    package = Path(__file__).parent
    packaged = package / "sample"
    return packaged if packaged.is_dir() else package.parent
