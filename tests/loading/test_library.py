"""What is written once for every campaign: texts and hashtags."""

from pathlib import Path

import pytest

from campaigner.core.campaign import Campaign
from campaigner.errors import FileError
from campaigner.loading.library import Library, load_library
from tests.loading.conftest import CAMPAIGN, Faults, Load

HEAD = CAMPAIGN.partition("items:")[0]
ITEM = "items:\n  - id: phishing\n"
TEXT = f"{ITEM}    text: Hello.\n"
LIBRARY = """\
source_locale: en
texts:
  english_only: {en: In English only., es: Solo en inglés.}
  welcome: Welcome, says {{ partner.lacnic }}.
  unused: Nobody asks for it.
hashtags:
  security: {en: CyberSecurity, es: Ciberseguridad, pt_BR: Cibersegurança}
  dns: DNS
  spanish: {es: Hola}
"""


@pytest.fixture
def file(campaigns: Path) -> Path:
    (campaigns / "data" / "partners.yaml").write_text("lacnic: {name: LACNIC}\n", "utf-8")
    path = campaigns / "data" / "library.yaml"
    path.write_text(LIBRARY, encoding="utf-8")
    return path


def faults_of(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    try:
        load_library(path, partners=["lacnic"])
    except FileError as error:
        return [f"{p.line}: {p.found}. {p.fix}" for p in error.problems]
    return []


def hashtags(campaign: Campaign) -> dict[str, tuple[str, ...]]:
    return dict(campaign.items[0].hashtags)


def test_without_a_file_the_library_is_empty(tmp_path: Path) -> None:
    assert load_library(tmp_path / "library.yaml", partners=()) == Library()


@pytest.mark.usefixtures("file")
def test_a_campaign_holds_the_texts_that_it_asks_for_and_no_others(load: Load) -> None:
    text = "    text: {en: 'Hi. {{ library.english_only }}', es: 'Hola. {{ library.welcome }}'}\n"
    campaign = load(HEAD, add=f"variables: {{year: 2026}}\n{ITEM}{text}")
    assert list(campaign.variables) == ["year", "library.english_only", "library.welcome"]
    words = campaign.variables["library.english_only"]
    assert words.context == "library english_only"
    assert (words.source, words.given["es"]) == ("In English only.", "Solo en inglés.")
    assert campaign.language_of(words) == "en"


@pytest.mark.usefixtures("file")
def test_a_text_of_the_library_keeps_its_own_language(load: Load) -> None:
    campaign = load(
        HEAD,
        add=f"{ITEM}    text: 'Hola. {{{{ library.welcome }}}}'\n",
        source_locale="source_locale: es",
    )
    assert campaign.language_of(campaign.variables["library.welcome"]) == "en"


@pytest.mark.usefixtures("file")
def test_a_hashtag_of_the_library_is_each_languages_own_word(load: Load) -> None:
    campaign = load(HEAD, add=f"{TEXT}    hashtags: [library.security, Lima, library.dns]\n")
    assert hashtags(campaign) == {
        "en": ("CyberSecurity", "Lima", "DNS"),
        "es": ("Ciberseguridad", "Lima", "DNS"),
    }


@pytest.mark.usefixtures("file")
def test_hashtags_of_the_library_may_stand_under_a_locale(load: Load) -> None:
    tags = "{es: [library.spanish, Hola], all: library.dns}"
    campaign = load(HEAD, add=f"{TEXT}    hashtags: {tags}\n")
    assert hashtags(campaign) == {"en": ("DNS",), "es": ("Hola",)}, "what comes twice stands once"


@pytest.mark.usefixtures("file")
def test_a_post_in_the_language_of_the_file_has_its_hashtags_too(load: Load) -> None:
    campaign = load(
        HEAD,
        add=f"{TEXT}    hashtags: library.security\n",
        locales="locales: [es]",
        accounts="accounts: [x-es]",
    )
    assert hashtags(campaign) == {"es": ("Ciberseguridad",), "en": ("CyberSecurity",)}


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("part", "told"),
    [
        (
            f"{ITEM}    text: '{{{{ library.welcom }}}}'",
            "13: `text` asks for {{ library.welcom }}, but there is no such text in the library. "
            "Did you mean 'welcome'?",
        ),
        (
            f"{ITEM}    text: '{{{{ library.zz }}}}'",
            "in the library. Add `zz: …` under `texts` in campaigns/data/library.yaml.",
        ),
        (
            f"variables: {{a: '{{{{ library.welcome }}}}'}}\n{TEXT}",
            "11: `a` asks for {{ library.welcome }}, but it can ask for partners only.",
        ),
        (
            f"{TEXT}    hashtags: library.securty",
            "14: there is no hashtag 'securty' in the library. Did you mean 'security'?",
        ),
        (
            f"{TEXT}    hashtags: [DNS, library.zz]",
            "there is no hashtag 'zz' in the library. Add `zz: …` under `hashtags` in campaigns/",
        ),
        (
            f"{TEXT}    hashtags: '#library.dns'",
            "14: '#library.dns' has a # before it. Write library.dns: the # is added.",
        ),
        (
            f"{TEXT}    hashtags: library.spanish",
            "14: the hashtag library.spanish has no word for 'en'. Add `en: …` to it in "
            "campaigns/data/library.yaml, or `all: …` for every language.",
        ),
    ],
)
def test_what_the_library_has_not_is_told(part: str, told: str, faults: Faults) -> None:
    [problem] = faults(HEAD, add=part)
    assert told in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a]", "1: the library is a list, but needs keys with values."),
        ("text: {a: b}", "1: 'text' is not known in the library. Did you mean 'texts'?"),
        ("texts: {a: b}", "1: the library does not say in which language its texts are. Add"),
        ("source_locale: english", "1: 'english' is not a locale."),
        ("source_locale: en\ntexts: b", "2: `texts` must be names with their values. Write"),
        ("source_locale: en\ntexts: {A: b}", "2: 'A' cannot be the name of a text. Begin with"),
        ("source_locale: en\ntexts: {if: b}", "2: 'if' cannot be the name of a text."),
        (
            "source_locale: en\ntexts: {a: {es: b}}",
            "2: `a` has no text that could be translated for other languages. Add `en: …`",
        ),
        (
            "source_locale: en\ntexts: {a: '{{ b }}'}",
            "2: `a` asks for {{ b }}, but it can ask for partners only. Write out what",
        ),
        (
            "source_locale: en\ntexts: {a: '{{ partner.lacnik }}'}",
            "2: `a` asks for {{ partner.lacnik }}, but there is no such partner. Did you mean",
        ),
        ("hashtags: {a b: c}", "1: 'a b' cannot be the name of a hashtag."),
        ("hashtags: {a: '#c'}", "1: '#c' cannot be a hashtag. Write c: the # is added when"),
        ("hashtags: {a: {en: [b]}}", "1: `a` is a list, but must be one text."),
        ("hashtags: {a: {}}", "1: `a` is empty."),
    ],
)
def test_each_fault_of_the_file_is_told(file: Path, text: str, told: str) -> None:
    problems = faults_of(file, text)
    assert any(problem.startswith(told) for problem in problems), problems
    assert len(problems) == 1, problems
