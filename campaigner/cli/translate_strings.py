"""The strings of an open workspace, gathered for the commands of `campaigner translate`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from campaigner.app import App
from campaigner.cli.workspace import sessions_if_any
from campaigner.core.campaign import Campaign
from campaigner.core.due_days import due_days
from campaigner.core.glossary import Glossary
from campaigner.core.locales import normalize
from campaigner.core.processes import Process
from campaigner.core.schedule import Start
from campaigner.core.spelling import did_you_mean, listed
from campaigner.db.runs import runs
from campaigner.errors import UserError
from campaigner.loading.glossary import load_glossary
from campaigner.loading.processes import load_processes
from campaigner.rendering.briefs import (
    Brief,
    brief_campaign,
    brief_processes,
    brief_templates,
    merged,
)
from campaigner.rendering.catalogs import PROCESSES, TEMPLATES
from campaigner.settings import sample_root


def briefs_of(
    wired: App, campaigns: Sequence[str] | None, *, templates: bool, processes: Path | None
) -> list[Brief]:
    """Return the strings of the workspace, each once. Raises UserError for an unknown campaign."""
    paths = {path.stem: path for path in wired.campaign_files}
    for name in campaigns or ():
        if name not in paths:
            known = f"Known are {listed(paths)}." if paths else "There is none yet."
            raise UserError(
                f"there is no campaign '{name}'. {did_you_mean(name, paths, otherwise=known)}"
            )
    desk, starts = wired.dry_desk(), starts_of(wired)
    briefs: list[Brief] = []
    for name, path in paths.items():
        if campaigns and name not in campaigns:
            continue
        loaded = wired.load_campaign(path)
        days = due_days(loaded, starts.get(loaded.id), serves=desk.posting(loaded))
        briefs += brief_campaign(loaded, desk, file=f"campaigns/{path.name}", dues=days)
    if templates:
        briefs += brief_templates(wired.template_folders)
    if processes:
        briefs += brief_processes(facts_of(load_processes(processes)))
    return merged(briefs)


def starts_of(wired: App) -> Mapping[str, Start]:
    """Return when each campaign's run begins; nothing where there is no database yet."""
    if (sessions := sessions_if_any(wired)) is None:
        return {}
    with sessions() as session:
        found = runs(session)
    return {name: Start(at=run.start_at, immediate=run.immediate) for name, run in found.items()}


def glossary_of(wired: App) -> Glossary:
    return load_glossary(wired.settings.workspace / "campaigns" / "data" / "glossary.yaml")


def folders(wired: App) -> list[Path]:
    return [wired.settings.workspace / "locales", sample_root() / "locales"]


def served(wired: App) -> list[str]:
    return sorted({name for account in wired.accounts.values() for name in account.locales})


def facts_of(known: Sequence[Process]) -> list[tuple[str, str]]:
    return [
        (f"process/{process.id}", milestone.what)
        for process in known
        for milestone in process.milestones
        if milestone.is_publishable
    ]


def by_domain(briefs: Sequence[Brief]) -> dict[str, list[Brief]]:
    domains = dict.fromkeys(brief.domain for brief in briefs)
    return {name: [brief for brief in briefs if brief.domain == name] for name in domains}


def locales_for(domain: str, strings: Sequence[Brief], wired: App) -> list[str]:
    """Return the languages that a domain is published in."""
    if domain in (TEMPLATES, PROCESSES):
        return served(wired)
    return list(dict.fromkeys(name for brief in strings for name in brief.string.locales))


def offered(name: str, wired: App) -> str:
    try:
        locale = normalize(name)
    except ValueError as error:
        raise UserError(f"{error}. Write it like es or pt_BR") from None
    loaded: list[Campaign] = [wired.load_campaign(path) for path in wired.campaign_files]
    known = sorted({*served(wired), *(name for each in loaded for name in each.locales)})
    if locale not in known:
        otherwise = f"Known are {listed(known)}." if known else ""
        raise UserError(
            f"nothing is published in '{name}'. {did_you_mean(locale, known, otherwise=otherwise)}"
        )
    return locale
