import os
import time
from pathlib import Path
from typing import Any

import pytest

from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import (
    FaultyTemplateError,
    build_environment,
    render,
    template_exists,
)
from tests.rendering.builders import po_entry, rendered, voice, write_po

BOMB = "{% set n = namespace(s='xxxxxxxxxx') %}{% for i in range(99) %}"


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    assert rendered(tmp_path, "{{ a }}", name="t.html", a="<&>") == "&lt;&amp;&gt;"
    assert rendered(tmp_path, "{{ a }}", name="t.txt", a="<&>") == "<&>"
    assert rendered(tmp_path, "{{ ['<', 'b'] | join('&') }}", name="t.html") == "&lt;&amp;b"
    assert (
        rendered(tmp_path, "{{ [a | e, 'b'] | join('&') }}", name="t.html", a="<") == "&lt;&amp;b"
    )
    assert rendered(tmp_path, "{{ a ~ '<' }}", name="t.html", a="&") == "&amp;&lt;"


def test_a_template_knows_its_language_and_direction(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("{{ locale }} {{ lang }} {{ dir }}")
    environment = build_environment([tmp_path])
    assert render(environment, "t.txt", {}, voice=voice("es_419")) == "es_419 es-419 ltr"
    assert render(environment, "t.txt", {}, voice=voice("ar")) == "ar ar rtl"


def test_the_workspaces_template_wins_over_the_packaged_one(tmp_path: Path) -> None:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    for folder in (own, packaged):
        folder.mkdir()
        (folder / "both.txt").write_text(folder.name)
    (packaged / "one.txt").write_text("packaged")
    environment = build_environment([own, packaged])

    assert render(environment, "both.txt", {}, voice=voice()) == "own"
    assert render(environment, "one.txt", {}, voice=voice()) == "packaged"


def test_an_edited_template_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("one")
    environment = build_environment([tmp_path])
    assert render(environment, "t.txt", {}, voice=voice()) == "one"
    path.write_text("two")
    os.utime(path, ns=(1, 1))
    assert render(environment, "t.txt", {}, voice=voice()) == "two"


def test_what_is_imported_speaks_each_readers_language(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(
        "{% set WORD = _('yes') %}{% macro m() %}{{ _('no') }}{% endmacro %}"
    )
    (tmp_path / "t.txt").write_text(
        "{% import 'words.txt' as words %}{{ words.WORD }} {{ words.m() }} {{ '2026-12'|date }}"
    )
    write_po(
        tmp_path / "locales", "es", po_entry("yes", "sí") + po_entry("no", "no"), domain="templates"
    )
    environment = build_environment([tmp_path])
    catalogs = Catalogs([tmp_path / "locales"])
    french = voice("fr", catalogs=catalogs)

    spanish = render(environment, "t.txt", {}, voice=voice("es", catalogs=catalogs))

    assert spanish == "sí no diciembre de 2026"
    assert render(environment, "t.txt", {}, voice=french) == "yes no décembre 2026"
    assert [string.message for string in french.translator.untranslated] == ["yes", "no"]


def test_variables_are_filled_into_translations_and_escaped(tmp_path: Path) -> None:
    write_po(
        tmp_path / "locales",
        "es",
        po_entry("%(n)s &amp; 5%%", "5%% de %(n)s"),
        domain="templates",
    )
    (tmp_path / "t.html").write_text("{% trans n=name %}{{ n }} &amp; 5%{% endtrans %}")
    spanish = voice("es", catalogs=Catalogs([tmp_path / "locales"]))

    said = render(build_environment([tmp_path]), "t.html", {"name": "<b>"}, voice=spanish)

    assert said == "5% de &lt;b&gt;"


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("a\n{{ yeer }}", 2, "'yeer' is not known here. Did you mean 'year'?"),
        ("{{ qqq }}", 1, "Known are 'dir', 'lang', 'locale' and 'year'."),
        ("a\n\n{{ year.month }}", 3, "has no attribute 'month'"),
        ("\n{% if %}", 2, "not a template that can be read"),
        ("{{ ", 1, "not a template that can be read"),
        ("{{ year | shout }}", 1, "No filter named 'shout'"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("{{ none }}", 1, "not set"),
        ("{{ [year, year] }}", 1, "a list would be printed"),
        ("{{ 'x' | date }}", 1, "Invalid isoformat string"),
        ("{{ _('100 % sure') }}", 1, "is written %%"),
        ("{% include 'other.txt' %}", 0, "it uses 'other.txt', which is missing"),
    ],
)
def test_a_fault_is_told_with_template_line_and_fix(
    tmp_path: Path, source: str, line: int, said: str
) -> None:
    with pytest.raises(FaultyTemplateError) as raised:
        rendered(tmp_path, source, year="2026")
    assert said in str(raised.value)
    assert (raised.value.template, raised.value.line) == ("t.txt", line)
    assert raised.value.fix


def test_a_missing_template_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "social").mkdir()
    (tmp_path / "social" / "post.txt").write_text("x")
    environment = build_environment([tmp_path])

    with pytest.raises(
        FaultyTemplateError, match=r"no such template. Did you mean 'social/post.txt'"
    ):
        render(environment, "social/pots.txt", {}, voice=voice())

    assert template_exists(environment, "social/post.txt")
    assert not template_exists(environment, "social/pots.txt")


