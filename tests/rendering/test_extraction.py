from pathlib import Path

import pytest

from campaigner.core.campaign import ANY, Picture, Story
from campaigner.rendering.environment import FaultyTemplateError
from campaigner.rendering.extraction import extract_campaign, extract_templates
from tests.rendering.builders import campaign, item, wording


def test_strings_of_templates_come_with_file_line_and_plural(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a.html").write_text(
        "{{ _('One') }}\n"
        "{% trans n=rows|length %}{{ n }} row{% pluralize %}{{ n }} rows{% endtrans %}\n"
        "{% trans %}\n  5%\n  more\n{% endtrans %}{{ pgettext('menu', 'Open') }}"
    )
    found = [
        (s.file, s.line, s.message, s.plural, s.context) for s in extract_templates([tmp_path])
    ]
    assert found == [
        ("mail/a.html", 1, "One", "", None),
        ("mail/a.html", 2, "%(n)s row", "%(n)s rows", None),
        ("mail/a.html", 3, "5%% more", "", None),
        ("mail/a.html", 6, "Open", "", "menu"),
    ]


def test_of_two_templates_with_one_name_the_first_folders_counts(tmp_path: Path) -> None:
    for name in ("own", "packaged"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{{{{ _('{name}') }}}}")
    found = extract_templates([tmp_path / "own", tmp_path / "packaged"])
    assert [string.message for string in found] == ["own"]


def test_a_template_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n{% if %}")
    with pytest.raises(FaultyTemplateError, match=r"a.txt:2"):
        extract_templates([tmp_path])


def test_a_campaign_gives_what_some_locale_has_to_translate() -> None:
    said = item(
        {
            "x": wording("Hi", context="demo/one text.x", es="Hola"),
            ANY: wording("Long", context="demo/one text", es="Largo", fr="Long"),
        },
        pictures={ANY: (Picture(file="a.png", alt=wording("Alt", context="demo/one alt")),)},
        story=Story(
            headline=wording("Head", context="demo/one story.headline"),
            body=wording("Body ", context="demo/one story.body"),
        ),
    )
    variables = {"year": wording("2026", context="demo variables.year")}
    found = extract_campaign(campaign(said, variables=variables), file="campaigns/demo.yaml")

    assert [(string.context, string.message) for string in found] == [
        ("demo/one text.x", "Hi"),
        ("demo/one alt", "Alt"),
        ("demo/one story.headline", "Head"),
        ("demo/one story.body", "Body"),
    ]
    assert {(string.file, string.line) for string in found} == {("campaigns/demo.yaml", 7)}
