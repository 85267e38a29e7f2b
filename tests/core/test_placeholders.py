import pytest

from campaigner.core.placeholders import names_in, stray_mark


def test_names_are_found_once_each_in_order() -> None:
    assert names_in("{{ year }}, {{city}} and {{  year }}") == ("year", "city")
    assert names_in("no { name } here") == ()


@pytest.mark.parametrize("text", ["plain", "{{ year }}", "a { b } c", "100 % {of} it", "#{x}"])
def test_a_placeholder_leaves_no_mark(text: str) -> None:
    assert stray_mark(text) is None


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("{{ a b }}", "{{"),
        ("{{ name|upper }}", "{{"),
        ("{{ ''.__class__ }}", "{{"),
        ("{{ year }", "{{"),
        ("year }}", "}}"),
        ("{% if x %}", "{%"),
        ("{# note #}", "{#"),
        ("{{ {{ year }} }}", "{{"),
    ],
)
def test_anything_else_between_braces_is_told(text: str, mark: str) -> None:
    assert stray_mark(text) == mark
