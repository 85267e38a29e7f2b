"""Partners are named as each network knows them, or by their name."""

from pathlib import Path

import pytest

from campaigner.core.campaign import ANY
from campaigner.errors import FileError
from campaigner.loading.partners import handle_fault, load_partners
from tests.loading.conftest import CAMPAIGN, Faults, Load

HEAD = CAMPAIGN.partition("items:")[0]
ITEM = "items:\n  - id: phishing\n"
PARTNERS = """\
lacnic:
  name: LACNIC
  x: "@lacnic"
  mastodon: "@lacnic@mastodon.example"
  manual: LACNIC (page)
isoc: {name: {en: Internet Society, es: Sociedad de Internet}}
"""


@pytest.fixture
def file(campaigns: Path) -> Path:
    path = campaigns / "data" / "partners.yaml"
    path.write_text(PARTNERS, encoding="utf-8")
    return path


def faults_of(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    try:
        load_partners(path)
    except FileError as error:
        return [f"{p.line}: {p.found}. {p.fix}" for p in error.problems]
    return []


def test_a_partner_has_a_name_and_a_handle_per_channel(file: Path) -> None:
    partners = load_partners(file)
    lacnic, isoc = partners["lacnic"], partners["isoc"]
    assert lacnic.name.source == "LACNIC"
    assert lacnic.handle_on("x") == "@lacnic"
    assert lacnic.handle_on("mastodon") == "@lacnic@mastodon.example"
    assert lacnic.handle_on("manual") == "LACNIC (page)"
    assert lacnic.handle_on("email") is None
    assert isoc.name.given == {"en": "Internet Society", "es": "Sociedad de Internet"}
    assert isoc.name.source == "Internet Society", "the first is for languages not named"


def test_without_a_file_there_are_no_partners(tmp_path: Path) -> None:
    assert load_partners(tmp_path / "partners.yaml") == {}


def test_a_campaign_may_name_its_partners_anywhere(file: Path, load: Load) -> None:
    text = "    text: With {{ partner.lacnic }}, {{ place }}.\n"
    campaign = load(HEAD, add=f"variables: {{place: 'at {{{{ partner.isoc }}}}'}}\n{ITEM}{text}")
    assert campaign.items[0].texts[ANY].source == "With {{ partner.lacnic }}, {{ place }}."
    assert set(campaign.partners) == {"lacnic", "isoc"}


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("partner.lacnik", "but there is no such partner. Did you mean 'lacnic'?"),
        ("partner.zzz", "no such partner. Add `zzz: {name: …}` to campaigns/data/partners.yaml."),
        ("partners.lacnic", "but only partner.… and library.… have a dot. Write"),
        ("foo.bar", "but only partner.… and library.… have a dot. Write the name without one"),
        ("partner.lacnic.x", "`text` holds `{{` that belongs to no placeholder"),
    ],
)
def test_a_partner_that_is_not_there_is_told(asked: str, told: str, faults: Faults) -> None:
    [problem] = faults(HEAD, add=f"{ITEM}    text: 'With {{{{ {asked} }}}}'")
    assert problem.startswith("13: `text`")
    assert told in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- lacnic", "1: partners must be names with their values. Write `name: …`."),
        ("LACNIC: {name: a}", "1: 'LACNIC' cannot be the name of a partner. Begin with a lower"),
        ("la-cnic: {name: a}", "1: 'la-cnic' cannot be the name of a partner. Begin"),
        ("a: LACNIC", "1: the partner 'a' is the text 'LACNIC', but needs keys with values."),
        ("a:\n  x: '@a'", "2: `name` is missing in the partner 'a'. Add `name: …`."),
        ("a: {name: b, twitter: '@a'}", "1: 'twitter' is not known in the partner 'a'. Known are"),
        ("a:\n  name: b\n  x: lacnic", "3: 'lacnic' cannot be a handle on X. Write @ and up to"),
        ("a:\n  name: b\n  mastodon: '@a'", "3: '@a' cannot be a handle on Mastodon. Write it"),
        ("a:\n  name: b {{ c }}", "2: `name` asks for {{ c }}, but it can ask for partners only."),
        ("a: {name: {zz9: b}}", "1: 'zz9' in `name` is no locale."),
        ("a: {name: b}\na: {name: c}", "2: 'a' is given twice, first in line 1."),
    ],
)
def test_each_fault_of_the_file_is_told(file: Path, text: str, told: str) -> None:
    problems = faults_of(file, text)
    assert any(problem.startswith(told) for problem in problems), problems
    assert len(problems) == 1, problems


@pytest.mark.parametrize(
    ("channel", "handle", "right"),
    [
        ("x", "@a", True),
        ("x", "@ICANN_LAC_demo1", True),
        ("x", "@sixteen_letters_", False),
        ("x", "@ñandú", False),
        ("x", "@", False),
        ("x", "https://x.com/icann", False),
        ("mastodon", "@a@mastodon.example", True),
        ("mastodon", "@a.b-c@niños.example", True),
        ("mastodon", "@a.@mastodon.example", False),
        ("mastodon", "a@mastodon.example", False),
        ("mastodon", "@a@localhost", False),
        ("mastodon", "@a@-b-.example", False),
        ("mastodon", "@a@b@c.example", False),
        ("manual", "Anything & more", True),
    ],
)
def test_a_handle_is_what_its_network_takes(channel: str, handle: str, right: bool) -> None:
    assert (handle_fault(channel, handle) is None) is right
