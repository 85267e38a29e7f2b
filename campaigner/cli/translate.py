"""`campaigner translate`: what there is to translate, what is done; out to translators and back."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from campaigner.cli.translate_output import (
    SPOKEN,
    as_object,
    show,
    show_import,
    shown,
    taken_object,
    tell_dry,
    told,
    updated_object,
)
from campaigner.cli.translate_strings import (
    briefs_of,
    by_domain,
    facts_of,
    folders,
    glossary_of,
    locales_for,
    offered,
    served,
)
from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.core.processes import Process
from campaigner.core.spelling import counted
from campaigner.db.processes import load_all
from campaigner.errors import UserError
from campaigner.loading.files import write_whole
from campaigner.loading.processes import load_processes
from campaigner.loading.spreadsheets import fits, write_workbook
from campaigner.rendering.formats import locale_name
from campaigner.rendering.merging import Edit
from campaigner.services.translate import translation_status
from campaigner.services.translate_export import strings_of, to_catalog, to_rows
from campaigner.services.translate_extract import extract_strings
from campaigner.services.translate_import import import_translations
from campaigner.services.translate_update import Updated, update_catalogs

CampaignOption = Annotated[
    list[str] | None, typer.Option("--campaign", help="Only this campaign; may be repeated.")
]
TemplatesOption = Annotated[
    bool, typer.Option("--templates", help="Also the words of mails and pages.")
]
ProcessesOption = Annotated[
    Path | None,
    typer.Option("--processes", metavar="FILE", help="Also the policy processes of this file."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="The translations.\n\nExample: campaigner translate status",
)


@app.command()
def status(
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if a translation is missing.")
    ] = False,
    processes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Policy processes of this file, not the imported ones."),
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show how far every language is, each string that would hold a post, and what looks odd.

    Example: campaigner translate status --check
    """
    with opened(workspace) as wired:
        if processes:
            known: Sequence[Process] = load_processes(processes)
        else:
            with wired.reading_sessions() as session:
                known = load_all(session)
        rows = translation_status(
            [wired.load_campaign(path) for path in wired.campaign_files],
            wired.catalogs,
            wired.template_folders,
            facts_of(known),
            served(wired),
            glossary=glossary_of(wired),
        )
    if as_json:
        print(json.dumps([as_object(row) for row in rows], ensure_ascii=False, indent=2))
    else:
        show(rows, workspace=wired.settings.workspace)
    if check and not all(row.is_complete for row in rows):
        raise typer.Exit(1)


