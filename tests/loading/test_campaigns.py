"""Campaign files: what is taken, and what is told about each fault."""

# ruff: noqa: E501 - a fault and what is told about it stand on one line

from datetime import time, timedelta
from pathlib import Path

import pytest

from campaigner.core.cadence import Weekly
from campaigner.core.campaign import ANY, Approval, Missing
from campaigner.core.strategy import Strategy
from campaigner.errors import FileError
from campaigner.loading.campaigns import load_campaign
from tests.loading.conftest import ACCOUNTS, CAMPAIGN, PNG, Faults, Load

DATA = Path(__file__).parents[1] / "data" / "campaigns"
HEAD = CAMPAIGN.partition("items:")[0]
ITEM = "items:\n  - id: phishing\n"
TEXT = f"{ITEM}    text: Hello.\n"
DIGEST = """\
digest:
  subject: What changed
  introduction: "The week {{ year }}"
  compose_before: 36 hours
variables: {year: 2026}
"""


def test_a_plain_campaign_is_read_with_its_defaults(load: Load) -> None:
    campaign = load()
    assert (campaign.id, campaign.title) == ("awareness", "DNS security")
    assert campaign.projects == ("1.1.3",)
    assert campaign.accounts == ("x-en", "x-es", "mastodon")
    assert campaign.schedule.cadence == Weekly(weekdays=frozenset({1}), times=(time(10),))
    assert str(campaign.schedule.zone) == "America/Montevideo"
    assert campaign.not_after == timedelta(days=1)
    assert (campaign.missing, campaign.approval) == (Missing.HOLD, Approval.FOUR_EYES)
    assert campaign.template == "social/post.txt"
    text = campaign.item("phishing").texts[ANY]
    assert (text.source, text.context) == ("Phishing deceives people.", "awareness/phishing text")
    assert text.line == 13


def test_everything_that_may_be_said_is_read(load: Load) -> None:
    campaign = load(
        HEAD,
        add="""\
not_after: 90 minutes
missing_translation: skip
approval: one-person
template: social/long.txt
variables:
  year: 2026
  place: {en: Lima, es: "Lima, Perú"}
items:
  - id: phishing
    text:
      x: {en: 'Short {year}.', es: Corto.}
      all: >-
        Longer, of {{ year }}.
    link: {en: https://example.org/a, all: "https://bücher.example/ñ?x=1#y"}
    hashtags: {es: [Suplantación], all: [DNS, Ciber_seguridad2]}
    media: {es: media/hook.png, all: [media/bait.png]}
    alt: {en: A hook., es: Un anzuelo.}
    story: {headline: Hooks, body: {en: "**Bold**", es: "**Negrita**"}}
  - id: malware
    text: {en: One, es: Uno}
    media: [media/hook.png, media/bait.png]
    alt: [A hook., A bait.]
""",
    )
    item, other = campaign.items
    assert campaign.not_after == timedelta(minutes=90)
    assert (campaign.missing, campaign.approval) == (Missing.SKIP, Approval.ONE_PERSON)
    assert campaign.template == "social/long.txt"
    assert campaign.variables["year"].source == "2026"
    assert campaign.variables["year"].context == "awareness variables.year"
    assert campaign.variables["place"].given["es"] == "Lima, Perú"
    short = item.texts["x"]
    assert (short.context, short.source) == ("awareness/phishing text.x", "Short {year}.")
    assert short.given == {"en": "Short {year}.", "es": "Corto."}
    assert (item.texts[ANY].source, item.texts[ANY].given) == ("Longer, of {{ year }}.", {})
    assert item.text_on("mastodon") is item.texts[ANY]
    assert item.links == {"en": "https://example.org/a", ANY: "https://bücher.example/ñ?x=1#y"}
    assert item.hashtags == {"es": ("Suplantación",), ANY: ("DNS", "Ciber_seguridad2")}
    assert [picture.file for picture in item.pictures["es"]] == ["media/hook.png"]
    [picture] = item.pictures[ANY]
    assert picture.alt is not None
    assert (picture.alt.source, picture.alt.given["es"]) == ("A hook.", "Un anzuelo.")
    assert item.story is not None
    assert item.story.body.context == "awareness/phishing story.body"
    assert other.texts[ANY].given == {"en": "One", "es": "Uno"}
    alts = [picture.alt.context for picture in other.pictures[ANY] if picture.alt]
    assert alts == ["awareness/malware alt.1", "awareness/malware alt.2"]


