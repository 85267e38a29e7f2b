"""The digest in four languages, from the real records and the packaged catalogs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigner.core.cadence import Weekly
from campaigner.core.campaign import Campaign, Digest, Schedule, Wording
from campaigner.core.delivery import Hold
from campaigner.core.digest import EditionData, assemble
from campaigner.core.mail_faults import Kind
from campaigner.core.processes import Process
from campaigner.core.slots import PATTERN, SLOTS
from campaigner.core.stages import FINISHED, KINDS, stage_name
from campaigner.mail.compose import Head, Mailbox, Slots, compose
from campaigner.rendering.blocks import RenderedBlock
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.editions import render_edition
from campaigner.rendering.environment import build_environment
from campaigner.rendering.gate import RenderedEdition
from campaigner.rendering.posts import NotRendered
from campaigner.settings import AccountSettings
from tests.processes import NOW, milestone, process, real_processes, window

ROOT = Path(__file__).parents[2]
LOCALES = ("en", "es", "pt_BR", "fr")
ZONES = ("America/Montevideo", "America/Port-au-Prince")
DAY, NEXT = date(2026, 12, 3), date(2026, 12, 10)
SENDER = AccountSettings(
    channel="email",
    title="ICANN LAC",
    locales=LOCALES,
    sender="ICANN LAC <digest@example.org>",
    postal_address="Casa de Internet, Montevideo",
)


def wording(name: str) -> Wording:
    said = {locale: f"{name} <{locale}>" for locale in LOCALES}
    return Wording(context=f"digest digest.{name}", source=said["en"], given=said)


CAMPAIGN = Campaign(
    id="digest",
    title="Digest",
    owner="team",
    projects=("2.2.1",),
    accounts=("newsletter",),
    locales=LOCALES,
    source_locale="en",
    schedule=Schedule(
        cadence=Weekly(weekdays=frozenset({3}), times=()), zone=ZoneInfo("America/Montevideo")
    ),
    digest=Digest(
        subject=wording("Subject"),
        introduction=wording("Introduction"),
        compose_before=timedelta(days=2),
    ),
    not_after=timedelta(days=2),
)


def tried(
    data: EditionData,
    locale: str,
    *,
    zones: Sequence[str] = ZONES,
    catalogs: Path = ROOT / "locales",
    templates: Iterable[Path] = (),
    public_url: str = "",
) -> RenderedEdition | NotRendered:
    return render_edition(
        data,
        campaign=CAMPAIGN,
        sender=SENDER,
        locale=locale,
        zones=zones,
        catalogs=Catalogs([catalogs]),
        environment=build_environment([*templates, ROOT / "templates"]),
        public_url=public_url,
    )


def rendered(data: EditionData, locale: str, zones: Sequence[str] = ZONES) -> RenderedEdition:
    edition = tried(data, locale, zones=zones)
    assert isinstance(edition, RenderedEdition), edition
    return edition


def for_zone(edition: RenderedEdition, zone: str = ZONES[0]) -> list[RenderedBlock]:
    return [block for block in edition.blocks if block.zone in ("", zone)]


def markup(edition: RenderedEdition, zone: str = ZONES[0]) -> str:
    return "".join(block.html for block in for_zone(edition, zone))


def text(edition: RenderedEdition, zone: str = ZONES[0]) -> str:
    """The text part on one line: wrapping is no difference."""
    return " ".join("\n".join(block.text for block in for_zone(edition, zone)).split())


def first(*processes: Process) -> EditionData:
    return assemble(processes, previous=None, day=DAY, now=NOW)


def second(previous: EditionData, *processes: Process) -> EditionData:
    return assemble(processes, previous=previous, day=NEXT, now=NOW + timedelta(days=7))


class Reader(HTMLParser):
    """What a person sees of an HTML page, and which elements were left open."""

    VOID = frozenset({"meta", "br", "img", "!doctype"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and "title" not in self.open:
            self.seen.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.seen).split())


@pytest.mark.parametrize("locale", LOCALES)
def test_the_first_edition_is_whole_in_every_language(locale: str) -> None:
    edition = rendered(first(*real_processes()), locale)
    page = markup(edition)
    assert edition.subject == f"Subject <{locale}>"
    assert edition.language == locale.replace("_", "-")
    assert [block.position for block in edition.blocks] == list(range(len(edition.blocks)))
    assert page.startswith("<!DOCTYPE html>")
    assert f'<html lang="{edition.language}" dir="ltr" ' in page
    assert len(page.encode()) <= 95_000
    assert Reader(page).open == []
    for each in real_processes():
        assert each.short_name in text(edition)


@pytest.mark.parametrize("locale", LOCALES)
def test_text_and_html_tell_the_same(locale: str) -> None:
    one = first(*real_processes())
    edition = rendered(one, locale)
    seen = Reader(markup(edition))
    plain = text(edition)
    for block in edition.blocks:
        for line in block.text.splitlines():
            said = line.strip(" *-")
            if "http" in line or "⟦unsubscribe⟧" in line or line.isupper():
                continue
            for word in re.findall(r"\w{4,}", said):
                assert word in seen.words, (block.name, line)
    sources = {link for link in seen.links if link.startswith("http")}
    assert sources
    assert all(link in plain for link in sources)


@pytest.mark.parametrize("locale", LOCALES)
def test_what_was_not_seen_in_a_source_is_nowhere(locale: str) -> None:
    edition = rendered(first(*real_processes()), locale)
    said = markup(edition) + text(edition)
    for secret in ("gk", "verify", "not seen", "inferred", "2016-08-09", "August 9, 2016"):
        assert not re.search(rf"\b{secret}\b", said), secret


def test_a_doubtful_stage_is_replaced_by_the_newest_fact() -> None:
    doubtful = process(
        "a", milestone("2026-11-02", "Council met"), stage="board_vote", stands=False
    )
    said = text(rendered(first(doubtful), "en"))
    assert "Board Vote" not in said
    assert "The last step that our records confirm: November 2, 2026: Council met" in said


def test_official_names_stay_english_and_say_so() -> None:
    page = markup(rendered(first(*real_processes()), "es"))
    assert '<span lang="en">DNS Abuse Mitigation PDP 1: Associated Domain Checks</span>' in page
    assert "Grupo de Trabajo" in page
    body = markup(rendered(first(*real_processes()), "en")).split("<body")[1]
    assert body.count('lang="en"') == 1, "the mail itself says it once"


@pytest.mark.parametrize("locale", LOCALES)
def test_only_translations_say_that_english_is_authoritative(locale: str) -> None:
    footer = rendered(first(process("a")), "en").blocks[-1].text
    assert "authoritative" not in footer
    if locale != "en":
        block = rendered(first(process("a")), locale).blocks[-1]
        assert len(block.text) > len(footer)


def test_every_stage_and_substate_has_its_words() -> None:
    everywhere = [
        process(f"{kind.id}-{stage.id}-{substate}", stage=stage.id, substate=substate, kind=kind.id)
        for kind in KINDS.values()
        for stage in kind.stages
        for substate in ("", *stage.substates)
    ]
    everywhere += [process(state, stage=state) for state in FINISHED]
    for start in range(0, len(everywhere), 20):  # more would be too long for one mail
        some = everywhere[start : start + 20]
        block = rendered(first(*some), "en").blocks[2]
        for each in some:
            name = stage_name(each.kind, each.stage)
            assert re.search(rf": {re.escape(name)}( – \w.*)?$", block.text, re.MULTILINE), each.id
        assert len(re.findall(r" – \w", block.text)) == sum(1 for each in some if each.substate)
        assert not re.search(r", *$", block.text, re.MULTILINE), "every kind has its name"


COMMENT = process("open", windows=(window(date(2026, 11, 20), date(2026, 12, 18)),))


def test_a_closing_time_is_told_in_the_readers_zone_and_in_utc() -> None:
    edition = rendered(first(COMMENT), "es")
    now = {block.zone: block for block in edition.blocks if block.name == "do_now"}
    assert set(now) == set(ZONES)
    assert "viernes, 18 de diciembre de 2026, 20:59 (Montevideo)" in now[ZONES[0]].text
    assert "viernes, 18 de diciembre de 2026, 18:59 (Puerto Príncipe)" in now[ZONES[1]].text
    for block in now.values():
        assert "18 de diciembre de 2026, 23:59 UTC" in block.text
        assert "18 de diciembre de 2026, 23:59 UTC" in block.html
        assert "https://example.org/comment" in block.html
    for zone in ZONES:
        assert [block.position for block in for_zone(edition, zone)] == [0, 1, 2, 3]


def test_without_an_open_comment_one_block_says_so_to_all_zones() -> None:
    edition = rendered(first(*real_processes()), "en")
    (block,) = (block for block in edition.blocks if block.name == "do_now")
    assert block.zone == ""
    assert "Our records show no open Public Comment." in block.text
    assert "Newest source of our records: June 22, 2026" in block.text


def test_the_second_edition_tells_only_what_changed() -> None:
    diacritics = next(each for each in real_processes() if each.id == "latin-diacritics")
    moved = replace(diacritics, stage="council_deliberation", substate="")
    others = [each for each in real_processes() if each.id != diacritics.id]
    two = second(first(*real_processes()), moved, *others)
    edition = rendered(two, "en")
    assert [block.name for block in edition.blocks] == [
        "header",
        "do_now",
        "changes",
        "nothing_new",
        "footer",
    ]
    said = edition.blocks[2].text
    assert "Stage 5 of 7: Council Deliberation" in said
    assert "Since the edition of December 3, 2026" in said
    assert len(re.findall(r"^\* ", said, re.MULTILINE)) == 1
    assert "* SubPro" in edition.blocks[3].text


def test_every_kind_of_change_has_its_words() -> None:
    opened, closes = date(2026, 11, 20), date(2026, 12, 18)
    before = [
        process("moved", milestone("2026-12-20", "vote")),
        process("reworded", milestone("2026-11-20", "vote")),
        process("extended", windows=(window(opened, date(2026, 12, 5)),)),
        process("closing", windows=(window(opened, date(2026, 12, 12)),)),
        process("closed", windows=(window(opened, date(2026, 12, 5)),)),
        process("opens"),
    ]
    later = milestone("2026-12-21", "vote")
    after = [
        process("moved", replace(later, evidence="seen (planned)")),
        process("reworded", milestone("2026-11-20", "vote on the charter")),
        process("extended", windows=(window(opened, closes),)),
        *before[3:5],
        process("opens", windows=(window(date(2026, 12, 4), closes),)),
        process("new", milestone("2026-11-20", "Council initiates")),
    ]
    said = text(rendered(second(first(*before), *after), "en"))
    for words in (
        "New date: December 21, 2026 (before: December 20, 2026) vote",
        "Corrected: November 20, 2026 vote on the charter",
        "new closing time: December 18, 2026, 11:59 PM UTC (before: December 5, 2026)",
        "Public Comment closes soon: December 12, 2026, 11:59 PM UTC",
        "Public Comment has closed: December 5, 2026, 11:59 PM UTC",
        "Public Comment is open. It closes: December 18, 2026, 11:59 PM UTC",
        "New in our records Stage 4 of 7: Working Group November 20, 2026: Council initiates",
    ):
        assert words in said, words


def test_a_fact_without_a_translation_holds_its_language_and_is_named() -> None:
    data = first(process("a", milestone("2026-11-02", "A thing nobody has translated")))
    held = tried(data, "fr")
    assert isinstance(held, NotRendered)
    assert held.reason is Hold.TRANSLATION
    assert held.faults == ('fr: "A thing nobody has translated" has no translation (process/a)',)
    assert isinstance(tried(data, "en"), RenderedEdition)


def test_a_template_string_without_a_translation_holds_too(tmp_path: Path) -> None:
    held = tried(first(process("a")), "es", catalogs=tmp_path)
    assert isinstance(held, NotRendered)
    assert 'es: "Unsubscribe" has no translation (templates/mail/digest)' in held.faults


def test_a_faulty_template_of_a_workspace_holds_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "mail" / "digest").mkdir(parents=True)
    (tmp_path / "mail" / "digest" / "footer.txt").write_text("{{ nobody }}", encoding="utf-8")
    held = tried(first(process("a")), "en", templates=[tmp_path])
    assert isinstance(held, NotRendered)
    assert held.reason is Hold.RENDERING
    assert "mail/digest/footer.txt:1" in held.faults[0]


def test_an_edition_that_gmail_would_clip_is_held() -> None:
    held = tried(first(*(process(f"p-{number}") for number in range(60))), "en")
    assert isinstance(held, NotRendered)
    assert held.reason is Hold.RENDERING
    assert re.search(r"The HTML has 1\d\d,\d{3} bytes", held.faults[0])


def test_a_template_of_a_workspace_without_unsubscribe_is_held(tmp_path: Path) -> None:
    (tmp_path / "mail" / "digest").mkdir(parents=True)
    (tmp_path / "mail" / "digest" / "footer.txt").write_text("Bye", encoding="utf-8")
    held = tried(first(process("a")), "en", templates=[tmp_path])
    assert isinstance(held, NotRendered)
    assert held.faults == ("Its text has no link to unsubscribe. Put the slot into the template",)


def test_what_is_odd_and_holds_nothing_is_named() -> None:
    warnings = rendered(first(*real_processes()), "en").warnings
    assert {(fault.kind, fault.stops) for fault in warnings} == {(Kind.PLAIN_LINK, False)}


def test_blocks_leave_open_only_what_a_mail_fills_in() -> None:
    edition = rendered(first(COMMENT), "pt_BR")
    for part in (markup(edition), text(edition)):
        assert set(PATTERN.findall(part)) == {"address", "unsubscribe"} <= set(SLOTS)


@pytest.mark.parametrize("locale", LOCALES)
def test_with_a_public_address_a_mail_leads_to_preferences(locale: str) -> None:
    edition = tried(first(COMMENT), locale, public_url="https://news.example.org")
    assert isinstance(edition, RenderedEdition), edition
    for part in (markup(edition), text(edition)):
        assert set(PATTERN.findall(part)) == {"address", "preferences", "unsubscribe"}
    local = tried(first(COMMENT), locale, public_url="http://127.0.0.1:8700")
    assert isinstance(local, RenderedEdition)
    assert "⟦preferences⟧" not in markup(local) + text(local)


def test_a_text_from_the_records_cannot_become_markup() -> None:
    edition = rendered(first(process("a", milestone("2026-11-02", "<b>x</b> & y"))), "en")
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" in markup(edition)
    assert "<b>x</b> & y" in text(edition)
    assert "Introduction &lt;en&gt;" in markup(edition)


def test_old_confirmations_are_told_apart() -> None:
    edition = rendered(
        first(
            process("recent"),
            process("old", confirmed="2023-05"),
            process("year", confirmed="2025"),
        ),
        "en",
    )
    recent, old = edition.blocks[2].text.split("NOTHING NEWER IN OUR RECORDS")
    assert "PDP recent" in recent
    assert "PDP year" in recent
    assert "PDP old" in old


def test_a_string_that_an_edition_does_not_show_does_not_hold_it() -> None:
    news = process("a", milestone("2026-11-02", "A thing nobody has translated"))
    two = second(first(news), replace(news, stage="council_deliberation"))
    assert isinstance(tried(two, "fr"), RenderedEdition)


def test_the_footer_says_who_writes_and_from_where() -> None:
    footer = rendered(first(process("a")), "en").blocks[-1]
    for part in (footer.text, footer.html):
        for words in ("ICANN LAC", "Casa de Internet, Montevideo", "digest@example.org"):
            assert words in part


@pytest.mark.parametrize("locale", LOCALES)
def test_an_edition_becomes_a_mail_with_the_same_text_and_html(locale: str) -> None:
    edition = rendered(first(*real_processes(), COMMENT), locale)
    head = Head(
        sender=Mailbox(name="ICANN LAC", address="digest@example.org"),
        subject=edition.subject,
        date=NOW,
        language=edition.language,
        list_id="digest.example.org",
        unsubscribe_to="digest@example.org",
    )
    slots = Slots(
        key="key", recipient=Mailbox(name="Ana", address="ana@example.net"), unsubscribe="t0k"
    )
    blocks = [(block.html, block.text) for block in for_zone(edition)]
    mail = message_from_bytes(compose(head, blocks, slots), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert (mail["Content-Language"], mail["Subject"]) == (edition.language, edition.subject)
    plain, page = (part.get_content() for part in mail.iter_parts())
    for said in (plain, page):
        assert "ana@example.net" in said
        assert "mailto:digest@example.org?subject=unsubscribe%20t0k" in said
        assert "⟦" not in said
    assert " ".join(plain.split()) == text(edition).replace("⟦address⟧", "ana@example.net").replace(
        "⟦unsubscribe⟧", "mailto:digest@example.org?subject=unsubscribe%20t0k"
    )