def test_a_fault_in_an_included_template_names_that_one(tmp_path: Path) -> None:
    (tmp_path / "inner.txt").write_text("a\n{{ nope }}")
    with pytest.raises(FaultyTemplateError, match=r"templates/inner.txt:2: 'nope'"):
        rendered(tmp_path, "{% include 'inner.txt' %}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ '{0.__class__}'.format('') }}",
        "{{ self.__init__.__globals__ }}",
        "{{ year.append('x') }}",
        "{% for i in range(1) %}{{ loop.__class__ }}{% endfor %}",
        "{{ lipsum(9) }}",
    ],
)
def test_a_template_cannot_get_at_python(tmp_path: Path, source: str) -> None:
    with pytest.raises(FaultyTemplateError):
        rendered(tmp_path, source, year=["2026"])


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10 ** 9 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ 'x' | center(1000000000) }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
        "{% for a in many %}{% for b in many %}{% for c in many %}" + "{% endfor %}" * 3,
        "{% for a in many %}{% for b in many %}{{ text }}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 't.txt' %}",
        "{% include 't.txt' %}{% include 't.txt' %}",
        "{% extends 't.txt' %}",
        BOMB + "{% set n.s = n.s ~ n.s %}{% endfor %}",
        BOMB + "{% set n.s = n.s + n.s %}{% endfor %}",
        BOMB + "{% set n.s %}{{ n.s }}{{ n.s }}{% endset %}{% endfor %}",
        BOMB + "{% set n.s = [n.s, n.s] | join %}{% endfor %}",
        BOMB + "{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
        BOMB + "{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s | upper }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    ],
)
def test_a_template_that_would_not_stop_is_stopped(tmp_path: Path, source: str) -> None:
    began = time.process_time()
    with pytest.raises(FaultyTemplateError):
        rendered(tmp_path, source, many=list(range(1000)), text="x" * 1000)
    assert time.process_time() - began < 2


def test_ordinary_templates_are_not_in_the_way_of_the_bounds(tmp_path: Path) -> None:
    source = (
        "{% for a in rows %}{{ loop.index }} of {{ loop.length }}: {{ a | upper }}"
        "{% if not loop.last %}, {% endif %}{% endfor %}"
        "{{ ' ' ~ rows | length ~ ' ' ~ (2 + 3) * 4 }} {{ 'ab'.upper() }}"
        "{% for k, v in {'a': 1}.items() %} {{ k }}={{ v }}{% endfor %}"
        " {{ rows | map('upper') | join('-') }}"
    )
    said = rendered(tmp_path, source, rows=["a", "b"])
    assert said == "1 of 2: A, 2 of 2: B 2 20 AB a=1 A-B"


def test_formats_speak_for_the_reader(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(
        "{{ '2026-12-01' | date }}|{{ 1234.5 | number }}|{{ ['a', 'b'] | listed }}|"
        "{{ 'BR' | territory }}|{{ 'pt_BR' | language }}|{{ 'UTC' | city }}|{{ 0.36 | percent }}"
    )
    said: dict[str, Any] = {
        locale: render(build_environment([tmp_path]), "t.txt", {}, voice=voice(locale))
        for locale in ("en", "pt_BR")
    }
    assert said["en"] == "December 1, 2026|1,234.5|a and b|Brazil|Portuguese (Brazil)|UTC|36%"
    assert said["pt_BR"] == "1 de dezembro de 2026|1.234,5|a e b|Brasil|português (Brasil)|UTC|36%"
