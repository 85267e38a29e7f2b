"""`campaigner subscribers import`: a list that somebody saved, in whatever way."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaigner.app import App
from campaigner.cli.workspace import AsOption, WorkspaceOption, opened
from campaigner.core.intake import GONE, Became, harmless
from campaigner.core.locales import normalize
from campaigner.core.spelling import did_you_mean, listed
from campaigner.errors import UserError
from campaigner.loading.headings import read_mapping
from campaigner.loading.subscribers import Defaults, open_subscribers, read_day
from campaigner.loading.table_files import Rows, new_table
from campaigner.loading.tables import rows_about
from campaigner.services.import_subscribers import Left, Taken, import_subscribers
from campaigner.settings import known_zones

SHOWN = 20  # faults that are printed; the file of rejected rows has all of them
TOLD_EVERY = 100_000  # rows between two lines where nobody watches a bar


def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX, with headings in its first row.")],
    list: Annotated[
        str | None,
        typer.Option("--list", help="The mailing list: an e-mail account.", show_default=False),
    ] = None,
    map: Annotated[
        list[str] | None,
        typer.Option("--map", help='What a column is: "Correo=address". May be repeated.'),
    ] = None,
    consent: Annotated[str, typer.Option(help="How all of them agreed to get mail.")] = "",
    consent_date: Annotated[str, typer.Option(help="When, like 2026-01-31.")] = "",
    locale: Annotated[str, typer.Option(help="The language of rows that name none.")] = "",
    zone: Annotated[str, typer.Option(help="The time zone of rows that name none.")] = "",
    topics: Annotated[str, typer.Option(help="What rows that say nothing chose: a,b")] = "",
    encoding: Annotated[
        str | None, typer.Option(help="Of a CSV, if it is guessed wrong.", show_default=False)
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="Where rows go that are not taken, with the reason.",
            show_default="FILE.rejected.csv",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be done.")
    ] = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take readers in from a table. May be run again: nobody is added twice or brought back.

    Columns: address, name, locale, zone, country, topics, consent, consent_date, attributes.NAME;
    also by what they are usually called in English, Spanish, Portuguese or French. Evidence that
    people agreed is needed: a column, or --consent and --consent-date.

    Example: campaigner subscribers import campaigns/data/subscribers.csv
    """
    from campaigner.cli.subscribers import chosen_list

    with opened(workspace) as opened_app:
        name = chosen_list(opened_app, list)
        today = opened_app.clock().date()
        user = by or opened_app.settings.user
        defaults = Defaults(
            locale=normalized(locale),
            zone=checked_zone(zone) if zone else "",
            topics=checked_topics(opened_app, [each for each in topics.split(",") if each]),
            consent=consent,
            consent_day=checked_day(consent_date, today=today) if consent_date else None,
            known_topics=opened_app.vocabulary().topics,
            record={"how": "import", "source": file.name, "by": user},
        )
        beside = rejects or file.with_name(f"{file.stem}.rejected.csv")
        with (
            open_subscribers(
                file, defaults=defaults, today=today, mapping=read_mapping(map or ()),
                encoding=encoding,
            ) as source,
            _Rejects(beside, source.headings, file) as rejected,
            _progress(rows_about(file)) as progress,
        ):  # fmt: skip
            taken = import_subscribers(
                opened_app.sessions,
                source.entries,
                list=name,
                keyring=opened_app.keyring,
                clock=opened_app.clock,
                dry_run=dry_run,
                leave=rejected.add,
                progress=progress,
            )
    _print(taken, name, told=source.told, ignored=source.ignored)
    rejected.print_told()
    if dry_run:
        print("Nothing was changed (--dry-run).")
    if taken.refused:
        raise typer.Exit(1)


def normalized(locale: str) -> str:
    try:
        return normalize(locale) if locale else ""
    except ValueError as error:
        raise UserError(f"{error}. Write a language, like es, or es_UY") from None


