"""What an item may say of itself: placeholders, embargoes, a language of its own."""

# ruff: noqa: E501 - a fault and what is told about it stand on one line

from datetime import UTC, date, datetime

import pytest

from campaigner.core.campaign import ANY
from tests.loading.conftest import CAMPAIGN, Faults, Load

HEAD = CAMPAIGN.partition("items:")[0]
ITEM = "items:\n  - id: phishing\n"
PLANNED = """\
items:
  - id: one-year
    title: "Phishing: one year later"
    owner: maria
    due: 2026-11-20
    link: https://example.org/
    media: media/hook.png
    alt: A hook.
  - id: written
    text: Hello.
    title: The greeting
    owner: ana
"""


def test_a_placeholder_has_a_title_an_owner_and_a_day_but_no_text(load: Load) -> None:
    planned, written = load(HEAD, add=PLANNED).items
    assert planned.is_placeholder
    assert (planned.title, planned.owner) == ("Phishing: one year later", "maria")
    assert planned.due == date(2026, 11, 20)
    assert planned.links == {ANY: "https://example.org/"}
    assert not written.is_placeholder
    assert (written.title, written.owner, written.due) == ("The greeting", "ana", None)


def test_a_campaign_of_placeholders_only_can_be_read(load: Load) -> None:
    campaign = load(HEAD, add=f"{ITEM}    title: Later\n")
    assert [item.is_placeholder for item in campaign.items] == [True]


def test_an_embargo_ends_at_wall_clock_time_in_the_schedules_zone(load: Load) -> None:
    campaign = load(
        HEAD,
        add=f'embargo_until: "2026-12-01 10:00"\n{ITEM}    text: Hi.\n'
        '    embargo_until: "2026-12-05 09:30"\n',
    )
    assert campaign.embargo_until == datetime(2026, 12, 1, 13, tzinfo=UTC)
    assert campaign.items[0].embargo_until == datetime(2026, 12, 5, 12, 30, tzinfo=UTC)


def test_an_item_may_be_written_in_a_language_of_its_own(load: Load) -> None:
    text = f"{ITEM}    source_locale: es\n    text: Hola.\n    media: media/hook.png\n    alt: Un anzuelo.\n"
    story = "    story: {headline: Uno, body: {es: Dos, en: Two}}\n  - id: other\n    text: Hi.\n"
    campaign = load(HEAD, add=text + story)
    spanish, english = campaign.items
    [picture] = spanish.pictures[ANY]
    assert spanish.story is not None
    assert picture.alt is not None
    said = (spanish.texts[ANY], picture.alt, spanish.story.headline, spanish.story.body)
    assert {wording.locale for wording in said} == {"es"}
    assert spanish.story.body.source == "Dos"
    assert (spanish.source_locale, english.source_locale) == ("es", "")
    assert campaign.language_of(spanish.texts[ANY]) == "es"
    assert campaign.language_of(english.texts[ANY]) == "en"


def test_an_items_own_language_need_not_be_one_of_the_campaigns(load: Load) -> None:
    text = f"{ITEM}    source_locale: pt-br\n    text: {{pt_BR: Olá., en: Hello.}}\n"
    item = load(HEAD, add=text).items[0]
    assert (item.source_locale, item.texts[ANY].source) == ("pt_BR", "Olá.")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (f"{ITEM}    owner: maria", "12: `title` is missing in the item. Add `title: …`."),
        (f"{ITEM}    due: 2026-11-20", "12: `title` is missing in the item."),
        (f"{ITEM}    link: https://example.org", "12: `text` is missing in the item."),
        (f"{ITEM}    title: Later\n    text:", "14: `text` has no value. Give it one, or remove the line."),
        (f"{ITEM}    title: Later\n    due: soon", "14: `due` is no day: 'soon'. Write it as year-month-day"),
        (f"{ITEM}    title: [a]", "13: `title` is a list, but must be one text."),
        (f"{ITEM}    text: a\n    source_locale: spanish", "14: 'spanish' is not a locale. Write a language"),
        (f"{ITEM}    source_locale: es\n    text: {{en: a}}", "14: `text` has no text that could be translated for 'es'. Add `es: …`"),
        (f"{ITEM}    text: a\n    embargo_until: 2026-12-01", "14: "),
        (f"{ITEM}    text: a\n    embargo: 2026-12-01", "14: 'embargo' is not known in the item. Did you mean 'embargo_until'?"),
    ],
)  # fmt: skip
def test_each_fault_of_these_fields_is_told(part: str, told: str, faults: Faults) -> None:
    problems = faults(HEAD, add=part)
    assert any(told in problem for problem in problems), problems
    assert len(problems) == 1, problems


def test_an_embargo_is_checked_though_the_zone_is_wrong(faults: Faults) -> None:
    zone = HEAD.replace("America/Montevideo", "Nowhere")
    problems = faults(zone, add=f"{ITEM}    text: a\n    embargo_until: soon")
    assert [problem.partition(":")[0] for problem in problems] == ["9", "14"]


def test_a_campaigns_rules_for_links_win_over_the_workspaces(load: Load) -> None:
    campaign = load(
        add='utm: {campaign: "{campaign}-{locale}", term: "", medium: 7}\n',
    )
    assert campaign.utm == {"campaign": "{campaign}-{locale}", "term": "", "medium": "7"}
