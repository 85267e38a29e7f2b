"""New: a campaign's first file, from the answers to a few questions.

What is written is checked like any other file, and never over one that exists.
"""

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaigner.core.strategy import Project, Strategy
from campaigner.errors import UserError
from campaigner.settings import AccountSettings

SCHEMA = ".schema.json"
FIRST_ITEM = "first"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a first file needs. `weekdays` in English, small letters; `times` as HH:MM.

    Of a newsletter, `text` is the subject of its mails; it has no link and no hashtags.
    """

    id: str
    title: str
    owner: str
    project: Project
    locales: Sequence[str]
    accounts: Sequence[str]
    zone: str
    weekdays: Sequence[str]
    times: Sequence[str]
    text: str
    link: str = ""
    hashtags: Sequence[str] = ()
    newsletter: bool = False


def find_projects(strategy: Strategy, words: str) -> list[Project]:
    """Return the projects that somebody means: the one with that id, else those with the words.

    Every word has to stand in the title or, if no title has them all, in the
    description; accents and capitals do not matter.
    """
    projects = [project for _, _, project in strategy.paths.values()]
    if exact := [project for project in projects if project.id == words.strip()]:
        return exact
    wanted = _flat(words).split()
    if not wanted:
        return []
    by_title = [one for one in projects if _holds(one.title, wanted)]
    return by_title or [one for one in projects if _holds(f"{one.title} {one.description}", wanted)]


def accounts_for(
    accounts: Mapping[str, AccountSettings], locales: Iterable[str], *, mail: bool = False
) -> Mapping[str, AccountSettings]:
    """Return the posting accounts that serve one of the locales, or those that send `mail`."""
    wanted = set(locales)
    return {
        name: account
        for name, account in accounts.items()
        if (account.channel == "email") is mail and not wanted.isdisjoint(account.locales)
    }


def write_campaign(folder: Path, answers: Answers) -> Path:
    """Write `campaigns/ID.yaml`, whole or not at all; return where.

    Raises UserError where there is such a file already.
    """
    path = folder / f"{answers.id}.yaml"
    text = text_of(answers, with_schema=(folder / SCHEMA).is_file())
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{answers.id}.new"
    try:
        draft.write_text(text, encoding="utf-8")
        os.link(draft, path)  # unlike a rename, it never takes the place of another file
    except FileExistsError:
        raise UserError(f"{path} exists already. Choose another id, or edit that file") from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def text_of(answers: Answers, *, with_schema: bool) -> str:
    """Return the file: its fields in the order in which people think of them, each explained."""
    times = _list(_quoted(each) for each in answers.times)
    lines = [
        *([f"# yaml-language-server: $schema={SCHEMA}"] if with_schema else []),
        *_beside(
            (f"id: {answers.id}", "the file's name, without .yaml"),
            (f"title: {_quoted(answers.title)}", ""),
            (f"owner: {_quoted(answers.owner)}", "who answers for it"),
            (f"projects: [{answers.project.id}]", answers.project.title),
            (f"accounts: {_list(answers.accounts)}", "names from campaigner.toml"),
            (f"source_locale: {answers.locales[0]}", "the language of this file"),
            (f"locales: {_list(answers.locales)}", "`campaigner translate` helps with the others"),
        ),
        "schedule:",
        *_beside(
            (f"  zone: {answers.zone}", "all times are its wall-clock"),
            (
                f"  weekly: {{on: {_list(answers.weekdays)}, at: {times}}}",
                "one edition a date" if answers.newsletter else "one item a date",
            ),
        ),
        *(_newsletter(answers) if answers.newsletter else _items(answers)),
    ]
    return "\n".join(lines) + "\n"


def _items(answers: Answers) -> list[str]:
    return [
        "items:",
        *_beside(
            (f"  - id: {FIRST_ITEM}", "never changes once it is queued; add others below"),
            (f"    text: {_quoted(answers.text)}", ""),
            *([(f"    link: {_quoted(answers.link)}", "")] if answers.link else []),
            *(
                [(f"    hashtags: {_list(answers.hashtags)}", "without #")]
                if answers.hashtags
                else []
            ),
        ),
    ]


def _newsletter(answers: Answers) -> list[str]:
    return [
        "newsletter:",
        *_beside(
            (f"  subject: {_quoted(answers.text)}", ""),
            ("  stories: {from: all}", "of every campaign; or name some of them: [passwords]"),
            ("  compose_before: 2 days", "so that somebody can read and approve it"),
        ),
    ]


def _holds(text: str, words: Iterable[str]) -> bool:
    flat = _flat(text)
    return all(word in flat for word in words)


def _flat(text: str) -> str:
    """Return the text without capitals and accents, to find words in it."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _beside(*lines: tuple[str, str]) -> list[str]:
    """Put the explanations beside the short ones of these lines, in one column."""
    column = max((len(line) for line, why in lines if why and len(line) <= 60), default=0)
    out = []
    for line, why in lines:
        if not why:
            out.append(line)
        elif len(line) <= column:
            out.append(f"{line:<{column}}  # {why}")
        else:
            out += [f"{' ' * (len(line) - len(line.lstrip()))}# {why}", line]
    return out


def _list(parts: Iterable[str]) -> str:
    return f"[{', '.join(parts)}]"


def _quoted(text: str) -> str:
    """Return a text between double quotes: whatever it holds, YAML takes it for a text."""
    return json.dumps(text, ensure_ascii=False)
