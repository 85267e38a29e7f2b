"""Preview: what a campaign would say on every account in every language, and what is wrong."""

from collections.abc import Collection, Iterator

from campaigner.core.campaign import Campaign
from campaigner.core.delivery import Hold
from campaigner.core.message import Identity
from campaigner.errors import Problem
from campaigner.rendering import markdown
from campaigner.rendering.drafts import Desk, Draft, draft_post
from campaigner.rendering.environment import template_exists
from campaigner.rendering.posts import NotRendered, RenderedStory, render_story
from campaigner.rendering.preview_pages import StoryDraft

FIXES = {
    Hold.TRANSLATION: "Give it to a translator, or see `campaigner translate status`.",
    Hold.LENGTH: "Shorten it, or give this channel a text of its own.",
    Hold.RENDERING: "Correct the text or its template.",
}


def preview_posts(campaign: Campaign, desk: Desk) -> Iterator[Draft]:
    """Yield every post of the campaign, in order of item, account and locale."""
    for item in campaign.items:
        for account, locale in desk.places(campaign):
            identity = Identity(
                campaign=campaign.id,
                run="preview",
                item=item.id,
                repetition=0,
                account=account,
                locale=locale,
            )
            if (draft := draft_post(campaign, item, identity, desk)) is not None:
                yield draft


def preview_stories(campaign: Campaign, desk: Desk) -> Iterator[StoryDraft]:
    """Yield every newsletter story of the campaign, in order of item and locale."""
    for item in campaign.items:
        if item.story is None:
            continue
        for locale in campaign.locales:
            told = render_story(campaign, item, locale=locale, catalogs=desk.catalogs)
            if isinstance(told, RenderedStory):
                yield StoryDraft(item=item.id, locale=locale, story=told)
            elif isinstance(told, NotRendered):
                note = "; ".join(told.faults)
                yield StoryDraft(item=item.id, locale=locale, story=None, note=note)


def check_campaign(campaign: Campaign, desk: Desk) -> list[Problem]:
    """Return what only shows when a campaign is rendered: templates, lengths, Markdown.

    What is wrong with many posts in the same way is one problem. An
    untranslated string is no fault of the file: see `untranslated`.
    """
    return [
        *_problems(campaign, desk, [Hold.RENDERING, Hold.LENGTH]),
        *_story_problems(campaign, desk),
    ]


def _story_problems(campaign: Campaign, desk: Desk) -> list[Problem]:
    """Return what a mail cannot show of the campaign's stories, each told once."""
    lines = {item.id: item.line for item in campaign.items}
    found: dict[tuple[str, str], str] = {}
    for draft in preview_stories(campaign, desk):
        for fault in markdown.faults(draft.story.body) if draft.story else ():
            found.setdefault((draft.item, fault), draft.locale)
    return [
        Problem(
            line=lines[item], found=f"story of item '{item}' in {locale}: {said}", fix=f"{fix}."
        )
        for (item, fault), locale in found.items()
        for said, _, fix in [fault.partition(". ")]
    ]


def unrenderable(campaign: Campaign, desk: Desk) -> list[Problem]:
    """Return why texts of a campaign cannot be made at all: its templates, their variables."""
    return _problems(campaign, desk, [Hold.RENDERING])


def _problems(campaign: Campaign, desk: Desk, kinds: Collection[Hold]) -> list[Problem]:
    if not template_exists(desk.environment, campaign.template):
        found = f"the template '{campaign.template}' does not exist"
        fix = "Put it into templates/, or leave `template` out to use social/post.txt."
        return [Problem(line=1, found=found, fix=fix)]
    alike: dict[tuple[Hold, str], list[Identity]] = {}
    for draft in preview_posts(campaign, desk):
        if draft.hold is not None and draft.hold in kinds:
            alike.setdefault((draft.hold, draft.note), []).append(draft.identity)
    lines = {item.id: item.line for item in campaign.items}
    problems = []
    for (hold, note), (first, *others) in alike.items():
        where = f"item '{first.item}' on {first.account} in {first.locale}"
        if others:
            where += f", and {len(others)} other {'post' if len(others) == 1 else 'posts'}"
        # A note that is two sentences says itself what to do.
        said, _, fix = note.partition(". ")
        found = f"{where}: {said.rstrip('.')}"
        problems.append(Problem(line=lines[first.item], found=found, fix=fix or FIXES[hold]))
    return problems


def untranslated(campaign: Campaign, desk: Desk) -> list[str]:
    """Return a sentence for each string that keeps a post of the campaign waiting."""
    notes = [
        draft.note for draft in preview_posts(campaign, desk) if draft.hold is Hold.TRANSLATION
    ]
    notes += [draft.note for draft in preview_stories(campaign, desk) if draft.note]
    return list(dict.fromkeys(notes))
