from datetime import UTC, datetime

import pytest

from campaigner.mail.letter import letter
from tests.mail.signing import ed_signer, rsa_signer, verified
from tests.relays import body, opened

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = "s-0123456789abcdef"


def made(**overrides: object) -> bytes:
    values: dict[str, object] = {
        "sender": "ICANN LAC <lac@example.org>",
        "reply_to": "people@example.org",
        "to": "ana@example.org",
        "subject": "Confirme, por favor: ¿suscripción?",
        "text": "Hola,\n\n.una línea con punto   y espacios \n",
        "html": "<p>Hola, ñandú</p>",
        "language": "es",
        "date": NOON,
        "key": KEY,
    }
    return letter(**values | overrides)  # type: ignore[arg-type]


def test_it_says_the_same_in_text_and_in_html() -> None:
    mail = made()
    assert body(mail).rstrip("\n") == "Hola,\n\n.una línea con punto   y espacios "
    assert body(mail, "html").strip() == "<p>Hola, ñandú</p>"
    read = opened(mail)
    assert read["Subject"] == "Confirme, por favor: ¿suscripción?"
    assert read["Message-ID"] == f"<{KEY}@example.org>"
    assert (read["From"], read["Reply-To"]) == (
        "ICANN LAC <lac@example.org>",
        "people@example.org",
    )
    assert read["Auto-Submitted"] == "auto-replied"
    assert read["List-Unsubscribe"] is None, "it is of no list"
    assert mail.isascii()
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.replace(b"\r\n", b"")


def test_the_same_input_gives_the_same_bytes() -> None:
    assert made() == made()


def test_every_signature_holds() -> None:
    signers = (rsa_signer(), ed_signer())
    signed_at = datetime(2021, 12, 3, 9, tzinfo=UTC)  # dkimpy refuses what is still to come
    mail = made(signers=signers, date=signed_at)
    assert verified(mail, *signers)
    assert not verified(mail.replace(b"Hola", b"Hole"), *signers)
    assert not verified(mail.replace(b"To: ana", b"To: eva"), *signers)


@pytest.mark.parametrize("address", ["ana", "a b@example.org", "a@example.org>\r\nBcc: x@y.z"])
def test_what_cannot_stand_in_a_header_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        made(to=address)
