"""Markdown of stories: HTML for a mail, text for its other half, and what a mail cannot show."""

import pytest

from campaigner.rendering.markdown import faults, to_html, to_text


def test_html_has_the_classes_asked_for_and_headings_below_the_storys_own() -> None:
    html = to_html("# Head\n\nSee [it](https://example.org/?a=1&b=2).", classes={"a": "link"})
    assert html == (
        '<h3>Head</h3>\n<p>See <a href="https://example.org/?a=1&amp;b=2" class="link">it</a>.</p>'
    )


def test_html_can_stand_in_a_strict_document() -> None:
    assert "<br />" in to_html("one  \ntwo", classes={})
    assert to_html("a\n\n---\n\nb", classes={}).count("<hr />") == 1


def test_what_an_author_writes_cannot_become_markup() -> None:
    html = to_html("<script>x</script> & <b>y</b> [z](javascript:alert)", classes={})
    assert "<script" not in html
    assert "<b>" not in html
    assert "href" not in html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("A **bold** and *soft* word, and `code`.", "A bold and soft word, and code."),
        ("one\ntwo  \nthree", "one two three"),
        ("[ICANN](https://icann.org)", "ICANN (https://icann.org)"),
        ("<https://icann.org>", "https://icann.org"),
        ("[ana@example.org](mailto:ana@example.org)", "ana@example.org"),
        ("# Head\n\ntext", "Head\n\ntext"),
        ("- one\n- two\n  - deep", "* one\n* two\n  * deep"),
        ("- one\n\n- two", "* one\n\n* two"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("> said\n> so", "> said so"),
        ("```\nraw  text\n```", "    raw  text"),
        ("a\n\n***\n\nb", f"a\n\n{'-' * 20}\n\nb"),
    ],
)
def test_text_says_the_same_without_marks(source: str, text: str) -> None:
    assert to_text(source) == text


def test_text_is_at_most_76_wide_also_in_lists_and_never_breaks_an_address() -> None:
    long = "word " * 40
    address = f"https://example.org/{'a' * 80}"
    lines = to_text(f"{long}\n\n- {long}\n\n> {long}\n\n{address}").splitlines()
    assert max(len(line) for line in lines if line != address) <= 76
    assert address in lines


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("![a hook](https://example.org/hook.png)", "it holds a picture (https://example.org/hook.png)"),
        ("a <b>bold</b> word", "it holds HTML (<b>)"),
        ("<div>\nx\n</div>", "it holds HTML (<div>"),
        ("[x](http://example.org)", "it links to http://example.org"),
        ("[x](/somewhere)", "it links to /somewhere"),
    ],
)  # fmt: skip
def test_what_a_mail_cannot_show_is_told_with_what_to_do(source: str, fault: str) -> None:
    told = faults(source)
    assert any(each.startswith(fault) for each in told), told
    assert all(". " in each for each in told)


def test_ordinary_markdown_has_no_fault() -> None:
    assert (
        faults("# A\n\n**b** [c](https://d.example) 1 < 2 & 3 > 2\n\n- e\n\nmail@example.org") == []
    )
