"""`campaigner bounces`: read what came back, look at it, and decide what no machine may."""

import json
from collections import Counter
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from campaigner.cli.tables import show_table, stamp
from campaigner.cli.workspace import JsonOption, LimitOption, WorkspaceOption, opened
from campaigner.core.bounces import Report
from campaigner.db.bounces import Handled
from campaigner.db.models import Bounce
from campaigner.errors import UserError
from campaigner.mail.mailbox import Maildir
from campaigner.mail.parts import mails_in
from campaigner.mail.reports import read_report
from campaigner.services import list_bounces
from campaigner.services.read_bounces import read_mailbox

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Look at what came back, and decide what no machine may.\n\n"
    "Example: campaigner bounces list",
)

Number = Annotated[int, typer.Argument(help="A report's number, from `bounces list`.")]


class Decision(StrEnum):
    HARD = "hard"
    SOFT = "soft"
    IGNORE = "ignore"


@app.command()
def classify(
    files: Annotated[list[Path], typer.Argument(help="Mails, as files; or mailbox files.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, for each file.")
    ] = False,
) -> None:
    """Say what mails that came back mean. Nothing is changed, and no workspace is needed.

    Example: campaigner bounces classify bounce.eml --json
    """
    for file in files:
        reports = _read(file)
        if as_json:
            print(json.dumps(_classified(file, reports), ensure_ascii=False))
            continue
        print(f"{file}: {', '.join(report.kind for report in reports)}")
        for report in reports:
            for one in report.findings:
                hard = "for good" if one.hard else "passes"
                about = f"{one.reason} {one.dsn or one.reply}".strip()
                print(f"  {one.recipient or '(nobody named)'}: {about} {one.feedback}".rstrip()
                      + f", {hard}")  # fmt: skip


def _read(file: Path) -> list[Report]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    return [read_report(mail) for mail in mails_in(data)]


def _classified(file: Path, reports: list[Report]) -> dict[str, object]:
    return {
        "file": str(file),
        "recipients": [
            {
                "recipient": one.recipient,
                "dsn": one.dsn,
                "reason": one.reason.value,
                "hard": one.hard,
                "feedback": one.feedback,
            }
            for report in reports
            for one in report.findings
        ],
    }


@app.command()
def read(
    maildir: Annotated[
        Path | None, typer.Option(help="Read this Maildir, instead of what the settings name.")
    ] = None,
    mailbox: Annotated[
        str | None, typer.Option(help="Read the mailbox of this mail account alone.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is, and change nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Read what came back, and do what follows. The daemon does that by itself once a minute.

    Example: campaigner bounces read
    """
    became: Counter[str] = Counter()
    with opened(workspace) as opened_app:
        take = opened_app.take_report
        boxes = opened_app.bounce_boxes
        if maildir is not None:
            boxes = {mailbox or "": lambda: nullcontext(Maildir(maildir))}
        elif mailbox is not None:
            if mailbox not in boxes:
                raise UserError(
                    f"'{mailbox}' is no mail account with a mailbox for bounces. Set `bounces` in "
                    f"[accounts.{mailbox}], or name a Maildir with --maildir"
                )
            boxes = {mailbox: boxes[mailbox]}
        for name, open_it in boxes.items():
            with open_it() as box:
                became += read_mailbox(box, name, apply=take, dry_run=dry_run)
    if not became:
        print("Nothing new came back.")
    for what, number in sorted(became.items()):
        print(f"{what}: {number}")


@app.command("list")
def list_(
    state: Annotated[Handled | None, typer.Option(help="Only those that are this.")] = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List what came back, newest first, and what was made of it.

    Example: campaigner bounces list --state waiting
    """
    with opened(workspace) as opened_app:
        rows = list_bounces.listed(opened_app.reading_sessions, state=state, limit=limit)
        zone = opened_app.settings.zone
    if as_json:
        print(json.dumps([_row(row) for row in rows], ensure_ascii=False, indent=2))
    elif not rows:
        print("Nothing came back yet." if state is None else f"Nothing is {state}.")
    else:
        show_table(
            ["number", "when", "account", "what", "reader", "reason", "state", "note"],
            [
                [
                    str(row.id),
                    stamp(row.received_at, zone),
                    row.account,
                    f"{row.kind}, for good" if row.hard else row.kind,
                    row.recipient,
                    " ".join(filter(None, (row.reason, row.status, row.feedback))),
                    row.state,
                    row.note[:80],
                ]
                for row in rows
            ],
        )


@app.command()
def show(
    number: Number,
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail as it came.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show one report: what it says, which mail it is about, and the mail as it came.

    Example: campaigner bounces show 12 --raw
    """
    with opened(workspace) as opened_app:
        row = list_bounces.shown(opened_app.reading_sessions, number)
        zone = opened_app.settings.zone
    if as_json:
        print(json.dumps([_row(row)], ensure_ascii=False, indent=2))
        return
    if raw:
        if row.raw is None:
            raise UserError(f"the mail of report {number} is not kept (any more)")
        print(row.raw.decode("utf-8", "replace"))
        return
    for name, value in _row(row).items():
        print(f"{name + ':':14}{stamp(row.received_at, zone) if name == 'received_at' else value}")
    if row.state == Handled.WAITING:
        print(f"\nDecide: campaigner bounces resolve {number} --as hard|soft|ignore")


@app.command()
def resolve(
    number: Number,
    decision: Annotated[
        Decision,
        typer.Option(
            "--as", help="hard: never mail that address; soft: it passes; ignore: nothing."
        ),
    ],
    by: Annotated[str | None, typer.Option(help="Who you are, for the record.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Decide on a report that waits, because nothing in it proves which mail it is about.

    Example: campaigner bounces resolve 12 --as hard
    """
    with opened(workspace) as opened_app:
        said = opened_app.applier.decide(
            number, decision=decision.value, by=by or opened_app.settings.user
        )
    print(said)


def _row(row: Bounce) -> dict[str, object]:
    return {
        "id": row.id,
        "received_at": row.received_at.isoformat(),
        "source": row.source,
        "account": row.account,
        "kind": row.kind,
        "delivery": row.delivery_id,
        "recipient": row.recipient,
        "status": row.status,
        "reason": row.reason,
        "hard": row.hard,
        "feedback": row.feedback,
        "state": row.state,
        "note": row.note,
        "handled_at": row.handled_at.isoformat() if row.handled_at else None,
    }
