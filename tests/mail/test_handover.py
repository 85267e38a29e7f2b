"""The mail that hands a post over, read back by the standard library's parser."""

from typing import Any

import pytest

from campaigner.core.message import OutgoingMail
from campaigner.mail.envelope import Envelope, envelope_of
from campaigner.mail.handover import Part, handover
from tests.handing import NOW, TEXT
from tests.relays import opened

PICTURE = Part(name="candado.png", mime="image/png", data=b"\x89PNG\r\n.\r\n", cid="picture-1")


def mail(**parts: Any) -> bytes:
    whole: dict[str, Any] = {
        "sender": "ICANN LAC en español <lac@example.org>",
        "reply_to": "Team <team@example.org>",
        "to": ["ana@example.org", "bea@bücher.example"],
        "subject": "Publicar a mano en el grupo de LinkedIn: lección 1 (español)",
        "text": "Línea\nOtra\n",
        "html": '<p>Línea</p><img src="cid:picture-1">',
        "language": "pt-BR",
        "pictures": [PICTURE],
        "text_file": Part(name="phishing.es.txt", mime="text/plain", data=TEXT.encode()),
        "date": NOW,
        "key": "k3y",
    }
    return handover(**whole | parts)


def test_its_headers_say_who_asks_whom_and_where_an_answer_goes() -> None:
    read = opened(mail())
    assert read["From"].addresses[0].display_name == "ICANN LAC en español"
    assert [each.addr_spec for each in read["To"].addresses] == [
        "ana@example.org",
        "bea@xn--bcher-kva.example",
    ]
    assert read["Reply-To"] == "team@example.org"
    assert read["Subject"] == "Publicar a mano en el grupo de LinkedIn: lección 1 (español)"
    assert (read["Message-ID"], read["Date"].datetime) == ("<k3y@example.org>", NOW)
    assert (read["Content-Language"], read["Auto-Submitted"]) == ("pt-BR", "auto-generated")


def test_the_posts_text_is_a_file_of_its_own_to_the_last_character() -> None:
    *_, file = opened(mail()).iter_attachments()
    assert (file.get_filename(), file.get_content_disposition()) == (
        "phishing.es.txt",
        "attachment",
    )
    assert file.get_payload(decode=True) == TEXT.encode()
    assert file.get_content_charset() == "utf-8"


def test_a_picture_is_shown_and_can_be_saved_under_its_name() -> None:
    [picture] = [part for part in opened(mail()).walk() if part.get_content_maintype() == "image"]
    assert (picture["Content-ID"], picture.get_filename()) == ("<picture-1>", "candado.png")
    assert picture.get_content_disposition() == "inline"
    assert picture.get_payload(decode=True) == PICTURE.data


def test_a_mail_program_finds_the_text_and_the_html() -> None:
    read = opened(mail())
    text, html = read.get_body(["plain"]), read.get_body(["html"])
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == "Línea\nOtra\n"
    assert "cid:picture-1" in html.get_content()


@pytest.mark.parametrize("name", ["captura de pantalla, día 1.png", 'a"b\r\nX: y.png', "語.png"])
def test_any_file_name_stands_in_a_header(name: str) -> None:
    data = mail(pictures=[Part(name=name, mime="image/png", data=b"1", cid="picture-1")])
    [picture] = [part for part in opened(data).walk() if part.get_content_maintype() == "image"]
    assert picture.get_filename() == " ".join(name.split())
    assert b"\nX: y" not in data


def test_the_same_input_gives_the_same_bytes_and_a_relay_takes_them() -> None:
    assert mail() == mail()
    envelope = envelope_of(
        OutgoingMail(
            key="k3y", envelope_from="lac@example.org", recipient="ana@example.org", data=mail()
        )
    )
    assert isinstance(envelope, Envelope)
    assert not envelope.eight_bit
    assert not envelope.international
    assert all(len(line) <= 78 for line in mail().split(b"\r\n"))


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        mail(to=["ana@example.org>, evil@example.org"])
