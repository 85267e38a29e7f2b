"""The schema says what the loaders take: the same keys, and no good file refused."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from campaigner.core.strategy import Strategy
from campaigner.loading.schema import SCHEMAS, campaign_schema
from tests.loading.conftest import ACCOUNTS, CAMPAIGN, Faults

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "tests" / "data" / "campaigns"
STRANGE = "qqqqqqqqqq"  # like no key, so that the loader lists those that it knows


def parsed(text: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    return yaml.load(text)


def refused(schema: Mapping[str, Any], text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(parsed(text))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize("name", ["dns-security-awareness", "lac-newsletter", "pdp-digest"])
def test_the_sample_campaigns_are_taken(name: str, strategy: Strategy) -> None:
    text = (ROOT / "campaigns" / f"{name}.yaml").read_text(encoding="utf-8")
    assert refused(campaign_schema(), text) == []
    assert refused(campaign_schema(strategy), text) == []


@pytest.mark.parametrize("name", ["partners", "library", "glossary"])
def test_the_sample_data_are_taken(name: str) -> None:
    text = (ROOT / "campaigns" / "data" / f"{name}.yaml").read_text(encoding="utf-8")
    assert refused(SCHEMAS[name](), text) == []


PLACES = {
    "": f"{STRANGE}: 1\n",
    "schedule": f"schedule: {{{STRANGE}: 1}}\n",
    "schedule.daily": f"schedule: {{zone: UTC, daily: {{{STRANGE}: 1}}}}\n",
    "schedule.weekly": f"schedule: {{zone: UTC, weekly: {{{STRANGE}: 1}}}}\n",
    "schedule.monthly": f"schedule: {{zone: UTC, monthly: {{{STRANGE}: 1}}}}\n",
    "schedule.event": f"schedule: {{zone: UTC, event: {{{STRANGE}: 1}}}}\n",
    "schedule.holidays": f"schedule: {{zone: UTC, holidays: {{{STRANGE}: 1}}}}\n",
    "schedule.quiet": f"schedule: {{zone: UTC, quiet: {{{STRANGE}: 1}}}}\n",
    "schedule.rotation": f"schedule: {{zone: UTC, rotation: {{{STRANGE}: 1}}}}\n",
    "utm": f"utm: {{{STRANGE}: 1}}\n",
    "digest": f"digest: {{{STRANGE}: 1}}\n",
    "newsletter": f"newsletter: {{{STRANGE}: 1}}\n",
    "newsletter.note": f"newsletter: {{note: {{{STRANGE}: 1}}}}\n",
    "newsletter.stories": f"newsletter: {{stories: {{{STRANGE}: 1}}}}\n",
    "audience": f"digest: {{subject: a, introduction: b}}\naudience: {{{STRANGE}: 1}}\n",
    "items[]": f"items: [{{{STRANGE}: 1}}]\n",
    "items[].story": f"items: [{{id: a, text: b, story: {{{STRANGE}: 1}}}}]\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_the_schema_has_the_keys_that_the_loader_knows(place: str, faults: Faults) -> None:
    told = next(line for line in faults(PLACES[place]) if STRANGE in line)
    listed = told.partition("Known are ")[2]
    assert set(re.findall(r"'([^']+)'", listed)) == set(at(campaign_schema(), place)["properties"])


def at(schema: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    for step in filter(None, place.split(".")):
        schema = schema["properties"][step.removesuffix("[]")]
        if step.endswith("[]"):
            schema = schema["items"]
    return schema


GOOD_SCHEDULES = (
    'daily: {every: 3, at: "10:00"}',
    'weekly: {on: [monday, thursday], at: ["10:00", "17:30"], every: 2}',
    'monthly: {day: last, at: "10:00", every: 3}',
    'monthly: {nth: 2, on: tuesday, at: "10:00"}',
    'dates: ["2026-12-01 10:00", "2026-12-08 10:00"]',
    'event: {name: ICANN 87, at: "2026-10-24 09:00", when: ["14 days before", "1 hour before"]}',
    "slots: account",
    'weekly: {on: friday, at: "10:00"}\n  holidays: {countries: [BR, MX], then: back}',
    'weekly: {on: friday, at: "10:00"}\n  quiet: {from: "22:00", to: "07:00", on: sunday}',
    'weekly: {on: friday, at: "10:00"}\n  rotation: {gap: 30 days, times: 6}',
)


@pytest.mark.parametrize("schedule", GOOD_SCHEDULES)
def test_a_schedule_that_the_loader_takes_is_taken(schedule: str, faults: Faults) -> None:
    text = CAMPAIGN.replace('weekly: {on: tuesday, at: "10:00"}', schedule)
    assert faults(text) == []
    assert refused(campaign_schema(), text) == []


WRONG = {
    "a mistyped key": ("title:", "titel:"),
    "an impossible time": ('at: "10:00"', 'at: "25:00"'),
    "an unknown weekday": ("on: tuesday", "on: tuesdai"),
    "two cadences": ("  weekly:", '  dates: ["2026-12-01 10:00"]\n  weekly:'),
    "no text and no title": ("    text: Phishing deceives people.\n", ""),
    "a link that is not https": ("    text:", "    link: http://example.org\n    text:"),
    "a capital in an id": ("- id: phishing", "- id: Phishing"),
    "a digest beside items": ("items:", "digest: {subject: a, introduction: b}\nitems:"),
    "a picture without words": ("    text:", "    media: media/hook.png\n    text:"),
    "an unknown word": ("items:", "approval: nobody\nitems:"),
    "a newsletter beside a digest": (
        "items:",
        "newsletter: {subject: a}\ndigest: {subject: a, introduction: b}\nitems:",
    ),
    "readers of posts": ("items:", "topics: [policy]\nitems:"),
    "an order that is no number": (
        "    text:",
        "    story: {headline: a, body: b, order: first}\n    text:",
    ),
}


@pytest.mark.parametrize("situation", WRONG)
def test_what_is_wrong_is_refused_by_schema_and_loader(situation: str, faults: Faults) -> None:
    old, new = WRONG[situation]
    text = CAMPAIGN.replace(old, new)
    assert text != CAMPAIGN
    assert faults(text)
    assert refused(campaign_schema(), text)


def test_in_a_workspace_only_its_accounts_and_projects_are_taken(strategy: Strategy) -> None:
    schema = campaign_schema(strategy, ACCOUNTS)
    assert refused(schema, CAMPAIGN) == []
    assert refused(schema, CAMPAIGN.replace("[1.1.3]", "[1.1.33]"))
    assert refused(schema, CAMPAIGN.replace("x-en", "x-xx"))
