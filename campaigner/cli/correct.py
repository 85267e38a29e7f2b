"""`campaigner correct`: set right what is out, and hear what of it stays."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from campaigner import failpoints
from campaigner.cli import corrections
from campaigner.cli.corrections import headline
from campaigner.cli.workspace import AsOption, WorkspaceOption, opened
from campaigner.core.correction import CorrectionState, Way, Wish, not_offered
from campaigner.core.locales import normalize
from campaigner.errors import UserError
from campaigner.services import correct
from campaigner.services.correct import Aim, Foreseen, Foresight, Told

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Edit, delete or set right what is out, one post or all posts of an item.\n\n"
    "Example: campaigner correct delete 12 --reason 'wrong date' --dry-run",
)

LONGEST = 100  # characters of a text that one line shows
ASKS = {
    Way.EDIT: "Edit {count} on the network",
    Way.DELETE: "Delete {count} from the network, for ever",
    Way.REPLY: "Queue an answer to {count}",
    Way.REPOINT: "Change the link of {count} on the network",
}
DOES = {
    Way.EDIT: "edited",
    Way.DELETE: "deleted",
    Way.REPLY: "answer queued",
    Way.REPOINT: "repointed",
}

app.command("list")(corrections.list_)
app.command("show")(corrections.show)

Number = Annotated[
    int | None, typer.Argument(help="A delivery's number, from `outbox list`.", show_default=False)
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
CampaignOption = Annotated[
    str | None, typer.Option(help="With --item: all posts of it that are out.", show_default=False)
]
ItemOption = Annotated[
    str | None, typer.Option(help="The item, with --campaign.", show_default=False)
]
LocaleOption = Annotated[
    str | None, typer.Option(help="Only its posts in this language.", show_default=False)
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would happen, and what would stay.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def edit(
    text: Annotated[str, typer.Option(help="All that the post is to say, its link included.")],
    reason: ReasonOption,
    number: Number = None,
    campaign: CampaignOption = None,
    item: ItemOption = None,
    locale: LocaleOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put other words in the place of a post's. Its pictures stay.

    Where the campaign asks for four eyes, not for the one who queued it.

    Example: campaigner correct edit 12 --text "…" --reason "wrong date" --as maria
    """
    aim = _aim(number, campaign, item, locale)
    _run(Way.EDIT, aim, text, reason, dry_run=dry_run, yes=yes, by=by, workspace=workspace)


