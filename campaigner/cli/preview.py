"""`campaigner preview`: what a campaign would say, before anything is queued."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from campaigner.cli.tables import locale_words
from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.errors import UserError
from campaigner.rendering.drafts import Draft
from campaigner.services.preview import StoryDraft, preview_posts, preview_stories
from campaigner.services.preview_digest import preview_digest


def preview(
    file: Annotated[Path, typer.Argument(help="A campaign's file.")],
    item: Annotated[str | None, typer.Option(help="Only this item.")] = None,
    locale: Annotated[str | None, typer.Option(help="Only this language.")] = None,
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show each post as it would go out: text, length as its network counts, link, pictures.

    Example: campaigner preview campaigns/dns-security-awareness.yaml --locale es
    """
    with opened(workspace) as app:
        campaign = app.load_campaign(file)
        if campaign.digest is not None:
            _digest([
                (edition.locale, edition.subject, edition.text)
                for edition in preview_digest(
                    app.sessions, campaign, app.desk(file.parent), now=app.clock()
                )
                if locale in (None, edition.locale)
            ], as_json=as_json)  # fmt: skip
            return
        desk = app.dry_desk(file.parent)
        posts = [
            draft
            for draft in preview_posts(campaign, desk)
            if item in (None, draft.identity.item)
            and locale in (None, draft.identity.locale)
            and account in (None, draft.identity.account)
        ]
        stories = [
            story
            for story in preview_stories(campaign, desk)
            if item in (None, story.item) and locale in (None, story.locale) and account is None
        ]
    if as_json:
        print(json.dumps([_row(draft) for draft in posts], ensure_ascii=False, indent=2))
        return
    if not posts:
        raise UserError("there is nothing of that kind in this campaign. Leave an option out")
    console = Console()
    for draft in posts:
        console.print(_panel(draft))
    for story in stories:
        console.print(_story(story))
    waiting = sum(draft.hold is not None for draft in posts)
    print(f"{len(posts)} posts, {len(stories)} stories; {waiting} posts cannot go out as they are.")


def _panel(draft: Draft) -> Panel:
    body = Text(draft.text or "(no text)")
    for picture in draft.pictures:
        body.append(f"\n[{picture.file}] {picture.alt}", style="dim")
    if draft.dropped:
        body.append(f"\nleft out to fit: {' '.join('#' + tag for tag in draft.dropped)}", "dim")
    if draft.note:
        body.append(f"\n{draft.note}", style="bold red")
    identity = draft.identity
    return Panel(
        body,
        title=Text(f"{identity.item} · {identity.account} · {locale_words(identity.locale)}"),
        subtitle=Text(f"{draft.length} of {draft.limit or '∞'}"),
        title_align="left",
        subtitle_align="right",
        border_style="red" if draft.hold else "none",
        width=90,
    )


def _story(draft: StoryDraft) -> Panel:
    body = Text(draft.story.body if draft.story else draft.note)
    headline = draft.story.headline if draft.story else "story not told"
    return Panel(
        body,
        title=Text(f"{draft.item} · newsletter story · {locale_words(draft.locale)}: {headline}"),
        title_align="left",
        border_style="none" if draft.story else "red",
        width=90,
    )


def _digest(editions: list[tuple[str, str, str]], *, as_json: bool) -> None:
    if as_json:
        rows = [{"locale": one, "subject": two, "text": three} for one, two, three in editions]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    console = Console()
    for locale, subject, text in editions:
        title = Text(f"{locale_words(locale)}: {subject}")
        console.print(Panel(Text(text), title=title, title_align="left", width=90))


def _row(draft: Draft) -> dict[str, object]:
    return {
        "item": draft.identity.item,
        "account": draft.identity.account,
        "locale": draft.identity.locale,
        "channel": draft.channel,
        "language": draft.language,
        "text": draft.text,
        "link": draft.link,
        "length": draft.length,
        "limit": draft.limit,
        "dropped": list(draft.dropped),
        "pictures": [{"file": one.file, "alt": one.alt} for one in draft.pictures],
        "hold": draft.hold,
        "note": draft.note,
    }