def test_alt_texts_may_be_lists_per_locale(load: Load) -> None:
    media = "    media: [media/hook.png, media/bait.png]\n"
    item = load(HEAD, add=f"{TEXT}{media}    alt: {{en: [A, B], es: [C, D]}}\n").items[0]
    assert [picture.alt.given for picture in item.pictures[ANY] if picture.alt] == [
        {"en": "A", "es": "C"},
        {"en": "B", "es": "D"},
    ]


def test_a_digest_stands_in_place_of_items(load: Load) -> None:
    campaign = load(HEAD, add=DIGEST, accounts="accounts: newsletter")
    assert campaign.digest is not None
    assert campaign.digest.subject.context == "awareness digest.subject"
    assert campaign.digest.introduction.context == "awareness digest.introduction"
    assert campaign.digest.compose_before == timedelta(hours=36)
    assert campaign.not_after == timedelta(days=2)
    assert campaign.items == ()


def test_locales_may_be_written_as_on_the_web(load: Load) -> None:
    campaign = load(locales="locales: [pt-BR, ES]", accounts="accounts: [mastodon]")
    assert campaign.locales == ("pt_BR", "es")


def test_the_source_locale_need_not_be_published(load: Load) -> None:
    campaign = load(
        locales="locales: [es]", accounts="accounts: [x-es]", source_locale="source_locale: fr"
    )
    assert (campaign.source_locale, campaign.locales) == ("fr", ("es",))


def test_a_text_for_an_ancestor_serves_its_descendants(load: Load, faults: Faults) -> None:
    text = f"{ITEM}    text: {{es: Hola, en: Hello}}\n"
    assert load(HEAD, add=text).items[0].texts[ANY].given == {"es": "Hola", "en": "Hello"}
    mexican = f"{HEAD.replace('x-es, ', '')}{ITEM}    text: {{es_419: Hola}}\n"
    [told] = faults(mexican, locales="locales: [en]")
    assert "'es_419' in `text` is no locale of the campaign" in told


def test_ten_faults_are_ten_problems_with_their_lines(strategy: Strategy) -> None:
    path = DATA / "ten-faults.yaml"
    with pytest.raises(FileError) as caught:
        load_campaign(path, strategy=strategy, accounts=ACCOUNTS)
    told = str(caught.value).replace(str(path), path.name)
    assert told.splitlines() == (DATA / "ten-faults.txt").read_text(encoding="utf-8").splitlines()
    assert len(caught.value.problems) == 10


