"""A draft's link says who brought the reader, by the campaign's rules."""

from campaigner.core.campaign import ANY, Campaign
from campaigner.core.links import key_in
from campaigner.core.message import Identity
from campaigner.rendering.drafts import link_key, tracked_link
from tests.rendering.builders import campaign, item

IDENTITY = Identity(
    campaign="demo", run="2026", item="one", repetition=0, account="x-latam", locale="es_419"
)
KEY = f"&utm_content={link_key(IDENTITY)}"


def linked(**changes: object) -> Campaign:
    return campaign(item("Hi", links={ANY: "https://a.test/?b=1"}), **changes)


def test_without_rules_a_link_says_channel_and_campaign() -> None:
    by = linked()
    link = tracked_link(by, by.items[0], IDENTITY, channel="x")
    assert link == f"https://a.test/?b=1&utm_source=x&utm_medium=social&utm_campaign=demo{KEY}"


def test_rules_say_the_account_the_language_the_item_and_the_project() -> None:
    rules = {
        "source": "{account}",
        "medium": "",
        "campaign": "{campaign}-{locale}",
        "term": "{project}/{item}",
    }
    by = linked(utm=rules)
    assert tracked_link(by, by.items[0], IDENTITY, channel="x") == (
        f"https://a.test/?b=1&utm_source=x-latam&utm_campaign=demo-es-419&utm_term=1.1.3%2Fone{KEY}"
    )


def test_what_others_publish_for_us_can_have_a_source_of_its_own() -> None:
    by = linked(utm={"source": "{account}"})
    link = tracked_link(by, by.items[0], IDENTITY, channel="x", source="partner-kit")
    assert "utm_source=partner-kit&" in link
    assert key_in(link) == link_key(IDENTITY)


def test_an_item_without_a_link_gets_none() -> None:
    by = campaign(item("Hi"))
    assert tracked_link(by, by.items[0], IDENTITY, channel="x") == ""
