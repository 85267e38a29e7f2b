from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.rendering.podocuments import (
    PoDocument,
    PoEntry,
    header_field,
    new_podocument,
    parse_podocument,
)

CATALOG = """\
# Our words.
# (a second line)
msgid ""
msgstr ""
"Language: es\\n"
"X-Generator: Poedit 3.4\\n"

# said by Ana
#. Post on X.
#: campaigns/demo.yaml:7 campaigns/demo.yaml:9
#, fuzzy, no-wrap
#| msgid "Helo"
msgctxt "demo/one text"
msgid "Hello"
msgstr ""
"Ho"
"la\\n"
"\\"tú\\""

msgid "%(n)s row"
msgid_plural "%(n)s rows"
msgstr[0] "fila"
msgstr[1] ""
msgstr[2] "filas"

#~ msgctxt "demo/old text"
#~ msgid "Old"
#~ msgstr "Viejo"

# the end
"""


def test_a_document_is_read_with_all_that_stands_in_it() -> None:
    document = parse_podocument(CATALOG)
    hello, rows, old = document.entries
    assert header_field(document, "x-generator") == "Poedit 3.4"
    assert hello == PoEntry(
        context="demo/one text",
        message="Hello",
        strings=('Hola\n"tú"',),
        notes=("said by Ana",),
        extracted=("Post on X.",),
        references=("campaigns/demo.yaml:7 campaigns/demo.yaml:9",),
        flags=("fuzzy", "no-wrap"),
        previous={"msgid": "Helo"},
    )
    assert (rows.plural, rows.strings) == ("%(n)s rows", ("fila", "", "filas"))
    assert (old.obsolete, old.strings) == (True, ("Viejo",))
    assert document.tail[-2:] == ("# the end", "")
    assert set(document.by_key) == {("demo/one text", "Hello"), (None, "%(n)s row")}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_not_touched_stays_byte_for_byte(newline: str) -> None:
    text = newline.join(CATALOG.split("\n"))
    document = parse_podocument(text)
    assert document.text() == text

    row = document.by_key[None, "%(n)s row"]
    fresh = row.changed(strings=("una fila", "", "filas"))
    changed = document.replaced({row.key: fresh}).text()

    assert changed == text.replace('"fila"', '"una fila"')


def test_a_byte_order_mark_is_dropped() -> None:
    assert parse_podocument("\ufeff" + CATALOG).text() == CATALOG


def test_a_new_string_comes_in_before_the_obsolete_ones() -> None:
    document = parse_podocument(CATALOG)
    fresh = PoEntry(context="demo/two text", message="New", strings=("Nuevo",))
    names = [entry.message for entry in document.replaced({fresh.key: fresh}).entries]
    assert names == ["Hello", "%(n)s row", "New", "Old"]


def test_an_entry_that_gets_what_it_has_is_the_same_one() -> None:
    entry = parse_podocument(CATALOG).entries[0]
    assert entry.changed(message="Hello") is entry


def test_marks_come_and_go() -> None:
    entry = parse_podocument(CATALOG).entries[0]
    settled = entry.settled()
    assert (settled.flags, settled.previous) == (("no-wrap",), {})
    assert settled.to_check(previous="Helo") == entry


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))
LINES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30
).map(lambda line: " ".join(line.split()) or "x")
COMMENTS = LINES.map(lambda line: f"x{line}")  # not what looks like another kind of comment


@st.composite
def entries(draw: st.DrawFn) -> PoEntry:
    plural = draw(st.booleans())
    forms = 3 if plural else 1
    message = draw(TEXTS.filter(bool))
    fuzzy = draw(st.booleans())
    obsolete = draw(st.booleans())
    return PoEntry(
        context=draw(st.none() | TEXTS),
        message=message,
        plural=draw(TEXTS.filter(bool)) if plural else "",
        strings=tuple(draw(TEXTS) for _ in range(forms)),
        notes=tuple(draw(st.lists(COMMENTS, max_size=2))),
        extracted=() if obsolete else tuple(draw(st.lists(COMMENTS, max_size=2))),
        references=() if obsolete else ("a.yaml:7",),
        flags=("fuzzy",) if fuzzy else (),
        previous={"msgid": draw(TEXTS)} if fuzzy else {},
        obsolete=obsolete,
    )


@given(st.lists(entries(), max_size=4))
def test_what_is_written_is_read_again(written: Sequence[PoEntry]) -> None:
    head = new_podocument("es", title="Test.", stamp="2026-12-01 10:00+0000").head
    document = PoDocument(head=head, entries=tuple(written))
    assert parse_podocument(document.text()).entries == tuple(written)
