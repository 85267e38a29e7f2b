from pathlib import Path

import pytest

from campaigner.errors import UserError
from campaigner.services.scratch import copy_workspace
from campaigner.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    root = tmp_path / "real"
    for file in (
        "campaigns/one.yaml",
        "campaigns/media/one.png",
        "campaigns/data/partners.yaml",
        "templates/social/post.txt",
        "locales/es/LC_MESSAGES/campaigns.po",
        "plans/ours.yaml",
        "state/campaigner.db",
        ".env",
        "notes.txt",
    ):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file, encoding="utf-8")
    (root / "campaigner.toml").write_text('strategy = "plans/ours.yaml"\n', encoding="utf-8")
    return load_settings(root)


def test_what_a_campaign_is_made_of_is_copied_and_nothing_else(
    settings: Settings, tmp_path: Path
) -> None:
    (settings.workspace / "campaigns" / "gone.png").symlink_to(tmp_path / "nowhere")
    copy_workspace(settings, tmp_path / "copy")
    copied = {
        str(path.relative_to(tmp_path / "copy"))
        for path in (tmp_path / "copy").rglob("*")
        if path.is_file()
    }
    assert copied == {
        "campaigner.toml",
        "campaigns/data/partners.yaml",
        "campaigns/media/one.png",
        "campaigns/one.yaml",
        "locales/es/LC_MESSAGES/campaigns.po",
        "plans/ours.yaml",
        "templates/social/post.txt",
    }


def test_a_strategy_elsewhere_stays_there(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "theirs.yaml"
    elsewhere.write_text("theirs", encoding="utf-8")
    for name in (str(elsewhere), "../theirs.yaml"):
        copy = tmp_path / f"copy-{len(name)}"
        copy_workspace(settings.model_copy(update={"strategy": name}), copy)
        assert not list(copy.rglob("theirs.yaml"))
    assert elsewhere.read_text(encoding="utf-8") == "theirs"


@pytest.mark.parametrize(
    ("folder", "said"), [("real", "is not empty"), ("real/campaigns/new", "which is copied")]
)
def test_a_folder_that_will_not_do_is_refused(
    settings: Settings, tmp_path: Path, folder: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        copy_workspace(settings, tmp_path / folder)
