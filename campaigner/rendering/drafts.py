"""A post as it would be queued: rendered, linked, fitted to its network, or held and why.

Queueing, previewing and checking all draft through here, so that what an
author is shown is what goes out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from campaigner.core.campaign import Campaign, Item
from campaigner.core.delivery import Hold
from campaigner.core.fitting import Fitted, TooLong, fit
from campaigner.core.links import parameters, tag
from campaigner.core.locales import bcp47
from campaigner.core.message import Identity, key_of
from campaigner.core.queueing import SlotQueue
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import TemplateEnvironment
from campaigner.rendering.posts import (
    NotRendered,
    RenderedPicture,
    RenderedPost,
    Silent,
    find_link,
    layout,
    render_post,
)
from campaigner.settings import AccountSettings

LINK_KEY = 16  # characters of the key in a link: 80 bits, short enough for a shown address


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What drafting works with: accounts, where each sends to, languages, pictures."""

    accounts: Mapping[str, AccountSettings]
    base_of: Callable[[str], str]
    catalogs: Catalogs
    environment: TemplateEnvironment
    read_picture: Callable[[str], tuple[str, bytes]]
    """From a file's name in `campaigns/` to its media type and bytes."""
    slots_of: Callable[[str], SlotQueue]
    """From an account to its queue slots, held by nobody; UserError if it has none."""
    public_url: str = ""
    """Where readers reach our pages; empty: nowhere."""

    def posting(self, campaign: Campaign) -> dict[str, Sequence[str]]:
        """Return the campaign's accounts that take posts, with the locales that they serve."""
        return {
            name: self.accounts[name].locales
            for name in campaign.accounts
            if self.accounts[name].channel != "email"
        }

    def places(self, campaign: Campaign) -> list[tuple[str, str]]:
        """Return where an item of the campaign is posted: each account and locale, in its order."""
        return [
            (account, locale)
            for account, served in self.posting(campaign).items()
            for locale in campaign.locales
            if locale in served
        ]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One message before it is queued. `hold` and `note` say why it cannot go out as it is.

    `length` and `limit` are as the network counts; 0 where nothing was rendered.
    """

    identity: Identity
    channel: str
    language: str
    text: str = ""
    link: str = ""
    pictures: tuple[RenderedPicture, ...] = ()
    length: int = 0
    limit: int = 0
    dropped: tuple[str, ...] = ()
    hold: Hold | None = None
    note: str = ""


def draft_post(
    campaign: Campaign,
    item: Item,
    identity: Identity,
    desk: Desk,
) -> Draft | None:
    """Draft what `item` says under `identity`; None: it is silent on its account's channel."""
    account = desk.accounts[identity.account]
    channel, limit = account.channel, account.length_limit
    link = tracked_link(campaign, item, identity, channel=channel)
    rendered = render_post(
        campaign,
        item,
        channel=channel,
        locale=identity.locale,
        link=link,
        catalogs=desk.catalogs,
        environment=desk.environment,
    )
    match rendered:
        case Silent():
            return None
        case NotRendered(reason=reason, faults=faults):
            return Draft(
                identity=identity,
                channel=channel,
                language=bcp47(identity.locale),
                hold=reason,
                note="; ".join(faults),
            )
        case RenderedPost():
            return _fitted(rendered, identity, channel=channel, limit=limit)


def tracked_link(
    campaign: Campaign, item: Item, identity: Identity, *, channel: str, source: str = ""
) -> str:
    """Return the item's link for a reader of `identity`, with what tells who brought them.

    Empty if the item has none. `source`, if given, stands in place of the rule
    for utm_source: for what others publish for us.
    """
    fields = {
        "campaign": campaign.id,
        "channel": channel,
        "account": identity.account,
        "locale": bcp47(identity.locale),
        "item": item.id,
        "project": campaign.projects[0],
    }
    rules = {**campaign.utm, "source": source} if source else campaign.utm
    link = find_link(item, identity.locale)
    return tag(link, parameters(rules, fields), key=link_key(identity))


def link_key(identity: Identity) -> str:
    """Return what a message's own link carries, in every version of it: how it is found again."""
    return key_of(identity, 0)[:LINK_KEY]


def _fitted(post: RenderedPost, identity: Identity, *, channel: str, limit: int) -> Draft:
    fitted = fit(
        lambda hashtags: layout(post, hashtags),
        hashtags=post.hashtags,
        channel=channel,
        limit=limit,
    )
    draft = Draft(
        identity=identity,
        channel=channel,
        language=post.language,
        text=fitted.text,
        link=post.link,
        pictures=post.pictures,
        length=fitted.length,
        limit=fitted.limit,
    )
    match fitted:
        case TooLong(length=length, limit=limit):
            note = (
                f"too long: {length} of {limit} characters as {channel} counts them; "
                f"shorten the text by {length - limit}"
            )
            return replace(draft, hold=Hold.LENGTH, note=note)
        case Fitted(dropped=dropped):
            return replace(draft, dropped=dropped)
