"""How much room a text has: what its networks' limits leave beside link and hashtags.

Measured by drafting a post with a text of one letter, so that it is laid out
just as it would go out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from campaigner.core.campaign import ANY, Campaign, Item, Wording
from campaigner.core.delivery import Hold
from campaigner.core.message import Identity
from campaigner.rendering.drafts import Desk, Draft, draft_post

PROBE = "x"
NOT_LAID_OUT = (Hold.RENDERING, Hold.TRANSLATION)


@dataclass(frozen=True, kw_only=True)
class Room:
    """The tightest place of a text in a locale: `takes` of the `limit` characters are the text's.

    The rest is for the link and all of the hashtags (a post that is too long
    loses hashtags before it is held).
    """

    account: str
    channel: str
    limit: int
    takes: int

    def left(self, length: int) -> int:
        """Return how many characters a text of this length leaves; negative if it is too long."""
        return self.takes - length


def rooms_of(campaign: Campaign, desk: Desk) -> Mapping[tuple[str, str], Room]:
    """Return the tightest room of each text of a post, by its context and locale.

    What no network limits, or what cannot be laid out, has none.
    """
    rooms: dict[tuple[str, str], Room] = {}
    for item in campaign.items:
        for account, locale in desk.places(campaign):
            settings = desk.accounts[account]
            wording = item.text_on(settings.channel)
            if wording is None or not settings.length_limit:
                continue
            draft = _draft(campaign, item, desk, account=account, locale=locale, text=PROBE)
            if draft is None or draft.hold in NOT_LAID_OUT:
                continue
            room = Room(
                account=account,
                channel=settings.channel,
                limit=settings.length_limit,
                takes=settings.length_limit - (draft.length - len(PROBE)),
            )
            known = rooms.get((wording.context, locale))
            if known is None or room.takes < known.takes:
                rooms[wording.context, locale] = room
    return rooms


def measure(
    campaign: Campaign, item: Item, desk: Desk, room: Room, *, locale: str, text: str
) -> int | None:
    """Return the length of a translation as its tightest network counts it, names filled in.

    None: it cannot be laid out, because it or a name in it has a fault.
    """
    alone = replace(item, links={}, hashtags={})
    draft = _draft(campaign, alone, desk, account=room.account, locale=locale, text=text)
    return None if draft is None or draft.hold in NOT_LAID_OUT else draft.length


def _draft(
    campaign: Campaign, item: Item, desk: Desk, *, account: str, locale: str, text: str
) -> Draft | None:
    wording = Wording(context="", source=text, given={locale: text}, locale=locale)
    identity = Identity(
        campaign=campaign.id,
        run="room",
        item=item.id,
        repetition=0,
        account=account,
        locale=locale,
    )
    said = replace(item, texts={ANY: wording}, pictures={})
    return draft_post(campaign, said, identity, desk)
