"""The preview as a page: everything a campaign would say, side by side, to look at and to send on.

Its filters by language and network work without a script.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from campaigner.core.campaign import Campaign, Item
from campaigner.core.cost import cost_of, in_dollars, total
from campaigner.core.locales import bcp47
from campaigner.core.mail_faults import MailFault
from campaigner.rendering.cards import card_of
from campaigner.rendering.drafts import Desk, Draft
from campaigner.rendering.pages import Album, Section, page_languages, press_for
from campaigner.rendering.posts import RenderedStory

NETWORKS = ("x", "mastodon", "manual", "email")


@dataclass(frozen=True, kw_only=True)
class StoryDraft:
    """An item's newsletter story in one locale; without one where it could not be told, and why."""

    item: str
    locale: str
    story: RenderedStory | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class EditionPreview:
    """An edition in one locale, as text and as HTML.

    Where it has to wait `subject` and `html` are empty, and `text` says why.
    `notes` say what is left out of it, a sentence each; `faults` what is wrong
    with the mail, first what stops it.
    """

    account: str
    locale: str
    subject: str
    text: str
    html: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[MailFault, ...] = ()


def posts_page(
    campaign: Campaign,
    desk: Desk,
    *,
    posts: Sequence[Draft],
    stories: Sequence[StoryDraft],
    language: str,
) -> str:
    """Return the page of a campaign's posts and stories, in our `language` (a locale).

    Raises UserError for a picture that cannot be read, or a faulty template.
    """
    album = Album(desk.read_picture)
    shown = {draft.identity.item for draft in posts} | {story.item for story in stories}
    items = [item for item in campaign.items if item.id in shown or item.is_placeholder]
    locales = [draft.identity.locale for draft in posts] + [story.locale for story in stories]
    networks = {draft.channel for draft in posts} | ({"email"} if stories else set())
    held = sum(draft.hold is not None for draft in posts) + sum(bool(each.note) for each in stories)
    cost = total(cost_of(draft.channel, draft.text) for draft in posts)
    values = {
        **_campaign_values(campaign),
        "items": [_shown_item(item) for item in items],
        "languages": page_languages(_in_order(campaign, locales)),
        "networks": [network for network in NETWORKS if network in networks],
        "post_count": len(posts),
        "story_count": len(stories),
        "edition_count": 0,
        "held_count": held,
        "cost": in_dollars(cost) if cost else "",
    }
    sections = [
        Section(template="preview_item.html", values=each)
        for each in _item_values(campaign, desk, items, posts, stories, album)
    ]
    return press_for(campaign, desk, language).page(
        "preview.html", values, sections=sections, album=album
    )


def editions_page(
    campaign: Campaign, desk: Desk, *, editions: Sequence[EditionPreview], language: str
) -> str:
    """Return the page of what an edition would say, in each language as readers would get it."""
    values = {
        **_campaign_values(campaign),
        "items": (),
        "languages": page_languages(_in_order(campaign, [edition.locale for edition in editions])),
        "networks": ("email",),
        "post_count": 0,
        "story_count": 0,
        "edition_count": len(editions),
        "held_count": 0,
        "cost": "",
    }
    sections = [
        Section(
            template="preview_edition.html",
            values={"number": number, "edition": _edition_values(edition)},
        )
        for number, edition in enumerate(editions, 1)
    ]
    return press_for(campaign, desk, language).page(
        "preview.html", values, sections=sections, album=Album(desk.read_picture)
    )


def _campaign_values(campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign": {"id": campaign.id, "title": campaign.title},
        "source_tag": bcp47(campaign.source_locale),
    }


def _in_order(campaign: Campaign, locales: Sequence[str]) -> list[str]:
    return [locale for locale in campaign.locales if locale in locales]


def _shown_item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "owner": item.owner,
        "due": item.due,
        "is_placeholder": item.is_placeholder,
    }


def _item_values(
    campaign: Campaign,
    desk: Desk,
    items: Sequence[Item],
    posts: Sequence[Draft],
    stories: Sequence[StoryDraft],
    album: Album,
) -> Iterator[dict[str, Any]]:
    for item in items:
        yield {
            "item": _shown_item(item),
            "embargo": campaign.embargo_of(item),
            "posts": [
                _post_values(draft, campaign, desk, album)
                for draft in posts
                if draft.identity.item == item.id
            ],
            "stories": [_story_values(story) for story in stories if story.item == item.id],
        }


def _post_values(draft: Draft, campaign: Campaign, desk: Desk, album: Album) -> dict[str, Any]:
    card = card_of(draft, campaign, desk.accounts[draft.identity.account], album)
    return {**vars(card), "tag": bcp47(card.locale)}


def _story_values(draft: StoryDraft) -> dict[str, Any]:
    story = draft.story
    return {
        "locale": draft.locale,
        "tag": bcp47(draft.locale),
        "language": story.language if story else bcp47(draft.locale),
        "headline": story.headline if story else "",
        "body": story.body if story else "",
        "note": draft.note,
    }


def _edition_values(edition: EditionPreview) -> dict[str, Any]:
    # The frame that it stands in may not go anywhere: links open beside it.
    html = f'<base target="_blank">{edition.html}'
    return {
        **asdict(edition),
        "html": html,
        "is_shown": bool(edition.html),
        "tag": bcp47(edition.locale),
        "stops": [asdict(fault) for fault in edition.faults if fault.stops],
        "warnings": [asdict(fault) for fault in edition.faults if not fault.stops],
    }
