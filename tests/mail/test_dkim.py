"""Signatures: dkimpy verifies every one, also after what relays do to a header."""

import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigner.mail.compose import Head, Mailbox, Slots, compose
from campaigner.mail.dkim import SIGNED, is_aligned, load_signer, new_key, record_of
from tests.mail.signing import LONG_AGO, ed_signer, rsa_signer, verified

HEAD = Head(
    sender=Mailbox(name="ICANN LAC", address="digest@example.org"),
    reply_to="lac@example.org",
    subject="Políticas de la ICANN: en qué punto está cada proceso",
    date=LONG_AGO,
    language="es",
    list_id="digest.example.org",
    list_title="ICANN LAC",
    unsubscribe_to="lac@example.org",
    unsubscribe_base="https://mail.example.org/u",
    preferences_base="https://mail.example.org/p",
    owner="lac@example.org",
    feedback=("digest", "2026-12-03"),
)
SLOTS = Slots(
    key="a" * 29,
    recipient=Mailbox(name="María Núñez", address="maria@example.net"),
    unsubscribe="b" * 29,
    preferences="c" * 29,
)
BLOCKS = [("<p>Hola  ⟦name⟧</p>\n \n\n", "Hola ⟦name⟧\n\n.\n⟦unsubscribe⟧ ⟦preferences⟧\n\n")]
BOTH = (rsa_signer(), ed_signer())


def test_both_signatures_verify() -> None:
    data = compose(HEAD, BLOCKS, SLOTS, BOTH)
    assert verified(data, *BOTH)
    assert not verified(data.replace(b"Hola", b"Hora"), *BOTH)
    assert max(map(len, data.split(b"\r\n"))) <= 78


TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from(" \t\n.=ñ"), st.characters(exclude_categories=["Cs"])),
    max_size=80,
)


@given(name=TEXTS, body=TEXTS, subject=TEXTS, local=st.sampled_from(["ana", "josé", "ユーザー"]))
@settings(max_examples=40, deadline=None)
def test_whatever_is_written_the_signature_holds(
    name: str, body: str, subject: str, local: str
) -> None:
    head = replace(HEAD, subject=subject, list_title=name)
    recipient = Mailbox(name=name, address=f"{local}@example.net")
    blocks = [(body + "⟦name⟧" + body, f"⟦name⟧{body}\n\n"), *BLOCKS, (body, body)]
    data = compose(head, blocks, replace(SLOTS, recipient=recipient), (ed_signer(),))
    assert verified(data, ed_signer())


def test_relays_may_fold_anew_and_add_what_is_theirs() -> None:
    data = compose(HEAD, BLOCKS, SLOTS, BOTH)
    header, _, body = data.partition(b"\r\n\r\n")
    unfolded = header.replace(b"\r\n ", b" ")
    folded = re.sub(rb"(?<=\S) (?=\S)", b"\r\n\t", unfolded)
    for form in (unfolded, folded, folded.replace(b"\r\nSubject:", b"\r\nSUBJECT: ")):
        received = b"Received: from a by b;\r\n Thu, 3 Dec 2026 09:00:00 +0000\r\n" + form
        assert verified(received + b"\r\n\r\n" + body + b"\r\n\r\n", *BOTH)


@pytest.mark.parametrize("name", SIGNED)
def test_no_field_can_be_added(name: str) -> None:
    data = compose(HEAD, BLOCKS, SLOTS, (ed_signer(),))
    added = b"%s: x@evil.example\r\n" % name.encode()
    assert not verified(added + data, ed_signer())
    header, _, body = data.partition(b"\r\n\r\n")
    assert not verified(header + b"\r\n" + added + b"\r\n" + body, ed_signer())


def test_the_same_mail_gives_the_same_signatures() -> None:
    assert compose(HEAD, BLOCKS, SLOTS, BOTH) == compose(HEAD, BLOCKS, SLOTS, BOTH)


def test_a_record_holds_the_public_key_and_a_word_of_its_kind() -> None:
    name, text = record_of(rsa_signer())
    assert name == "mail2026._domainkey.example.org"
    assert text.startswith("v=DKIM1; k=rsa; p=MIIB")
    assert record_of(ed_signer())[1].startswith("v=DKIM1; k=ed25519; p=")
    assert len(record_of(ed_signer())[1].rpartition("p=")[2]) == 44


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.mark.parametrize(
    ("pem", "selector", "fault"),
    [
        ("nothing", "a", "no private key in PEM form"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "a", "RSA and Ed25519 only"),
        (pem_of(rsa.generate_private_key(65537, 1024)), "a", "2048 bits at least, this has 1024"),
        (new_key(ed=True), "a b", "is no selector"),
        (new_key(ed=True), "", "is no selector"),
    ],
)
def test_a_key_that_will_not_do_is_refused(pem: str, selector: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        load_signer(pem, selector=selector, domain="example.org")


@pytest.mark.parametrize(
    ("domain", "aligned"),
    [
        ("example.org", True),
        ("mail.example.org", True),
        ("org", True),  # the public suffix list is not asked
        ("example.net", False),
        ("badexample.org", False),
    ],
)
def test_a_domain_is_aligned_with_itself_and_what_is_below(domain: str, aligned: bool) -> None:
    assert is_aligned(domain, "example.org") is aligned
