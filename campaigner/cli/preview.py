"""`campaigner preview`: what a campaign would say, before anything is queued."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from campaigner.cli.pages import DEFAULT_LANGUAGE, LangOption, page_language, write_page
from campaigner.cli.tables import locale_words
from campaigner.cli.workspace import AccountFilter, JsonOption, WorkspaceOption, opened
from campaigner.core.campaign import Campaign, Item
from campaigner.core.cost import cost_of, in_dollars, total
from campaigner.core.locales import bcp47, normalize
from campaigner.errors import UserError
from campaigner.rendering.drafts import Draft
from campaigner.rendering.preview_pages import EditionPreview, StoryDraft, editions_page, posts_page
from campaigner.services.preview import preview_posts, preview_stories
from campaigner.services.preview_editions import preview_editions


def preview(
    file: Annotated[Path, typer.Argument(help="A campaign's file.")],
    item: Annotated[str | None, typer.Option(help="Only this item.")] = None,
    locale: Annotated[str | None, typer.Option(help="Only this language.")] = None,
    account: AccountFilter = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page to look at instead.", show_default=False)
    ] = None,
    lang: LangOption = DEFAULT_LANGUAGE,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show each post as it would go out: text, link, pictures, length and cost.

    Example: campaigner preview campaigns/dns-security-awareness.yaml --html preview.html
    """
    language = page_language(lang)
    locale = _normal(locale)
    with opened(workspace) as app:
        campaign = app.load_campaign(file)
        if campaign.has_editions:
            desk = app.desk(file.parent)
            editions = [
                edition
                for edition in preview_editions(
                    app.reading_sessions,
                    campaign,
                    desk,
                    campaigns=app.readable_campaigns(),
                    now=app.clock(),
                )
                if locale in (None, edition.locale) and account in (None, edition.account)
            ]
            if html is not None and editions:
                page = editions_page(campaign, desk, editions=editions, language=language)
                print(f"{html}: {len(editions)} editions, {write_page(html, page)}.")
            else:
                _editions(editions, as_json=as_json)
                for each in () if as_json else campaign.items:
                    if each.story is None:
                        print(_unwritten(each))
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
        page = ""
        if html is not None and (posts or stories):
            page = posts_page(campaign, desk, posts=posts, stories=stories, language=language)
    unwritten = [each for each in campaign.items if each.is_placeholder and item in (None, each.id)]
    if as_json:
        print(json.dumps([_row(draft, campaign) for draft in posts], ensure_ascii=False, indent=2))
        return
    if not posts and not stories and not unwritten:
        raise UserError("there is nothing of that kind in this campaign. Leave an option out")
    if html is not None and page:
        print(f"{html}: {_told(posts, stories)} {write_page(html, page)}.")
        return
    console = Console()
    for draft in posts:
        console.print(_panel(draft, campaign))
    for story in stories:
        console.print(_story(story))
    for each in unwritten:
        print(_unwritten(each))
    print(_told(posts, stories))


def _normal(locale: str | None) -> str | None:
    try:
        return normalize(locale) if locale else None
    except ValueError as error:
        raise UserError(f"{error}. Write it like es or pt_BR") from None


def _told(posts: Sequence[Draft], stories: Sequence[StoryDraft]) -> str:
    """Say how much there is, what of it cannot go out, and what it costs."""
    waiting = sum(draft.hold is not None for draft in posts)
    cost = total(cost_of(draft.channel, draft.text) for draft in posts)
    charged = f" The networks charge about {in_dollars(cost)}." if cost else ""
    return (
        f"{_counted(len(posts), 'post', 'posts')}, {_counted(len(stories), 'story', 'stories')}; "
        f"{_counted(waiting, 'post', 'posts')} cannot go out as they are.{charged}"
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _unwritten(item: Item) -> str:
    who = f" ({item.owner})" if item.owner else ""
    due = f", due {item.due}" if item.due else ""
    return f"item '{item.id}' has no text yet: {item.title}{who}{due}"


def _panel(draft: Draft, campaign: Campaign) -> Panel:
    body = Text(draft.text or "(no text)")
    for picture in draft.pictures:
        body.append(f"\n[{picture.file}] {picture.alt}", style="dim")
    if draft.link and draft.link not in draft.text:
        body.append(f"\nlink: {draft.link}", "dim")
    if words := _language_words(draft, campaign):
        body.append(f"\n{words}", "dim")
    if draft.dropped:
        body.append(f"\nleft out to fit: {' '.join('#' + tag for tag in draft.dropped)}", "dim")
    if draft.note:
        body.append(f"\nheld: {draft.note}", style="bold red")
    identity = draft.identity
    cost = cost_of(draft.channel, draft.text)
    length = f"{draft.length} of {draft.limit}" if draft.limit else f"{draft.length}, no limit"
    return Panel(
        body,
        title=Text(f"{identity.item} · {identity.account} · {locale_words(identity.locale)}"),
        subtitle=Text(f"{length} · {in_dollars(cost)}"),
        title_align="left",
        subtitle_align="right",
        border_style="red" if draft.hold else "none",
        width=90,
    )


def _source(draft: Draft, campaign: Campaign) -> str:
    """Return the locale in which a post's item was written."""
    return campaign.item(draft.identity.item).source_locale or campaign.source_locale


def _language_words(draft: Draft, campaign: Campaign) -> str:
    """Say which language it was written in, where a post's own is another."""
    source = _source(draft, campaign)
    if draft.language != bcp47(draft.identity.locale):
        return f"said in {locale_words(source)}, for want of a translation"
    return "" if source == draft.identity.locale else f"written in {locale_words(source)}"


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


def _editions(editions: Sequence[EditionPreview], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "locale": edition.locale,
                "subject": edition.subject,
                "text": edition.text,
                "notes": list(edition.notes),
                "faults": [
                    {"kind": fault.kind, "stops": fault.stops, "fault": fault.sentence}
                    for fault in edition.faults
                ],
            }
            for edition in editions
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    console = Console()
    for edition in editions:
        title = Text(f"{locale_words(edition.locale)}: {edition.subject or 'not sent'}")
        body = Text(edition.text)
        for note in edition.notes:
            body.append(f"\n{note}", "bold red")
        for fault in edition.faults:
            said = f"\n{'held: ' if fault.stops else ''}{fault.sentence}"
            body.append(said, "bold red" if fault.stops else "yellow")
        stopped = any(fault.stops for fault in edition.faults)
        border = "none" if edition.subject and not stopped else "red"
        console.print(Panel(body, title=title, title_align="left", border_style=border, width=90))


def _row(draft: Draft, campaign: Campaign) -> dict[str, object]:
    return {
        "item": draft.identity.item,
        "account": draft.identity.account,
        "locale": draft.identity.locale,
        "channel": draft.channel,
        "language": draft.language,
        "source_language": bcp47(_source(draft, campaign)),
        "text": draft.text,
        "link": draft.link,
        "length": draft.length,
        "limit": draft.limit,
        "cost_usd": str(cost_of(draft.channel, draft.text)),
        "dropped": list(draft.dropped),
        "pictures": [{"file": one.file, "alt": one.alt} for one in draft.pictures],
        "hold": draft.hold,
        "note": draft.note,
    }
