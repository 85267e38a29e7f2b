"""`campaigner kit`: a page that partners publish from."""

from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from campaigner.app import App
from campaigner.cli.pages import DEFAULT_LANGUAGE, LangOption, page_language, write_page
from campaigner.cli.tables import locale_words, stamp
from campaigner.cli.workspace import WorkspaceOption, opened, sessions_if_any
from campaigner.core.schedule import Start
from campaigner.services.kit import Kit, make_kit, start_of_run


def kit(
    file: Annotated[Path, typer.Argument(help="A campaign's file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(
        "kit.html"
    ),
    lang: LangOption = DEFAULT_LANGUAGE,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a page for partners: texts and pictures in all languages, to copy and to download.

    What is not translated yet is left out, and named. Nothing is published.

    Example: campaigner kit campaigns/dns-security-awareness.yaml --output kit.html --lang es
    """
    language = page_language(lang)
    with opened(workspace) as app:
        campaign = app.load_campaign(file)
        made = make_kit(
            campaign,
            app.dry_desk(file.parent),
            sender=app.settings.title,
            start=_start(app, campaign.id),
            language=language,
            now=app.clock(),
        )
        zone = campaign.schedule.zone.key
    size = write_page(output, made.html)
    _print(made, zone)
    languages = ", ".join(locale_words(locale) for locale in made.locales)
    print(f"{output}: {made.items} items in {languages}; {size}.")


def _start(app: App, campaign: str) -> Start | None:
    """Return when the campaign's run began, if that can be told: dates are a help."""
    sessions = sessions_if_any(app)
    return None if sessions is None else start_of_run(sessions, campaign)


def _print(made: Kit, zone: str) -> None:
    for (item, note), group in groupby(made.left_out, key=lambda each: (each.item, each.note)):
        locales = ", ".join(locale_words(each.locale) for each in group if each.locale)
        print(f"left out: item '{item}'{f' in {locales}' if locales else ''}: {note}")
    if made.embargo_until is not None:
        print(f"Under embargo until {stamp(made.embargo_until, zone)}: the page says so.")
    if not made.dated:
        print("It suggests no dates: they are not fixed before the campaign is queued.")