@app.command()
def extract(
    templates: TemplatesOption = False,
    processes: ProcessesOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write every string there is to translate, with what a translator should know: .pot files.

    Example: campaigner translate extract --templates
    """
    with opened(workspace) as wired:
        glossary = glossary_of(wired)
        briefs = briefs_of(wired, None, templates=templates, processes=processes)
        for domain, strings in by_domain(briefs).items():
            path = wired.settings.workspace / "locales" / f"{domain}.pot"
            title = f"The strings of {domain}, to be translated."
            fresh = extract_strings(path, strings, glossary, title=title, now=wired.clock())
            said = f"{len(strings)} strings" if fresh else "nothing new"
            print(f"{shown(path, wired.settings.workspace)}: {said}")


@app.command()
def update(
    campaign: CampaignOption = None,
    meaning: Annotated[
        Literal["kept", "changed"] | None,
        typer.Option(help="Of every edited text: whether its translations are still good."),
    ] = None,
    kept: Annotated[
        list[str] | None,
        typer.Option(metavar="CONTEXT", help="Of this edited text the meaning was kept."),
    ] = None,
    templates: TemplatesOption = False,
    processes: ProcessesOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring the catalogs up to date with the texts: new strings come in, gone ones go aside.

    Where a text was edited you are asked whether its meaning changed. If nobody can be asked,
    it counts as changed: its translations wait to be checked again.

    Example: campaigner translate update --kept "dns-security-awareness/phishing text.x"
    """
    with opened(workspace) as wired:
        glossary = glossary_of(wired)
        briefs = by_domain(briefs_of(wired, campaign, templates=templates, processes=processes))
        asked = _Asked(meaning, kept or (), interactive=not dry_run and not as_json)
        done: list[Updated] = []
        for domain, strings in briefs.items():
            done += update_catalogs(
                folders(wired),
                domain,
                strings,
                glossary,
                locales=locales_for(domain, strings, wired),
                campaigns=campaign,
                kept=asked,
                settled=kept or (),
                now=wired.clock(),
                dry_run=dry_run,
            )
    if as_json:
        print(json.dumps([updated_object(row) for row in done], ensure_ascii=False, indent=2))
        return
    for row in done:
        print(f"{shown(row.path, wired.settings.workspace)}: {told(row)}")
        for context in row.changes.to_check:
            print(f"  to be checked again: {context}")
    if asked.taken_for_changed:
        print(
            f"Edited texts whose meaning counts as changed: {asked.taken_for_changed}. "
            "If one still means the same, say so: campaigner translate update --kept CONTEXT"
        )
    tell_dry(dry_run)


@app.command()
def export(
    locale: Annotated[str, typer.Option(help="The language, like es or pt_BR.")],
    xlsx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a spreadsheet.")] = None,
    po: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a .po file.")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only what is not done.")] = False,
    campaign: CampaignOption = None,
    templates: TemplatesOption = False,
    processes: ProcessesOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a language's strings into a file for its translator, as .xlsx or .po.

    Example: campaigner translate export --locale es --missing --xlsx es.xlsx
    """
    if (xlsx is None) == (po is None):
        raise UserError("say one file to write: --xlsx es.xlsx for a spreadsheet, or --po es.po")
    with opened(workspace) as wired:
        name = offered(locale, wired)
        glossary = glossary_of(wired)
        briefs = briefs_of(wired, campaign, templates=templates, processes=processes)
        strings = strings_of(briefs, wired.catalogs, locale=name, missing=missing)
        if not strings:
            left = " that is not translated" if missing else ""
            print(f"There is no string in {locale_name(name, SPOKEN)}{left}. Nothing was written.")
            return
        if po is not None:
            text = to_catalog(strings, glossary, locale=name, now=wired.clock())
            write_whole(po, text.encode())
        if xlsx is not None:
            rows = to_rows(strings, glossary, wired.dry_desk(), locale=name)
            for row in rows:
                if not fits(row):
                    told = "is too long for a spreadsheet: translate it with --po"
                    print(f"{row.context} {told}", file=sys.stderr)
            title = locale_name(name, SPOKEN)
            book = write_workbook([row for row in rows if fits(row)], locale=name, title=title)
            write_whole(xlsx, book)
    print(f"{po or xlsx}: {counted(len(strings), 'string')} in {locale_name(name, SPOKEN)}.")
    print(f"When it comes back: campaigner translate import {po or xlsx}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What came back: .xlsx or .po.")],
    locale: Annotated[
        str | None, typer.Option(help="Its language, if the file does not say.")
    ] = None,
    processes: ProcessesOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take translations in: only what changed. What is wrong is left out, and told.

    Example: campaigner translate import es.xlsx --dry-run
    """
    with opened(workspace) as wired:
        done = import_translations(
            file,
            folders(wired),
            briefs_of(wired, None, templates=True, processes=processes),
            glossary_of(wired),
            wired.dry_desk(),
            locale=locale,
            now=wired.clock(),
            dry_run=dry_run,
        )
    if as_json:
        objects = [taken_object(taken) for taken in done.comparison.taken]
        print(json.dumps(objects, ensure_ascii=False, indent=2))
    else:
        show_import(done)
        tell_dry(dry_run)
    for refused in done.comparison.refused:
        print(f"{file}, {refused.place}: {refused.sentence}.", file=sys.stderr)
    for problem in done.problems:
        print(f"{file}, row {problem.line}: {problem.found}. {problem.fix}", file=sys.stderr)
    if done.comparison.refused or done.problems:
        raise typer.Exit(1)


class _Asked:
    """Whether an edited text still means the same: what was said beforehand, else a person."""

    def __init__(self, meaning: str | None, kept: Sequence[str], *, interactive: bool) -> None:
        self.meaning = meaning
        self.contexts = frozenset(kept)
        self.interactive = interactive and sys.stdin.isatty() and sys.stdout.isatty()
        self.taken_for_changed = 0

    def __call__(self, edit: Edit) -> bool:
        if edit.context in self.contexts or self.meaning is not None:
            return edit.context in self.contexts or self.meaning == "kept"
        if not self.interactive:
            self.taken_for_changed += 1
            return False
        print(f"\n{edit.context} was edited.\n  before: {edit.before}\n  now:    {edit.after}")
        return not typer.confirm("Did its meaning change?", default=True)