@app.command()
def delete(
    reason: ReasonOption,
    number: Number = None,
    campaign: CampaignOption = None,
    item: ItemOption = None,
    locale: LocaleOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take a post off the network. One person is enough: it is an emergency.

    Example: campaigner correct delete 12 --reason "it names the wrong person"
    """
    aim = _aim(number, campaign, item, locale)
    _run(Way.DELETE, aim, "", reason, dry_run=dry_run, yes=yes, by=by, workspace=workspace)


@app.command()
def reply(
    text: Annotated[str, typer.Option(help="All that the answer is to say.")],
    reason: ReasonOption,
    number: Number = None,
    campaign: CampaignOption = None,
    item: ItemOption = None,
    locale: LocaleOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Answer a post with what is right. The answer waits for approval, as any post does.

    Example: campaigner correct reply 12 --text "Correction: …" --reason "wrong date"
    """
    aim = _aim(number, campaign, item, locale)
    _run(Way.REPLY, aim, text, reason, dry_run=dry_run, yes=yes, by=by, workspace=workspace)


@app.command()
def repoint(
    link: Annotated[str, typer.Option(help="Where the post is to lead, whole: https://…")],
    reason: ReasonOption,
    number: Number = None,
    campaign: CampaignOption = None,
    item: ItemOption = None,
    locale: LocaleOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a post's own link lead elsewhere; its words stay.

    Example: campaigner correct repoint 12 --link https://example.org/right --reason "page moved"
    """
    aim = _aim(number, campaign, item, locale)
    _run(Way.REPOINT, aim, link, reason, dry_run=dry_run, yes=yes, by=by, workspace=workspace)


def _aim(number: int | None, campaign: str | None, item: str | None, locale: str | None) -> Aim:
    """Read what a command is about. Raises UserError unless that is one thing."""
    whole = bool(campaign and item)
    if (number is None) is not whole or (number is not None and (campaign or item or locale)):
        raise UserError("say what: a NUMBER, or --campaign with --item (and --locale)")
    try:
        wanted = normalize(locale) if locale else None
    except ValueError:
        raise UserError(f"'{locale}' is no language. Write one like es-419") from None
    return Aim(number=number, campaign=campaign or "", item=item or "", locale=wanted)


def _run(
    way: Way,
    aim: Aim,
    words: str,
    reason: str,
    *,
    dry_run: bool,
    yes: bool,
    by: str | None,
    workspace: Path | None,
) -> None:
    """Say what would happen, ask, and do it."""
    with opened(workspace) as opened_app:
        settings = opened_app.settings
        failpoints.arm(settings.failpoints, marks=settings.failpoint_marks)
        wish = Wish(way=way, reason=reason, by=by or settings.user, words=words)
        accounts = opened_app.accounts
        foresight = correct.foresee(
            opened_app.sessions,
            aim,
            wish,
            limit_of=lambda name: accounts[name].length_limit if name in accounts else 0,
        )
        _print_foresight(foresight, dry_run=dry_run)
        possible = [one for one in foresight.posts if not one.refusal]
        if dry_run:
            return
        if possible and not yes:
            _confirm(way, len(possible))
        done = 0
        if possible:
            channel, clock = opened_app.channel, opened_app.clock
            told = correct.correct(opened_app.sessions, foresight, channel, clock=clock)
            done = tell(told, way)
    left = len(foresight.posts) - done
    if left or not foresight.posts:
        where = "See above, and `campaigner correct list`."
        raise UserError(f"{left} of {len(foresight.posts)} posts were not set right. {where}")


def _confirm(way: Way, count: int) -> None:
    if not sys.stdin.isatty():
        raise UserError("say --yes to do it without being asked, or --dry-run to look first")
    posts = "1 post" if count == 1 else f"{count} posts"
    typer.confirm(f"{ASKS[way].format(count=posts)}. Go on?", abort=True)


def _print_foresight(foresight: Foresight, *, dry_run: bool) -> None:
    way = foresight.wish.way
    for one in foresight.posts:
        print(headline(one.post))
        print(f"    says: {_short(one.before)}")
        if one.refusal:
            print(f"    left as it is: {one.refusal}.")
        elif way is Way.DELETE:
            print(f"    {'would be' if dry_run else 'is to be'} deleted")
        else:
            verb = "answer:" if way is Way.REPLY else "then:"
            print(f"    {verb} {_short(one.after)}")
    _print_what_stays(foresight.posts)
    if foresight.waiting:
        numbers = ", ".join(str(row.delivery.id) for row in foresight.waiting)
        print(
            f"{len(foresight.waiting)} have not left yet ({numbers}): change the file and queue it "
            "again, or `campaigner outbox cancel NUMBER`."
        )
    if foresight.doubtful:
        numbers = ", ".join(str(row.delivery.id) for row in foresight.doubtful)
        print(
            f"{len(foresight.doubtful)} may be out ({numbers}): wait for the daemon's look, or "
            "`campaigner outbox resolve NUMBER`. Then say this again."
        )
    if foresight.mails:
        print(f"{foresight.mails:,} mails are out: {not_offered(way, 'email')}.")


def _print_what_stays(posts: Sequence[Foreseen]) -> None:
    stays = {one.post.message.channel: one.stays for one in posts if not one.refusal}
    for channel, sentences in stays.items():
        print(f"What stays, on {channel}:")
        for sentence in sentences:
            print(f"  - {sentence}")


def tell(told: Iterable[Told], way: Way) -> int:
    """Go through with it, and say of each post what became of it; return how many are done.

    What stops it halfway does not keep back what was done before. Nothing is
    said earlier, so that nobody stops it by not reading on (`… | head`).
    """
    ended: list[Told] = []
    try:
        ended.extend(told)  # keeps what came before an exception
    finally:
        for one in ended:
            if not one.foreseen.refusal:
                print(f"{one.foreseen.post.delivery.id}: {_became(one, way)}")
    return sum(one.state is CorrectionState.DONE for one in ended)


def _became(told: Told, way: Way) -> str:
    if told.state is CorrectionState.DONE:
        return f"{DOES[way]}{f', {told.note}' if told.note else ''}"
    return told.note


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
