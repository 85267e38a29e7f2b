"""`campaigner new`: a first campaign file, from a few questions."""

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from campaigner.app import App
from campaigner.cli.check import check_file, shown_path, summary_of
from campaigner.cli.workspace import WorkspaceOption, opened
from campaigner.core.locales import normalize
from campaigner.core.spelling import did_you_mean
from campaigner.core.strategy import Project
from campaigner.errors import FileError, UserError
from campaigner.loading.hashtags import hashtag_fault
from campaigner.loading.items import ID, ID_RULE
from campaigner.loading.links import link_fault
from campaigner.loading.times import WEEKDAYS
from campaigner.services.new import Answers, accounts_for, find_projects, write_campaign
from campaigner.settings import known_zones

T = TypeVar("T")
MOST_SHOWN = 6


def new(
    id: Annotated[
        str | None, typer.Argument(help="Its id: small letters, digits, hyphens.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    project: Annotated[str | None, typer.Option(help="A project's id, or words of it.")] = None,
    languages: Annotated[str | None, typer.Option(help="Like en,es; written in the first.")] = None,
    accounts: Annotated[str | None, typer.Option(help="Names from campaigner.toml.")] = None,
    zone: Annotated[str | None, typer.Option(help="Like America/Montevideo.")] = None,
    when: Annotated[str | None, typer.Option(help="Like 'monday thursday 10:00'.")] = None,
    text: Annotated[str | None, typer.Option(help="The first item's text, or the subject.")] = None,
    link: Annotated[str | None, typer.Option(help="Its link, or nothing.")] = None,
    hashtags: Annotated[str | None, typer.Option(help="Without #, or nothing.")] = None,
    newsletter: Annotated[
        bool, typer.Option("--newsletter", help="Make a newsletter of the campaigns' stories.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Take the defaults instead of asking.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a campaign's first file from a few questions. It writes no file that exists.

    Example: campaigner new passwords --project "DNS security" --languages en,es
    """
    with opened(workspace) as app:
        folder = app.settings.workspace / "campaigns"
        ask = _Asker(app, yes=yes, mail=newsletter)
        name = ask("Id of the campaign", id, None, lambda text: _id(text, folder))
        default = name.replace("-", " ").capitalize()
        called = ask("Title", title, default, _words)
        whose = ask("Who answers for it", owner, app.settings.user, _words)
        serves = ask("Project that it serves (its id, or words of it)", project, None, ask.project)
        locales = ask("Languages, the one you write in first", languages, ask.served(), ask.locales)
        fitting = accounts_for(app.accounts, locales, mail=newsletter)
        places = ask("Accounts", accounts, " ".join(fitting), lambda text: _those(text, fitting))
        where = ask("Time zone", zone, app.settings.zone, _zone)
        days, times = ask("When (weekdays, then times)", when, "tuesday 10:00", _when)
        says = ask("Subject of its mails" if newsletter else "Text of the first item", text,
                   called if newsletter else None, _words)  # fmt: skip
        leads = "" if newsletter else ask("Link (https://…, or nothing)", link, "", _link)
        tags: Sequence[str] = ()
        if not newsletter:
            tags = ask("Hashtags, without # (or nothing)", hashtags, "", _tags)
        answers = Answers(
            id=name, title=called, owner=whose, project=serves, locales=locales, accounts=places,
            zone=where, weekdays=days, times=times, text=says, link=leads, hashtags=tags,
            newsletter=newsletter,
        )  # fmt: skip
        path = write_campaign(folder, answers)
        checked = check_file(app, path)
        if checked.problems:
            raise FileError(path, checked.problems)
        print(f"\n{shown_path(path)} is written.")
        if checked.campaign is not None:
            print(summary_of(app, checked.campaign))
    shown = path.relative_to(folder.parent)
    print(
        f"Next: add {'to whom (`topics`)' if newsletter else 'items'} to it, then\n\n"
        f"  campaigner check {shown}\n"
        f"  campaigner preview {shown}\n"
        f"  campaigner rehearse {shown}\n"
        f"  campaigner queue {shown}"
    )


class _Asker:
    """Asks until an answer is right. What was given as an option has to be right at once."""

    def __init__(self, app: App, *, yes: bool, mail: bool) -> None:
        self.app = app
        self.yes = yes
        self.mail = mail

    def __call__(
        self, question: str, given: str | None, default: str | None, read: Callable[[str], T]
    ) -> T:
        if given is not None:
            return read(given)
        if self.yes:
            if default is None:
                raise UserError(f"{question}: nobody can guess that. Give it as an option")
            return read(default)
        while True:
            answer = typer.prompt(question, default=default, show_default=bool(default))
            try:
                return read(str(answer))
            except UserError as error:
                typer.echo(f"  {error}", err=True)

    def project(self, text: str) -> Project:
        found = find_projects(self.app.strategy, text)
        if len(found) == 1:
            return found[0]
        if not found:
            raise UserError(f"no project is like '{text}'. `campaigner strategy` shows all")
        shown = "\n".join(f"    {one.id}  {one.title}" for one in found[:MOST_SHOWN])
        more = f"\n    and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
        raise UserError(f"several are like '{text}'. Give the id of one:\n{shown}{more}")

    def served(self) -> str:
        """Return every language that an account posts, or sends mail, in: for a default."""
        fit = [one for one in self.app.accounts.values() if (one.channel == "email") is self.mail]
        return " ".join(dict.fromkeys(locale for one in fit for locale in one.locales))

    def locales(self, text: str) -> tuple[str, ...]:
        served = self.served().split()
        out: dict[str, None] = {}
        for word in _parts(text):
            try:
                locale = normalize(word)
            except ValueError:
                raise UserError(f"'{word}' is not a language. Write them like en, pt_BR") from None
            if locale not in served:
                otherwise = f"Served are {', '.join(served)}."
                hint = did_you_mean(locale, served, otherwise=otherwise)
                verb = "sends mail" if self.mail else "posts"
                raise UserError(f"no account {verb} in {locale}. {hint}")
            out[locale] = None
        if not out:
            raise UserError("at least one language is needed")
        return tuple(out)


def _id(text: str, folder: Path) -> str:
    text = text.strip()
    if not ID.fullmatch(text):
        raise UserError(f"'{text}' cannot be an id. {ID_RULE}")
    if (folder / f"{text}.yaml").exists():
        raise UserError(f"there is a campaign '{text}' already. Choose another id")
    return text


def _words(text: str) -> str:
    text = text.strip()
    if not text:
        raise UserError("something has to be written here")
    if not all(character.isprintable() for character in text):
        raise UserError("it holds a sign that cannot be printed. Type it again without")
    return text


def _those(text: str, fitting: Collection[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_parts(text)))
    for name in names:
        if name not in fitting:
            hint = did_you_mean(name, fitting, otherwise=f"Those are {', '.join(fitting)}.")
            raise UserError(f"account '{name}' does not post in these languages. {hint}")
    if not names:
        raise UserError("at least one account is needed")
    return names


def _zone(text: str) -> str:
    text = text.strip()
    if text not in known_zones():
        hint = did_you_mean(text, known_zones(), otherwise="Write one like America/Montevideo.")
        raise UserError(f"there is no time zone '{text}'. {hint}")
    return text


def _when(text: str) -> tuple[Sequence[str], Sequence[str]]:
    days, times = [], []
    for word in _parts(text.casefold()):
        if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", word):
            times.append(word)
        elif word in WEEKDAYS:
            days.append(word)
        else:
            hint = did_you_mean(word, WEEKDAYS, otherwise="Write it like monday thursday 10:00.")
            raise UserError(f"'{word}' is neither a weekday nor a time. {hint}")
    if not days or not times:
        raise UserError("a weekday and a time are needed, like monday thursday 10:00")
    return sorted(set(days), key=WEEKDAYS.index), sorted(set(times))


def _link(text: str) -> str:
    text = text.strip()
    if not text.isprintable():
        raise UserError("the link holds a sign that cannot be printed. Type it again without")
    if text and (fault := link_fault(text)) is not None:
        raise UserError(f"{fault[0]}. {fault[1]}")
    return text


def _tags(text: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(_parts(text)))
    for tag in tags:
        if (fault := hashtag_fault(tag)) is not None:
            raise UserError(f"{fault[0]}. {fault[1]}")
    return tags


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,;]+", text) if part]
