"""Situations in which `campaigner check` has something to say, made from a row of the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaigner.app import App
from campaigner.cli.check import check_file, check_shared, look_at
from campaigner.core.strategy import Strategy
from campaigner.errors import FileError
from campaigner.settings import FILE, load_settings, sample_root
from tests.loading.conftest import CAMPAIGN, PNG

TOML = sample_root() / FILE
REPLY_TO = 'reply_to = "lac-communications@example.org"\n'
SLOTS = '[accounts.x-en]\nslots = ["monday at nine"]'


@dataclass(frozen=True, kw_only=True)
class Row:
    """A situation, the whole line that is printed in it, and what whoever reads it does next.

    How it comes about: `file` is the campaign; or of an ordinary one `edit` replaces a piece, and
    `add` is put at its end. `partners`, `library`, `template`, `glossary`, `topics` and `catalog`
    (Spanish) are files of the workspace; `special` names what no YAML can say.
    """

    situation: str
    text: str
    next: str
    file: str | None = None
    edit: tuple[str, str] | None = None
    add: str = ""
    partners: str = ""
    library: str = ""
    template: str = ""
    glossary: str = ""
    topics: str = ""
    catalog: str = ""
    special: str = ""

    def campaign(self) -> str:
        text = CAMPAIGN if self.file is None else self.file
        if self.edit is not None:
            assert self.edit[0] in text, f"{self.situation}: nothing to replace"
            text = text.replace(*self.edit, 1)
        return text + self.add


def told(row: Row, folder: Path, strategy: Strategy) -> list[str]:
    """Return what `campaigner check` prints in the row's situation, a line each."""
    path = prepare(row, folder)
    app = App(load_settings(folder))
    app.__dict__["strategy"] = strategy  # the packaged one; reading it anew takes its time
    try:
        checked = check_shared(app) or [check_file(app, path)]
        for file in checked:
            if file.campaign is not None and not file.problems:
                look_at(app, file.campaign)
        found = [(file.path, problem) for file in checked for problem in file.problems]
    except FileError as error:  # of a catalog or the glossary
        found = [(error.path, problem) for problem in error.problems]
    app.close()
    return [
        f"{path.relative_to(folder)}:{problem.line}: {problem.found}. {problem.fix}"
        for path, problem in found
    ]


def prepare(row: Row, folder: Path) -> Path:
    """Make a workspace in `folder` in which the row's situation is; return the campaign's file."""
    (folder / "campaigns" / "data").mkdir(parents=True)
    (folder / "campaigns" / "media").mkdir()
    media = folder / "campaigns" / "media"
    (media / "hook.png").write_bytes(PNG)
    (media / "text.png").write_text("not a picture", encoding="utf-8")
    if "large.png" in row.campaign():
        (media / "large.png").write_bytes(PNG + bytes(10_500_000))
    toml = TOML.read_text(encoding="utf-8")
    match row.special:
        case "bad-slots":
            toml = toml.replace("[accounts.x-en]", SLOTS)
        case "no-reply-to":
            toml = toml.replace(REPLY_TO, "")
        case "no-reply":
            toml = toml.replace(REPLY_TO, 'reply_to = "no-reply@example.org"\n')
        case "other-campaign":
            (folder / "campaigns" / "other-campaign.yaml").write_text("", encoding="utf-8")
    (folder / FILE).write_text(toml, encoding="utf-8")
    given: Mapping[str, str] = {
        "campaigns/data/partners.yaml": row.partners,
        "campaigns/data/library.yaml": row.library,
        "templates/social/post.txt": row.template,
        "campaigns/data/glossary.yaml": row.glossary,
        "campaigns/data/topics.yaml": row.topics,
        "locales/es/LC_MESSAGES/campaigns.po": row.catalog,
    }
    for name, text in given.items():
        if text:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    path = folder / "campaigns" / "awareness.yaml"
    if row.special == "unreadable":
        return path.with_name(f"{'a' * 300}.yaml")  # no file system takes such a name
    _write(row, path)
    return path


def _write(row: Row, path: Path) -> None:
    text = row.campaign()
    match row.special:
        case "missing":
            return
        case "folder":
            path.mkdir()
            return
        case "utf-16":
            path.write_bytes(text.encode("utf-16"))
            return
        case "latin-1":
            path.write_bytes(text.replace("deceives", "engaña").encode("latin-1"))
            return
        case "large":
            text += "#" * 1_000_000
        case "long-line":
            text += "#" * 20_001
        case "deep":
            text += "x: " + "[" * 60 + "]" * 60
        case "many":
            text += "x:\n" + "  - 1\n" * 50_001
        case "many-countries":
            codes = (
                "AR, BO, BR, CL, CO, CR, CU, DO, EC, SV, GT, HN, JM, MX, NI, PA, PE, PY, UY, VE, PR"
            )
            holidays = f"  holidays: {{countries: [{codes}]}}"
            text = text.replace("items:", f"{holidays}\nitems:")
        case "long-segment":
            cities = ",".join(map(str, range(100, 497)))
            text = text.replace("LONG", f"attributes.city in ({cities})")
        case "long-post":
            text = text.replace("Phishing deceives people.", "Phishing deceives. " * 20)
    path.write_text(text, encoding="utf-8")


def read_rows(table: list[dict[str, Any]]) -> list[Row]:
    return [Row(**(row | ({"edit": tuple(row["edit"])} if "edit" in row else {}))) for row in table]
