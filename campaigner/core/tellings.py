"""What an edition tells, of either kind: the policy digest's news, or a newsletter's stories."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from campaigner.core.campaign import Campaign
from campaigner.core.digest import EditionData
from campaigner.core.newsletter import NewsletterData

Telling: TypeAlias = EditionData | NewsletterData


def read_back(plain: Mapping[str, Any]) -> Telling:
    """Return what `to_json` of either kind made `plain` of."""
    kind = NewsletterData if plain.get("is") == NewsletterData.__name__ else EditionData
    return kind.from_json(plain)


def is_same(before: Telling, now: Telling) -> bool:
    """Whether composing anew would tell the very same, but for when the records were looked at."""
    old, new = before.to_json(), now.to_json()
    for each in (old, new):
        each.get("snapshot", {})["at"] = ""
    return old == new


def embargo_of(campaign: Campaign, telling: Telling) -> datetime | None:
    """Return until when an edition may not leave: the latest of the campaign and its stories."""
    stories = telling.embargo_until if isinstance(telling, NewsletterData) else None
    return max(filter(None, (campaign.embargo_until, stories)), default=None)
