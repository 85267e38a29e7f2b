"""The wiring: what campaigns share reaches them, and is read again when it changes."""

import os
import shutil
from pathlib import Path

import pytest

from campaigner.app import App
from campaigner.errors import FileError
from campaigner.settings import load_settings

ROOT = Path(__file__).parents[1]


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A copy of the sample workspace with a rule for links."""
    shutil.copytree(ROOT / "campaigns", tmp_path / "campaigns")
    settings = (ROOT / "campaigner.toml").read_text(encoding="utf-8")
    rules = '\n[utm]\nmedium = "post"\nterm = "{item}"\n'
    (tmp_path / "campaigner.toml").write_text(settings + rules, encoding="utf-8")
    return App(load_settings(tmp_path))


def shared(app: App, name: str) -> Path:
    return app.settings.workspace / "campaigns" / "data" / name


def rewrite(path: Path, text: str) -> None:
    """Write a file so that it is seen to be another, however coarse the clock of the disk is."""
    path.write_text(text, encoding="utf-8")
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))


def test_a_campaign_gets_what_the_workspace_says_once(app: App) -> None:
    campaign = app.load_campaign(app.campaign_files[0])
    assert campaign.partners["isoc"].name.source == "Internet Society"
    assert campaign.utm == {"medium": "post", "term": "{item}"}


def test_a_change_of_what_campaigns_share_is_seen_in_all_of_them(app: App) -> None:
    first = app.readable_campaigns()
    assert all(a is b for a, b in zip(first, app.readable_campaigns(), strict=True))

    rewrite(shared(app, "partners.yaml"), "isoc: {name: ISOC}\n")

    named = [campaign.partners["isoc"].name.source for campaign in app.readable_campaigns()]
    assert named == ["ISOC"] * len(app.campaign_files)


def test_without_the_shared_files_campaigns_are_as_good(app: App) -> None:
    shared(app, "partners.yaml").unlink()
    shared(app, "library.yaml").unlink()
    partners = [campaign.partners for campaign in app.readable_campaigns()]
    assert partners == [{}] * len(app.campaign_files)


def test_a_shared_file_at_fault_is_the_one_that_is_named(app: App) -> None:
    rewrite(shared(app, "library.yaml"), "texts: {a: b}\n")
    with pytest.raises(FileError, match=r"library\.yaml:1: the library does not say in which"):
        app.load_campaign(app.campaign_files[0])
    assert app.readable_campaigns() == []