def checked_zone(zone: str) -> str:
    if zone in known_zones():
        return zone
    if not zone:
        raise UserError("their country does not tell their time zone. Give it: --zone ZONE")
    otherwise = "Write a zone of the IANA list, like America/Montevideo"
    hint = did_you_mean(zone, known_zones(), otherwise=otherwise)
    raise UserError(f"there is no time zone '{zone}'. {hint}")


def checked_day(text: str, *, today: date) -> date:
    day = read_day(text.strip())
    if day is None:
        raise UserError(f"'{text}' is not clearly a day. Write it like 2026-01-31")
    if day > today:
        raise UserError(f"they cannot have agreed on {day}: that is to come")
    return day


def checked_topics(app: App, topics: Sequence[str]) -> tuple[str, ...]:
    known = app.vocabulary().topics or ()
    for topic in topics:
        if topic not in known:
            choice = f"Known are {listed(known)}" if known else "None is set up"
            hint = did_you_mean(topic, known, otherwise=choice)
            raise UserError(f"there is no topic '{topic}'. {hint}")
    return tuple(dict.fromkeys(topics))


class _Rejects:
    """The rows that are not taken: into a file, which is made only if there are some."""

    def __init__(self, path: Path, headings: Sequence[str], source: Path) -> None:
        self._path, self._headings, self._source = path, headings, source
        self._files = ExitStack()
        self._rows: Rows | None = None
        self.shown: list[str] = []
        self.number = 0

    def __enter__(self) -> "_Rejects":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.__exit__(kind, error, trace)

    def add(self, left: Left) -> None:
        if self._rows is None:
            self._rows = self._files.enter_context(new_table(self._path))
            self._rows.write([*self._headings, "reject_line", "reject_reason"])
        cells = [harmless(cell) for cell in left.cells]
        cells += [""] * (len(self._headings) - len(cells))
        reason = f"{left.found}. {left.fix}"
        self._rows.write([*cells[: len(self._headings)], str(left.line), harmless(reason)])
        self.number += 1
        if left.refused and len(self.shown) < SHOWN:
            self.shown.append(f"{self._source}:{left.line}: {reason}")

    def print_told(self) -> None:
        for line in self.shown:
            print(line, file=sys.stderr)
        if self.number:
            rows = "1 row was" if self.number == 1 else f"{self.number:,} rows were"
            print(f"{rows} not taken: see {self._path}, with the reasons.")


@contextmanager
def _progress(about: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal; elsewhere a line now and then."""
    if sys.stderr.isatty():
        with Progress(
            TextColumn("Taking in"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        ) as bar:  # fmt: skip
            task = bar.add_task("", total=about)
            yield lambda rows: bar.update(task, completed=rows)
        return
    told = 0

    def tell(rows: int) -> None:
        nonlocal told
        if rows // TOLD_EVERY > told:
            told = rows // TOLD_EVERY
            of = f" of about {about:,}" if about else ""
            print(f"{rows:,} rows{of}", file=sys.stderr)

    yield tell


def _print(taken: Taken, list: str, *, told: str, ignored: Sequence[str]) -> None:
    number = taken.became.get
    new = number(Became.ADDED, 0)
    joined = number(Became.JOINED, 0)
    print(
        f"{list}: {new:,} new{f', {joined:,} from other lists' if joined else ''}, "
        f"{number(Became.CORRECTED, 0):,} corrected, {number(Became.UNCHANGED, 0):,} unchanged, "
        f"{number(Became.LEFT, 0):,} left out because they unsubscribed, "
        f"{taken.refused:,} rejected. ({told})"
    )
    for became, words in GONE.items():
        if became is not Became.LEFT and (count := number(became, 0)):
            print(f"{count:,} left out: each {words}.")
    if ignored:
        print(
            f"Nothing was taken from {listed(ignored)}. "
            f'To keep one: --map "{ignored[0]}=attributes.NAME"'
        )
