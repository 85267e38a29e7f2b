"""Public comment windows that milestones tell of in words.

Only where a source was seen for both days: an opening day alone is no window.
"""

import re
from collections.abc import Sequence
from datetime import date

from campaigner.core.processes import CommentWindow, Milestone

# "comment opens (to 2020-11-30)", "comment to 2014-04-03", "comment announced, to 2006-01-16"
_UNTIL = re.compile(r"\bcomment\b[^;]*?\bto (\d{4}-\d\d-\d\d)\b", re.IGNORECASE)
_OPENS = re.compile(r"\bcomment\b.*\bopens\b", re.IGNORECASE)
# Of a comment, that is: "consensus call closes" and "application window closes" are others.
_CLOSES = re.compile(r"(?:(?:public )?comment(?: period)? )?closes\b", re.IGNORECASE)


def derive_windows(milestones: Sequence[Milestone]) -> tuple[CommentWindow, ...]:
    """Return the windows that `milestones` (in order of date) tell of; one for an opening day."""
    windows: dict[date, CommentWindow] = {}
    for place, milestone in enumerate(milestones):
        opens = milestone.date.full
        if opens is None or not milestone.is_publishable:
            continue
        closes = _closing_day(milestone, milestones[place + 1 :])
        if closes is not None and closes >= opens:
            window = CommentWindow(opens=opens, closes=closes, url=milestone.source)
            windows.setdefault(opens, window)
    return tuple(windows.values())


def _closing_day(opening: Milestone, later: Sequence[Milestone]) -> date | None:
    if until := _UNTIL.search(opening.what):
        try:
            return date.fromisoformat(until[1])
        except ValueError:
            return None
    if not _OPENS.search(opening.what):
        return None
    for milestone in later:
        if _OPENS.search(milestone.what) or _UNTIL.search(milestone.what):
            return None
        if _CLOSES.match(milestone.what):
            return milestone.date.full if milestone.is_publishable else None
    return None
