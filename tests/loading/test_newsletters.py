"""Newsletters in campaign files: whose stories, by whom, and to which readers."""

from datetime import timedelta
from pathlib import Path

import pytest

from campaigner.core.campaign import Audience, Campaign, Sources
from campaigner.core.segments import Vocabulary
from campaigner.core.strategy import Strategy
from campaigner.loading.campaigns import load_campaign
from campaigner.settings import AccountSettings

ACCOUNTS = {
    "newsletter": AccountSettings(
        channel="email", locales=("en", "es"), sender="news@example.org", reply_to="ana@example.org"
    )
}
HEAD = """\
id: news
title: News
owner: team
projects: [1.1.3, 2.2.1]
accounts: [newsletter]
source_locale: en
locales: [en, es]
schedule: {zone: UTC, monthly: {nth: 1, on: thursday, at: "10:00"}}
"""
VOCABULARY = Vocabulary(
    segments={"brazil": "country = BR"}, topics=("policy", "security"), lists=("newsletter",)
)


def load(folder: Path, strategy: Strategy, rest: str) -> Campaign:
    (folder / "spring.yaml").write_text("", encoding="utf-8")
    path = folder / "news.yaml"
    path.write_text(HEAD + rest, encoding="utf-8")
    return load_campaign(path, strategy=strategy, accounts=ACCOUNTS, vocabulary=VOCABULARY)


def test_a_newsletter_is_read_with_its_stories_note_and_readers(
    tmp_path: Path, strategy: Strategy
) -> None:
    loaded = load(
        tmp_path,
        strategy,
        """\
newsletter:
  subject: {en: News, es: Noticias}
  introduction: What is new.
  note: {by: {en: Ana, es: Ana María}, text: "**Hello.**"}
  stories: {from: [spring], since: 30 days, at_most: 4}
  compose_before: 3 days
topics: [policy, security]
audience: {segment: brazil and language = pt, local: true, sample: 5%}
items:
  - id: own
    story: {headline: One, body: Two, by: Maria, order: 3}
    link: https://example.org/own
    embargo_until: "2026-12-01 10:00"
  - id: later
    title: Still to be written
    owner: maria
    due: 2026-12-10
""",
    )
    said = loaded.newsletter
    assert said is not None
    assert (said.subject.given["es"], said.subject.context) == (
        "Noticias",
        "news newsletter.subject",
    )
    assert said.introduction is not None
    assert said.note is not None
    assert (said.note.text.context, said.note.by.given["es"]) == (
        "news newsletter.note.text",
        "Ana María",
    )
    assert said.sources == Sources(campaigns=("spring",), since=timedelta(days=30), at_most=4)
    assert (said.compose_before, loaded.compose_before) == (timedelta(days=3),) * 2
    assert loaded.audience == Audience(
        topics=("policy", "security"),
        segment="country = 'BR' and language = 'pt'",
        local=True,
        sample="5%",
    )
    assert loaded.has_editions
    assert loaded.not_after == timedelta(days=2)
    own, later = loaded.items
    assert own.story is not None
    assert own.story.byline is not None
    assert (own.story.byline.source, own.story.order) == ("Maria", 3)
    assert (later.story, later.title, later.owner) == (None, "Still to be written", "maria")


def test_a_newsletter_needs_a_subject_and_stories_alone(tmp_path: Path, strategy: Strategy) -> None:
    loaded = load(tmp_path, strategy, "newsletter: {subject: News, stories: {from: all}}\n")
    assert loaded.newsletter is not None
    assert loaded.newsletter.sources == Sources(campaigns=None)
    assert loaded.audience == Audience()
    assert loaded.compose_before == timedelta(days=2)


@pytest.mark.parametrize(
    ("written", "read"),
    [("previous edition", None), ("2 weeks", timedelta(weeks=2))],
)
def test_it_looks_back_to_the_previous_edition_or_for_a_time(
    tmp_path: Path, strategy: Strategy, written: str, read: timedelta | None
) -> None:
    text = f"newsletter: {{subject: News, stories: {{from: all, since: {written}}}}}\n"
    loaded = load(tmp_path, strategy, text)
    assert loaded.newsletter is not None
    assert loaded.newsletter.sources is not None
    assert loaded.newsletter.sources.since == read


def test_a_digest_may_choose_its_readers_too(tmp_path: Path, strategy: Strategy) -> None:
    text = "digest: {subject: a, introduction: b}\naudience: {sample: 200}\ntopics: policy\n"
    assert load(tmp_path, strategy, text).audience == Audience(topics=("policy",), sample="200")


def test_a_named_segment_is_kept_as_the_rule_that_it_was(
    tmp_path: Path, strategy: Strategy
) -> None:
    text = "digest: {subject: a, introduction: b}\naudience: {segment: brazil}\n"
    assert load(tmp_path, strategy, text).audience.segment == "country = 'BR'"


def test_a_story_has_no_dates_to_lack(tmp_path: Path, strategy: Strategy) -> None:
    """Items of a newsletter take no dates of its schedule: more of them than dates is no fault."""
    rest = HEAD.replace(
        'monthly: {nth: 1, on: thursday, at: "10:00"}', 'dates: ["2026-12-03 10:00"]'
    )
    stories = "".join(f"  - {{id: s{n}, story: {{headline: a, body: b}}}}\n" for n in range(3))
    path = tmp_path / "news.yaml"
    path.write_text(f"{rest}newsletter: {{subject: News}}\nitems:\n{stories}", encoding="utf-8")
    assert len(load_campaign(path, strategy=strategy, accounts=ACCOUNTS).items) == 3
