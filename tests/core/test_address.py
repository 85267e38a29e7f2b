"""What is an e-mail address, and how it is written."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.address import LONGEST, mailbox_of, read_address

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "addresses" / "international.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["address"])
def test_every_case_of_universal_acceptance_comes_out_as_labelled(case: dict[str, Any]) -> None:
    if case["kind"] == "bad":
        with pytest.raises(ValueError, match=r"\w"):
            read_address(case["address"])
        return
    read = read_address(case["address"])
    assert (read.normalized, read.ascii, read.needs_smtputf8) == (
        case["normalized"],
        case["ascii"],
        case["smtputf8"],
    )


@pytest.mark.parametrize(
    ("given", "normalized", "ascii"),
    [
        ("Ana@Example.ORG", "Ana@example.org", "Ana@example.org"),
        ("INFO@Example.org", "info@example.org", "info@example.org"),
        ("user@faß.de", "user@faß.de", "user@xn--fa-hia.de"),
        ("user@XN--BCHER-KVA.de", "user@bücher.de", "user@xn--bcher-kva.de"),
        ("ana@EXAMPLE。ORG", "ana@example.org", "ana@example.org"),
        ("user@ｅxample.com", "user@example.com", "user@example.com"),
        ("pele\u0301@exemple.com", "pelé@exemple.com", None),
        ("😀@example.com", "😀@example.com", None),
        # A joiner that joins something is part of the word, in the address as in the domain.
        ("نامه\u200cای@example.com", "نامه\u200cای@example.com", None),
        ("user@نامه\u200cای.com", "user@نامه\u200cای.com", "user@xn--mgba3gch31f060k.com"),
        ("!#$%&'*+-/=?^_`.{|}~@example.com",) * 3,
        ("a@anybody.test",) * 3,
    ],
)
def test_an_address_has_one_normal_form(given: str, normalized: str, ascii: str | None) -> None:
    read = read_address(given)
    assert (read.normalized, read.ascii) == (normalized, ascii)
    assert read.needs_smtputf8 == (ascii is None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("user@bücher.de", "user@xn--bcher-kva.de"),
        ("info5@普遍接受-测试。世界", "info5@普遍接受-测试.世界"),
        ("Ana@Example.ORG", "ana@example.org"),
        ("pele\u0301@exemple.com", "pelé@exemple.com"),
        ("USER@BÜCHER.DE", "user@bücher.de"),
    ],
)
def test_two_ways_to_write_a_mailbox_are_one(one: str, other: str) -> None:
    assert mailbox_of(one) == mailbox_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ana+dns@example.org", "ana@example.org"), ("straße@a.de", "strasse@a.de")]
)
def test_different_mailboxes_stay_two(one: str, other: str) -> None:
    assert mailbox_of(one) != mailbox_of(other)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "it has no @"),
        ("nobody", "it has no @"),
        ("nobody＠example.org", "looks like one"),
        ("server-dev@", "nothing after"),
        ("@example.org", "nothing before"),
        ("foo bar@example.com", "a space"),
        (" a@example.com", "a space"),
        ("a@example.com ", "a space"),
        ("a\u00a0b@example.com", r"NO-BREAK SPACE"),
        ("a..b@example.com", "two dots"),
        (".a@example.com", "at its edge"),
        ("a.@example.com", "at its edge"),
        ("a\nb@example.com", r"U\+000A"),
        ("a\x00b@example.com", r"U\+0000"),
        ("a\ud800@example.com", r"U\+D800"),
        ("a\u202eb@example.com", "RIGHT-TO-LEFT OVERRIDE"),
        ("a\u200bb@example.com", "ZERO WIDTH SPACE"),
        ("a\u200db@example.com", "ZERO WIDTH JOINER"),
        ("\u0301a@example.com", "begins with a mark"),
        ("a\u037eb@example.com", "looks like ';'"),
        ("a＠b@example.com", "looks like '@'"),
        ('"quoted local"@example.com', "quoted"),
        ("a@b@example.com", "'@' in it"),
        ("Ana <a@example.com>", "< >"),
        ("x" * 65 + "@example.com", "longer than 64"),
        ("é" * 33 + "@example.com", "longer than 64"),
        ("a@" + "x" * 300 + ".com", "longer than 254"),
        ("a@" + "x" * 64 + ".com", "longer than 63"),
        ("a@" + ".".join(["ü" * 50] * 5) + ".com", "after the @|longer than"),
        ("server-dev@james. apache.org", "a space"),
        ("a@-bad.org", "after the @ is not possible"),
        ("a@ab--cd.org", "after the @ is not possible"),
        ("a@foo_bar.org", "after the @ is not possible"),
        ("a@xn--a.com", "after the @ is not possible"),
        ("a@☕.com", "after the @ is not possible"),
        ("a@1.אב.com", "after the @ is not possible"),
        ("a@ex\u00adample.com", "SOFT HYPHEN"),
        ("a@example.com.", "at its edge"),
        ("a@example..com", "doubled"),
        ("a@localhost", "not a domain"),
        ("a@[192.0.2.1]", "not a|no name"),
        ("a@192.0.2.1", "not a domain"),
        ("a@printer.local", "no mail can go to .local"),
        ("a@b.invalid", "no mail can go to .invalid"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(address: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_address(address)


_PARTS = st.text(
    st.one_of(
        st.sampled_from('aZ09.@-_ "<>\u200c\u200d\u0301é。．ßاक्ष'),
        st.characters(codec=None),
    ),
    max_size=12,
)


@given(_PARTS, _PARTS)
def test_whatever_is_given_is_an_address_of_one_form_or_refused(local: str, domain: str) -> None:
    try:
        read = read_address(f"{local}@{domain}")
    except ValueError:
        return
    assert read_address(read.normalized) == read, "the normal form of a normal form is itself"
    assert mailbox_of(read.normalized) == mailbox_of(f"{read.local}@{read.ascii_domain}")
    assert (
        read.normalized.isprintable()
        or "\u200c" in read.normalized
        or ("\u200d" in read.normalized)
    )
    assert len(read.normalized.encode()) <= LONGEST
    assert read.ascii_domain.isascii()


@given(st.emails())
def test_ordinary_addresses_agree_with_an_independent_reading(address: str) -> None:
    from email_validator import EmailNotValidError, validate_email

    try:
        theirs = validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return
    ours = read_address(address)
    assert (ours.normalized, ours.ascii) == (theirs.normalized, theirs.ascii_email)
