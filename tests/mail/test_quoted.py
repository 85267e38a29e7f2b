"""Quoted-printable: what went in comes out, and nobody on the way has anything to change."""

import quopri
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigner.mail.quoted import LONGEST, between, quoted

LINES = st.text(
    alphabet=st.one_of(
        st.sampled_from(" \t.=F\n\r-_⟦ñ€🙂From\x00\x7f"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=300,
)


def read(data: bytes) -> str:
    return quopri.decodestring(data).decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(text=LINES)
@settings(max_examples=150, deadline=None)
def test_what_goes_in_comes_out_and_is_canonical(text: str) -> None:
    data = quoted(text)
    assert read(data) == plain(text)
    for line in data.split(b"\r\n"):
        assert len(line) <= LONGEST + 1
        assert not re.search(rb"[^ -~]|  |[ ]\Z|\A\.|\AFrom ", line), line


@given(values=st.lists(LINES, min_size=1, max_size=4), filler=LINES)
@settings(max_examples=100, deadline=None)
def test_pieces_beside_slots_join_to_the_whole(values: list[str], filler: str) -> None:
    name = "Ana  Núñez."
    last = len(values) - 1
    pieces = [
        between(plain(value), after_slot=place > 0, before_slot=place < last)
        for place, value in enumerate(values)
    ]
    data = quoted(name).join(pieces)
    assert read(data) == name.join(map(plain, values))
    assert max(map(len, data.split(b"\r\n"))) <= LONGEST + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there", b"Hello there"),
        (".", b"=2E"),
        ("From me", b"=46rom me"),
        ("a  b ", b"a =20b=20"),
        ("a\tb", b"a=09b"),
        ("a=b", b"a=3Db"),
        ("é\n", b"=C3=A9\r\n"),
        ("x" * 76, b"x" * 75 + b"=\r\nx"),
        ("x" * 74 + "=", b"x" * 74 + b"=\r\n=3D"),
        ("x" * 75 + ".y", b"x" * 75 + b"=\r\n=2Ey"),
        ("", b""),
    ],
)
def test_what_servers_like_to_change_is_encoded(text: str, expected: bytes) -> None:
    assert quoted(text) == expected
