"""`campaigner check`: every problem of the campaign files, each with its line and what to do."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from campaigner.app import App
from campaigner.cli.translate_strings import glossary_of
from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.core.campaign import Campaign
from campaigner.core.spelling import counted
from campaigner.errors import FileError, Problem, UserError
from campaigner.services.preview import check_campaign, untranslated
from campaigner.services.translate import campaign_status


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One file: its campaign where it could be read, and what is wrong with it."""

    path: Path
    campaign: Campaign | None
    problems: Sequence[Problem]


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Campaign files; all of campaigns/ if none."),
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check campaign files, and say every problem at once.

    Example: campaigner check campaigns/dns-security-awareness.yaml
    """
    with opened(workspace) as app:
        paths = files or app.campaign_files
        if not paths:
            raise UserError(
                f"there is no campaign in {app.settings.workspace / 'campaigns'}. "
                "Write one, or name a file"
            )
        checked = check_shared(app) or [check_file(app, path) for path in paths]
        faulty = any(file.problems for file in checked)
        campaigns = [file.campaign for file in checked if file.campaign is not None]
        summaries = (
            []
            if faulty
            else [summary_of(app, campaign) + look_at(app, campaign) for campaign in campaigns]
        )
    if as_json:
        print(json.dumps(_rows(checked), ensure_ascii=False, indent=2))
    else:
        for file in checked:
            for problem in file.problems:
                place = f"{shown_path(file.path)}:{problem.line}"
                typer.echo(f"{place}: {problem.found}. {problem.fix}", err=True)
        for summary in summaries:
            print(summary)
    if faulty:
        raise typer.Exit(1)


def check_shared(app: App) -> list[Checked]:
    """Return what is wrong with the files that all campaigns use; empty if nothing is.

    It would be wrong with each of them, so they are not looked at before.
    """
    try:
        app.words()
        app.vocabulary()
    except FileError as error:
        return [Checked(path=error.path, campaign=None, problems=error.problems)]
    return []


def check_file(app: App, path: Path) -> Checked:
    """Read one file; a file that can be read may still have problems in what it becomes."""
    try:
        campaign = app.load_campaign(path)
    except FileError as error:
        return Checked(path=path, campaign=None, problems=error.problems)
    return Checked(
        path=path, campaign=campaign, problems=check_campaign(campaign, app.dry_desk(path.parent))
    )


def summary_of(app: App, campaign: Campaign) -> str:
    """Return what the campaign comes to: `spring: 8 items, 64 posts in en, es, fr, pt_BR`.

    A string without a translation is no fault, but it keeps its posts waiting.
    """
    locales = ", ".join(campaign.locales)
    if campaign.digest is not None:
        return f"{campaign.id}: a digest by {', '.join(campaign.accounts)} in {locales}"
    if campaign.newsletter is not None:
        return _newsletter_summary(campaign) + _waiting(app, campaign)
    posts = sum(
        item.text_on(app.accounts[account].channel) is not None
        for item in campaign.items
        for account in campaign.accounts
        for locale in campaign.locales
        if locale in app.accounts[account].locales
    )
    items = counted(len(campaign.items), "item")
    summary = f"{campaign.id}: {items}, {counted(posts, 'post')} in {locales}"
    return summary + _waiting(app, campaign)


def _newsletter_summary(campaign: Campaign) -> str:
    """Say whose stories a newsletter tells: `lac-news: a newsletter by mail in en, es: …`."""
    assert campaign.newsletter is not None, "the caller looked"
    sources = campaign.newsletter.sources
    own = sum(item.story is not None for item in campaign.items)
    told = [f"{own} of its own"] if own else []
    if sources is not None:
        told += ["all campaigns"] if sources.campaigns is None else sources.campaigns
    by, locales = ", ".join(campaign.accounts), ", ".join(campaign.locales)
    return f"{campaign.id}: a newsletter by {by} in {locales}, stories: {', '.join(told)}"


def _waiting(app: App, campaign: Campaign) -> str:
    """Say how many strings wait for a translator; empty if none does."""
    waiting = untranslated(campaign, app.dry_desk())
    if not waiting:
        return ""
    strings = counted(len(waiting), "string")
    wait = "waits" if len(waiting) == 1 else "wait"
    return f"; {strings} {wait} for a translator (`campaigner translate status`)"


def look_at(app: App, campaign: Campaign) -> str:
    """Say how many translations look odd; empty if none does."""
    rows = campaign_status(campaign, app.catalogs, glossary_of(app))
    odd = sum(len(row.remarks) for row in rows)
    return f"; translations to look at: {odd} (`campaigner translate status`)" if odd else ""


def _rows(checked: Sequence[Checked]) -> list[dict[str, object]]:
    return [
        {"file": str(shown_path(file.path)), **asdict(problem)}
        for file in checked
        for problem in file.problems
    ]


def shown_path(path: Path) -> Path:
    """Return the path as short as it can be named from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
