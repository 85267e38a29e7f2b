"""A plan, accounts and a folder of campaigns to try files in."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from campaigner.core.campaign import Campaign
from campaigner.core.strategy import Strategy
from campaigner.errors import FileError
from campaigner.loading.campaigns import load_campaign
from campaigner.loading.library import load_library
from campaigner.loading.partners import load_partners
from campaigner.loading.strategy import load_strategy
from campaigner.settings import AccountSettings

SLOTS = ("monday 09:00", "thursday 17:30")
ACCOUNTS: Mapping[str, AccountSettings] = {
    "x-en": AccountSettings(channel="x", locales=("en",), slots=SLOTS),
    "x-es": AccountSettings(channel="x", locales=("es",), slots=SLOTS),
    "mastodon": AccountSettings(
        channel="mastodon", locales=("en", "es", "pt_BR", "fr"), slots=SLOTS
    ),
    "newsletter": AccountSettings(
        channel="email", locales=("en", "es", "pt_BR", "fr"), sender="news@example.org"
    ),
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)

Load = Callable[..., Campaign]
Faults = Callable[..., list[str]]

CAMPAIGN = """\
id: awareness
title: DNS security
owner: lac-communications
projects: [1.1.3]
accounts: [x-en, x-es, mastodon]
source_locale: en
locales: [en, es]
schedule:
  zone: America/Montevideo
  weekly: {on: tuesday, at: "10:00"}
items:
  - id: phishing
    text: Phishing deceives people.
"""


@pytest.fixture(scope="session")
def strategy() -> Strategy:
    return load_strategy()


@pytest.fixture
def campaigns(tmp_path: Path) -> Path:
    """A folder of campaigns with one picture in it."""
    folder = tmp_path / "campaigns"
    (folder / "media").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "media" / "hook.png").write_bytes(PNG)
    (folder / "media" / "bait.png").write_bytes(PNG)
    return folder


@pytest.fixture
def load(campaigns: Path, strategy: Strategy) -> Load:
    """Load a campaign file: CAMPAIGN with some of its lines replaced, and `add` at its end.

    Partners and library are those of `campaigns/data/`, if a test wrote them.
    """

    def loader(text: str = CAMPAIGN, *, add: str = "", **replace: str) -> Campaign:
        for old, new in replace.items():
            line = next(line for line in text.splitlines() if line.startswith(f"{old}:"))
            text = text.replace(line, new)
        path = campaigns / "awareness.yaml"
        path.write_text(text + add, encoding="utf-8")
        partners = load_partners(campaigns / "data" / "partners.yaml")
        return load_campaign(
            path,
            strategy=strategy,
            accounts=ACCOUNTS,
            partners=partners,
            library=load_library(campaigns / "data" / "library.yaml", partners=partners),
        )

    return loader


@pytest.fixture
def faults(load: Load) -> Faults:
    """Load a campaign file in the same way, and return its problems as `line: what. fix`."""

    def tell(text: str = CAMPAIGN, *, add: str = "", **replace: str) -> list[str]:
        try:
            load(text, add=add, **replace)
        except FileError as error:
            return [f"{p.line}: {p.found}. {p.fix}" for p in error.problems]
        return []

    return tell
