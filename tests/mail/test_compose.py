"""A mail's bytes, read back by the standard library's parser."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

import pytest

from campaigner.mail.compose import Head, Mailbox, Slots, compose, prepare, unsubscribe_link

HEAD = Head(
    sender=Mailbox(name="ICANN LAC", address="lac-digest@example.org"),
    reply_to="lac@example.org",
    subject="Políticas de la ICANN: en qué punto está cada proceso",
    date=datetime(2026, 12, 3, 9, tzinfo=timezone(-timedelta(hours=3))),
    language="pt-BR",
    list_id="pdp-digest.lac.example.org",
    list_title="ICANN LAC",
    unsubscribe_to="lac@example.org",
    feedback=("pdp-digest", "2026-12-03", "pt-BR"),
)
SLOTS = Slots(
    key="jbswy3dpehpk3pxpjbswy3dpeh",
    recipient=Mailbox(name="María Núñez", address="maria@example.net"),
    unsubscribe="t0k3n",
    preferences="pr3f",
)
BLOCKS = (
    ("<html><p>Olá, ⟦name⟧</p>", "Olá, ⟦name⟧"),
    ('<p>Ação — “é”</p><a href="⟦unsubscribe⟧">x</a></html>', "Ação\n⟦unsubscribe⟧\n⟦address⟧"),
)


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def parts(data: bytes) -> tuple[str, str]:
    text, markup = parsed(data).iter_parts()
    assert (text.get_content_type(), markup.get_content_type()) == ("text/plain", "text/html")
    return _content(text), _content(markup)


def _content(part: Message) -> str:
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def test_every_header_of_a_mailing_is_there() -> None:
    mail = parsed(compose(HEAD, BLOCKS, SLOTS))
    assert mail["From"] == "ICANN LAC <lac-digest@example.org>"
    assert mail["To"].addresses[0].display_name == "María Núñez"
    assert mail["To"].addresses[0].addr_spec == "maria@example.net"
    assert mail["Reply-To"] == "lac@example.org"
    assert mail["Subject"] == HEAD.subject
    assert mail["Date"].datetime == HEAD.date
    assert mail["Message-ID"] == f"<m-{SLOTS.key}@example.org>"
    assert mail["List-Id"] == "ICANN LAC <pdp-digest.lac.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:lac@example.org?subject=unsubscribe%20t0k3n>"
    assert mail["List-Unsubscribe-Post"] is None
    assert mail["List-Post"] == "NO"
    assert mail["Feedback-ID"] == "pdp-digest:2026-12-03:pt-BR:example.org"
    assert (mail["Content-Language"], mail["Precedence"]) == ("pt-BR", "bulk")
    assert (mail["Auto-Submitted"], mail["MIME-Version"]) == ("auto-generated", "1.0")
    assert mail.get_content_type() == "multipart/alternative"
    for name in set(mail):
        assert len(mail.get_all(name, [])) == 1, name


def test_with_a_server_one_click_comes_first() -> None:
    head = replace(HEAD, unsubscribe_base="https://mail.example.org/u/")
    mail = parsed(compose(head, BLOCKS, SLOTS))
    assert mail["List-Unsubscribe"] == (
        "<https://mail.example.org/u/t0k3n>, <mailto:lac@example.org?subject=unsubscribe%20t0k3n>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://mail.example.org/u/t0k3n" in parts(compose(head, BLOCKS, SLOTS))[0]


def test_what_a_list_offers_is_named_where_it_is_known() -> None:
    head = replace(
        HEAD,
        owner="lac@señal.example",
        archive="https://mail.example.org/archive",
        subscribe="https://mail.example.org/subscribe/digest",
    )
    mail = parsed(compose(head, BLOCKS, SLOTS))
    assert mail["List-Owner"] == "<mailto:lac@xn--seal-hqa.example>"
    assert mail["List-Help"] == "<mailto:lac@xn--seal-hqa.example?subject=help>"
    assert mail["List-Archive"] == "<https://mail.example.org/archive>"
    assert mail["List-Subscribe"] == "<https://mail.example.org/subscribe/digest>"
    bare = parsed(compose(HEAD, BLOCKS, SLOTS))
    for name in ("List-Owner", "List-Help", "List-Archive", "List-Subscribe"):
        assert bare[name] is None


def test_preferences_need_a_page() -> None:
    blocks = [("", "⟦preferences⟧")]
    with pytest.raises(ValueError, match="no public address to lead to"):
        compose(HEAD, blocks, SLOTS)
    head = replace(HEAD, preferences_base="https://mail.example.org/p")
    assert parts(compose(head, blocks, SLOTS))[0] == "https://mail.example.org/p/pr3f\n"
    for token in ("", "a b"):
        with pytest.raises(ValueError, match="no token of preferences"):
            compose(head, blocks, replace(SLOTS, preferences=token))


def test_slots_are_filled_and_escaped_in_html_alone() -> None:
    name = 'Ana "<b>" & Co'
    slots = replace(SLOTS, recipient=Mailbox(name=name, address="ana@example.net"))
    text, markup = parts(compose(HEAD, BLOCKS, slots))
    assert text == (f"Olá, {name}\n\nAção\n{unsubscribe_link(HEAD, 't0k3n')}\nana@example.net\n")
    assert markup.startswith(
        "<html><p>Olá, Ana &quot;&lt;b&gt;&quot; &amp; Co</p><p>Ação — “é”</p>"
    )
    assert 'href="mailto:lac@example.org?subject=unsubscribe%20t0k3n"' in markup


def test_a_reader_without_a_name_is_called_by_the_address() -> None:
    slots = replace(SLOTS, recipient=Mailbox(address="ana@example.net"))
    data = compose(HEAD, BLOCKS, slots)
    assert "Olá, ana@example.net" in parts(data)[0]
    assert parsed(data)["To"] == "ana@example.net"


@pytest.mark.parametrize(
    "name",
    [
        "Eve\r\nBcc: all@example.org",
        "Eve\nBcc: all@example.org",
        "Eve\rBcc: all@example.org",
        "Eve\u2028Bcc: all@example.org",
        "Eve\x00\x0bBcc: all@example.org\x85",
        "Ève\r\n\r\nBcc: all@example.org",
    ],
)
def test_a_name_cannot_add_a_header(name: str) -> None:
    slots = replace(SLOTS, recipient=Mailbox(name=name, address="eve@example.net"))
    mail = parsed(compose(replace(HEAD, subject=name, list_title=name), BLOCKS, slots))
    assert mail["Bcc"] is None
    assert len(mail["To"].addresses) == 1
    assert mail["To"].addresses[0].addr_spec == "eve@example.net"


@pytest.mark.parametrize(
    "address",
    ["eve@example.net\r\nBcc: a@b.c", "eve", "@example.net", "eve @example.net", "a<b@c.d", ""],
)
def test_an_address_that_cannot_stand_in_a_header_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a mail's header"):
        compose(HEAD, BLOCKS, replace(SLOTS, recipient=Mailbox(address=address)))


def test_an_unknown_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="no such slot: secret"):
        compose(HEAD, [("", "⟦secret⟧")], SLOTS)


def test_an_idn_domain_is_its_a_label_and_only_a_local_part_stays_raw() -> None:
    idn = compose(HEAD, BLOCKS, replace(SLOTS, recipient=Mailbox(address="ana@señal.example")))
    assert b"To: ana@xn--seal-hqa.example\r\n" in idn
    assert idn.isascii()
    eai = compose(HEAD, BLOCKS, replace(SLOTS, recipient=Mailbox(address="josé@señal.example")))
    assert "To: josé@xn--seal-hqa.example\r\n".encode() in eai


def test_every_line_ends_in_crlf_and_is_short_enough() -> None:
    long = "palavra " * 40 + "ç" * 500 + "\n.\n.. \nFrom the top \t\n" + "x" * 3000
    head = replace(HEAD, subject="Ação " * 60)
    slots = replace(SLOTS, recipient=Mailbox(name="ñ" * 300, address="a@example.net"))
    data = compose(head, [*BLOCKS, (f"<p>{long}⟦name⟧{long}</p>", long)], slots)
    assert not re.search(rb"[^\r]\n|\r[^\n]", data)
    assert max(len(line) for line in data.split(b"\r\n")) <= 76
    text, markup = parts(data)
    assert long.strip("\n") in text
    assert "ñ" * 300 in markup
    assert parsed(data)["Subject"] == ("Ação " * 60).strip()


def test_the_same_input_gives_the_same_bytes() -> None:
    assert compose(HEAD, BLOCKS, SLOTS) == compose(HEAD, BLOCKS, SLOTS)
    prepared = prepare(HEAD, BLOCKS)
    assert prepared.fill(SLOTS) == compose(HEAD, BLOCKS, SLOTS)


def test_nothing_of_the_reader_is_in_what_mails_share() -> None:
    one, two = (
        compose(
            HEAD, BLOCKS, Slots(key=key, recipient=Mailbox(address=f"{key}@a.b"), unsubscribe=key)
        )
        for key in ("first", "second")
    )
    assert one.replace(b"first", b"second") == two
    assert parsed(one)["Feedback-ID"] == parsed(two)["Feedback-ID"]


@pytest.mark.parametrize("name", ["O'Hara, Ann (LAC)", 'Ann "A" \\ B', "=?utf-8?q?x?=", "Ann. B"])
def test_an_awkward_name_arrives_as_it_is(name: str) -> None:
    slots = replace(SLOTS, recipient=Mailbox(name=name, address="ann@example.net"))
    assert parsed(compose(HEAD, BLOCKS, slots))["To"].addresses[0].display_name == name


@pytest.mark.parametrize("key", ["", "a b", "a\r\nBcc: x", "a" * 61])
def test_a_key_that_cannot_stand_in_a_header_is_refused(key: str) -> None:
    for slots in (replace(SLOTS, key=key), replace(SLOTS, unsubscribe=key)):
        with pytest.raises(ValueError, match="cannot stand in a mail's header"):
            compose(HEAD, BLOCKS, slots)


def test_words_for_machines_are_made_to_fit() -> None:
    head = replace(HEAD, list_id="my list\r\nBcc: x", feedback=("a:b", "ñ"))
    mail = parsed(compose(head, BLOCKS, SLOTS))
    assert mail["List-Id"] == "ICANN LAC <my-list--Bcc--x>"
    assert mail["Feedback-ID"] == "a-b:-:example.org"