@pytest.mark.parametrize(
    ("key", "line", "told"),
    [
        ("id", "id: other", "1: the id 'other' is not the name of the file. Write `id: awareness`"),
        ("id", "id: Aware ness", "1: 'Aware ness' cannot be an id. Write small letters"),
        ("title", "title:", "2: `title` has no value. Give it one"),
        ("title", "title: ' '", "2: `title` is empty."),
        ("title", "title: [a]", "2: `title` is a list, but must be one text. Write one text"),
        ("owner", "ownr: me", "3: 'ownr' is not known in the campaign. Did you mean 'owner'?"),
        ("owner", "owner: a\ntitle: b", "4: 'title' is given twice, first in line 2. Keep one"),
        ("projects", "projects: []", "4: `projects` is an empty list. Name at least one."),
        ("projects", "projects: 1.1", "4: '1.1' is not a project but a part of the strategy"),
        ("projects", "projects: [1.1.3, 1.1.3]", "4: '1.1.3' is named twice in `projects`."),
        ("projects", "projects: zz", "4: project 'zz' is not in the strategy. Check the name."),
        ("accounts", "accounts: [x-en, x-es, zz]", "5: account 'zz' is not in campaigner.toml. Known"),
        ("accounts", "accounts: [x-en]", "7: no account of this campaign serves es. Add an account"),
        ("accounts", "accounts: [mastodon, newsletter]", "5: account 'newsletter' sends mail, but"),
        ("source_locale", "source_locale: english", "6: 'english' is not a locale. Write a language"),
        ("locales", "locales: [en, es, es]", "7: 'es' is named twice in `locales`."),
        ("locales", "locales: [en, es, ES]", "7: 'ES' names es for the second time. Keep"),
        ("locales", "locales: [en, es, spanish]", "7: 'spanish' is not a locale."),
        ("locales", "locales: [en]", "5: account 'x-es' serves 'es', none of this campaign's"),
        ("title", "title: a\nnot_after: 0 days", "3: `not_after` is 0 days, but must be more"),
        ("title", "title: a\nnot_after: 999999 weeks", "3: `not_after` is 999999 weeks, but must"),
        ("title", "title: a\nnot_after: 3", "3: `not_after` is no length of time: '3'."),
        ("title", "title: a\napproval: two", "3: `approval` cannot be 'two'. Write 'four-eyes' or"),
        ("title", "title: a\napproval: four-eye", "3: `approval` cannot be 'four-eye'. Did you mean"),
        ("title", "title: a\nmissing_translation: hol", "Did you mean 'hold'?"),
        ("title", "title: a\ntemplate: ../x.txt", "3: '../x.txt' is no template's name. Name a"),
        ("title", "title: a\nvariables: [a]", "3: `variables` must be names with their values."),
        ("title", "title: a\nvariables: {A: b}", "3: 'A' cannot be the name of a variable."),
        ("title", "title: a\nvariables: {if: b}", "3: 'if' cannot be the name of a variable."),
        ("title", "title: a\nvariables: {a: '{{ a }}'}", "`a` asks for {{ a }}, but it can ask for partners only. Write out what it"),
        ("title", "title: a\nutm: x", "3: `utm` must be parameters with their rules. Write them like"),
        ("title", "title: a\nutm: {content: x}", "3: `content` is what campaigner itself sets: by it,"),
        ("title", "title: a\nutm: {sorce: x}", "3: 'sorce' is no part of a link that a rule can set. Did"),
        ("title", "title: a\nutm: {term: '{itm}'}", "3: the rule for `term` holds '{itm}', which stands"),
        ("title", "title: a\nutm: {term: [a]}", "3: `term` is a list, but must be one text."),
        ("title", "title: a\nembargo_until: tomorrow", "3: `embargo_until`"),
    ],
)  # fmt: skip
def test_each_fault_of_a_campaign_is_told(key: str, line: str, told: str, faults: Faults) -> None:
    problems = faults(**{key: line})
    assert any(told in problem for problem in problems), problems
    assert len(problems) == 1, problems


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("items: []", "11: `items` is an empty list. Add at least one."),
        ("items: text", "11: `items` is the text 'text', but must be a list."),
        ("", "1: the campaign says nothing. Add `items:`, or a `digest:` or a `newsletter:`."),
        (f"{TEXT}digest: {{subject: a, introduction: b}}", "14: the campaign has items and a digest."),
        ("items:\n  - text: a", "12: `id` is missing in the item. Add `id: …`."),
        (ITEM, "12: `text` is missing in the item. Add `text: …`."),
        (f"{ITEM}    text: {{}}", "13: `text` is empty."),
        (f"{ITEM}    text: [a]", "13: `text` is a list, but must be one text."),
        (f"{ITEM}    text: {{es: a}}", "could be translated for 'en'. Add `en: …`, or a text"),
        (f"{ITEM}    text: {{en: a, all: b, ess: c}}", "13: 'ess' in `text` is no locale of the"),
        (f"{ITEM}    text: {{mastadon: a, all: b}}", "'mastadon' in `text` is no locale. Did you mean 'mastodon'?"),
        (f"{ITEM}    text: {{x: a, es: b}}", "13: `text` mixes channels with the locale 'es'."),
        (f"{ITEM}    text: {{x: a, mastadon: b}}", "13: in `text`, 'mastadon' is not a channel. Did"),
        (f"{ITEM}    text: {{email: a}}", "`text` has nothing for 'mastodon' and 'x', where this"),
        (f"{ITEM}    text: 'a {{{{ yaer }}}}'", "13: `text` asks for {{ yaer }}, but there is no such"),
        (f"{ITEM}    text: 'a {{{{ x|upper }}}}'", "13: `text` holds `{{` that belongs to no"),
        (f"{ITEM}    text: 'a {{% if x %}}'", "13: `text` holds `{%` that belongs to no placeholder"),
        (f'{ITEM}    text: "a \\a"', "13: there is a control character (U+0007)"),
        (f"{TEXT}    link: http://example.org/", "14: the link 'http://example.org/' is not https. Write https://"),
        (f"{TEXT}    link: example.org", "14: the link 'example.org' is not https. Begin it"),
        (f"{TEXT}    link: https:///a", "14: the link 'https:///a' has no host."),
        (f"{TEXT}    link: https://exa mple.org", "14: the link 'https://exa mple.org' has white space"),
        (f"{TEXT}    link: https://-a-.org", "14: the link 'https://-a-.org' has an impossible host."),
        (f"{TEXT}    link: https://a.org:99999", "has an impossible host."),
        (f"{TEXT}    link: https://me:pw@a.org", "holds a user name or password."),
        (f"{TEXT}    link: {{de: https://a.org}}", "14: 'de' in `link` is no locale of the campaign."),
        (f"{TEXT}    link: {{en: https://a.org, EN: https://b.org}}", "names en in `link` for the second"),
        (f"{TEXT}    hashtags: ['#DNS']", "14: '#DNS' cannot be a hashtag. Write DNS: the # is"),
        (f"{TEXT}    hashtags: [DNS Abuse]", "'DNS Abuse' cannot be a hashtag. Write DNSAbuse: the #"),
        (f"{TEXT}    hashtags: [2026]", "14: '2026' cannot be a hashtag. Use letters, digits"),
        (f"{TEXT}    media: media/hook.png", "14: `media` has no words for those who cannot see it."),
        (f"{TEXT}    alt: A hook.", "14: `alt` describes a picture, but there is none."),
        (f"{TEXT}    media: media/hok.png\n    alt: a", "no picture 'media/hok.png'. Did you mean 'media/hook.png'?"),
        (f"{TEXT}    media: ../secret.png\n    alt: a", "14: the picture '../secret.png' is outside of"),
        (f"{TEXT}    media: /etc/passwd\n    alt: a", "14: the picture '/etc/passwd' is outside of"),
        (f"{TEXT}    media: {'a' * 300}.png\n    alt: a", "cannot be read: File name too long."),
        (f"{TEXT}    media: [media/hook.png, media/bait.png]\n    alt: a", "14: 2 pictures and 1 text in `alt` do not go together."),
        (f"{TEXT}    media: media/hook.png\n    alt: {{en: [a, b], es: [c]}}", "15: `alt` has a different number"),
        (f"{TEXT}    media: {['media/hook.png'] * 5}\n    alt: {['a'] * 5}", "14: there are 5 pictures. Keep 4"),
        (f"{TEXT}    story: {{headline: a}}", "14: `body` is missing in the story."),
        (f"{TEXT}    story: a", "14: the story is the text 'a', but needs keys with values."),
        (f"{TEXT}    storry: a", "14: 'storry' is not known in the item. Did you mean 'story'?"),
        (f"{TEXT}  - id: phishing\n    text: b", "14: the item id 'phishing' is taken, in line 12."),
        (f"{TEXT}  - id: Two\n    text: b", "14: 'Two' cannot be an id."),
    ],
)  # fmt: skip
def test_each_fault_of_what_is_said_is_told(part: str, told: str, faults: Faults) -> None:
    problems = faults(HEAD, add=part)
    assert any(told in problem for problem in problems), problems
    assert len(problems) == 1, problems


