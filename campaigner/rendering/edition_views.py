"""What the templates of an edition see of its data: plain parts, in the reader's language.

Dates stay ISO texts, as exact as their source, and instants stay instants:
the templates write them as the reader's locale and zone want.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from campaigner.core.changes import (
    Change,
    CommentClosed,
    CommentClosing,
    CommentMoved,
    CommentOpened,
    MilestoneAdded,
    MilestoneMoved,
    MilestoneReworded,
    ProcessAdded,
    StageEntered,
)
from campaigner.core.digest import EditionData, News
from campaigner.core.processes import CommentWindow, Fact, PartialDate, Standing
from campaigner.core.stages import stage_name, step_of
from campaigner.rendering.catalogs import PROCESSES, Catalogs, Translated

SOURCE_LOCALE = "en"  # of the records, as of the policy documents
LONG_AGO = timedelta(days=2 * 365)


@dataclass(frozen=True, kw_only=True)
class FactView:
    """A milestone as a reader sees it: `what` is in the reader's language, `date` is ISO."""

    date: str
    what: str
    source: str
    planned: bool


@dataclass(frozen=True, kw_only=True)
class ProcessView:
    """A process as a template sees it. `stage` is its official English name, or empty.

    `step` of `steps` where ICANN counts them, else 0 of 0. `name` and `title`
    are official and stay English.
    """

    name: str
    title: str
    organization: str
    kind: str
    stage: str
    substate: str
    step: int
    steps: int
    confirmed: str
    latest: FactView | None
    plans: tuple[FactView, ...]
    url: str


@dataclass(frozen=True, kw_only=True)
class CommentView:
    name: str
    title: str
    url: str
    closes_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangeView:
    """One change. Which of the other fields is set depends on `kind`; `before` is an ISO date."""

    kind: str
    fact: FactView | None = None
    before: str = ""
    closes_at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class NewsView:
    process: ProcessView
    changes: tuple[ChangeView, ...]


class Words:
    """The records' own words in one language; collects what has no translation."""

    def __init__(self, catalogs: Catalogs, locale: str) -> None:
        self._catalogs = catalogs
        self._locale = locale
        self.untranslated: list[str] = []

    def fact(self, process: str, fact: Fact) -> FactView:
        found = self._catalogs.look_up(
            PROCESSES,
            fact.what,
            context=f"process/{process}",
            locale=self._locale,
            source_locale=SOURCE_LOCALE,
        )
        if isinstance(found, Translated):
            what = found.text
        else:
            what = fact.what
            self.untranslated.append(found.sentence())
        return FactView(date=str(fact.date), what=what, source=fact.source, planned=fact.planned)


def view(data: EditionData, words: Words) -> dict[str, Any]:
    """Return what the templates of an edition are given of its data."""
    views = {id: _process(data.standing(id), data, words) for id in (*data.active, *data.finished)}
    old = {id for id in data.active if _is_old(data.standing(id).confirmed, data.day)}
    old -= {comment.process for comment in data.comments}
    shown = [data.standing(id).organization for id in views]
    return {
        "day": data.day,
        "previous_day": data.previous_day,
        "confirmed": str(data.confirmed or ""),
        "comments": tuple(
            _comment(data.standing(each.process), each.window) for each in data.comments
        ),
        "recent": tuple(views[id] for id in data.active if id not in old),
        "older": tuple(views[id] for id in data.active if id in old),
        "finished": tuple(views[id] for id in data.finished),
        "organizations": tuple(dict.fromkeys(shown)),
        "news": tuple(_news(each, data, words) for each in data.news),
        "unchanged": tuple(data.standing(id).short_name for id in data.unchanged),
    }


def _is_old(confirmed: PartialDate | None, day: date) -> bool:
    """Whether nothing of the last two years is known; a year alone counts to its end."""
    if confirmed is None:
        return True
    limit = day - LONG_AGO
    return (confirmed.year, confirmed.month or 12, confirmed.day or 31) < (
        limit.year,
        limit.month,
        limit.day,
    )


def _news(news: News, data: EditionData, words: Words) -> NewsView:
    """Of a process that is new to readers its latest fact is told too; of others what changed."""
    is_new = any(isinstance(change, ProcessAdded) for change in news.changes)
    return NewsView(
        process=_process(data.standing(news.process), data, words, facts=is_new),
        changes=tuple(_change(change, words) for change in news.changes),
    )


def _process(
    standing: Standing, data: EditionData, words: Words, *, facts: bool = True
) -> ProcessView:
    """Return a process to show; without `facts` none is there, nor asked for in translation."""
    step, steps = (standing.stage and step_of(standing.kind, standing.stage)) or (0, 0)
    today = PartialDate(data.day.year, data.day.month, data.day.day)
    plans = (fact for fact in standing.facts if facts and fact.planned and fact.date >= today)
    latest = standing.latest if facts else None
    return ProcessView(
        name=standing.short_name,
        title=standing.full_title,
        organization=standing.organization,
        kind=standing.kind,
        stage=stage_name(standing.kind, standing.stage) if standing.stage else "",
        substate=standing.substate,
        step=step,
        steps=steps,
        confirmed=str(standing.confirmed or ""),
        latest=words.fact(standing.id, latest) if latest else None,
        plans=tuple(words.fact(standing.id, fact) for fact in plans),
        url=standing.url,
    )


def _comment(standing: Standing, window: CommentWindow) -> CommentView:
    return CommentView(
        name=standing.short_name,
        title=standing.full_title,
        url=window.url or standing.url,
        closes_at=window.closes_at,
    )


def _change(change: Change, words: Words) -> ChangeView:
    def told(kind: str, window: CommentWindow, before: date | None = None) -> ChangeView:
        return ChangeView(
            kind=kind,
            closes_at=window.closes_at,
            url=window.url,
            before=before.isoformat() if before else "",
        )

    match change:
        case ProcessAdded():
            return ChangeView(kind="new")
        case StageEntered():
            return ChangeView(kind="stage")
        case MilestoneAdded(process=process, fact=fact):
            return ChangeView(kind="added", fact=words.fact(process, fact))
        case MilestoneMoved(process=process, fact=fact, before=before):
            return ChangeView(kind="moved", fact=words.fact(process, fact), before=str(before))
        case MilestoneReworded(process=process, fact=fact):
            return ChangeView(kind="reworded", fact=words.fact(process, fact))
        case CommentOpened(window=window):
            return told("opened", window)
        case CommentMoved(window=window, before=day):
            return told("extended", window, day)
        case CommentClosing(window=window):
            return told("closing", window)
        case CommentClosed(window=window):
            return told("closed", window)