def test_a_digest_goes_by_mail_only(faults: Faults) -> None:
    [told] = faults(HEAD, add=DIGEST, accounts="accounts: [mastodon]")
    assert told.startswith("5: account 'mastodon' posts, but a digest is mail.")


def test_a_picture_is_known_by_its_content(campaigns: Path, faults: Faults, load: Load) -> None:
    (campaigns / "media" / "fake.png").write_bytes(b"<svg onload=alert(1)>")
    (campaigns / "media" / "huge.png").write_bytes(PNG + bytes(10_000_000))
    for name, words in (("fake", "is no picture that"), ("huge", "has 10.0 MB")):
        [told] = faults(HEAD, add=f"{TEXT}    media: media/{name}.png\n    alt: a")
        assert words in told
    for number, start in enumerate((b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ")):
        (campaigns / "media" / f"{number}.bin").write_bytes(start + bytes(9))
        load(HEAD, add=f"{TEXT}    media: media/{number}.bin\n    alt: a")


def test_a_link_out_of_the_folder_is_not_followed(
    campaigns: Path, tmp_path: Path, faults: Faults
) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (campaigns / "media" / "link.png").symlink_to(tmp_path / "secret.png")
    (campaigns / "media" / "circle.png").symlink_to(campaigns / "media" / "circle.png")
    [told] = faults(HEAD, add=f"{TEXT}    media: media/link.png\n    alt: a")
    assert "is outside of the folder of campaigns" in told
    [told] = faults(HEAD, add=f"{TEXT}    media: media/circle.png\n    alt: a")
    assert "circle.png" in told


def test_each_item_needs_a_date_of_its_own(faults: Faults) -> None:
    dates = 'schedule: {zone: UTC, dates: ["2026-12-01 10:00"]}\n'
    text = HEAD.partition("schedule:")[0] + dates
    [told] = faults(text, add=f"{TEXT}  - id: more\n    text: b")
    assert told.startswith("8: the schedule has 1 date for 2 items. Add dates, or take items out")


def test_a_fault_in_one_place_hides_none_in_another(faults: Faults) -> None:
    problems = faults(
        add="    link: ftp://a\n  - id: two\n",
        projects="projects: zz",
        locales="locales: [en, zz9]",
    )
    assert [problem.partition(":")[0] for problem in problems] == ["4", "7", "14", "15"]
