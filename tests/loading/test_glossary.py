from pathlib import Path

import pytest

from campaigner.core.glossary import Glossary
from campaigner.errors import FileError
from campaigner.loading.glossary import load_glossary

ROOT = Path(__file__).parents[2]


def load(folder: Path, text: str) -> Glossary:
    path = folder / "glossary.yaml"
    path.write_text(text, encoding="utf-8")
    return load_glossary(path)


def test_words_with_a_source_are_official_others_are_usual(tmp_path: Path) -> None:
    glossary = load(
        tmp_path,
        "- en: malware\n"
        "  es: {term: [malware, software malicioso], source: 'https://example.org', note: 2013}\n"
        "  pt-BR: malware\n",
    )
    words = glossary.terms[0].words
    assert list(words) == ["en", "es", "pt_BR"]
    assert words["es"].words == ("malware", "software malicioso")
    assert (words["es"].source, words["pt_BR"].source) == ("https://example.org", "")


def test_a_workspace_need_not_have_one(tmp_path: Path) -> None:
    assert load_glossary(tmp_path / "glossary.yaml") == Glossary()


def test_the_sample_has_the_terms_of_the_field() -> None:
    glossary = load_glossary(ROOT / "campaigns/data/glossary.yaml")
    assert len(glossary.terms) == 44
    official = [w for term in glossary.terms for w in term.words.values() if w.source]
    assert len(official) == 76
    assert all(set(term.words) == {"en", "es", "pt_BR", "fr"} for term in glossary.terms)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a: b\n", 1, "`glossary` is a mapping"),
        ("- malware\n", 1, "needs its words by language"),
        ("- en: malware\n", 1, "words in one language only"),
        ("- en: a\n  español: b\n  fr: c\n", 2, "'español' is no language"),
        ("- en: a\n  pt-BR: b\n  pt_BR: c\n", 3, "names pt_BR for the second time"),
        ("- en: a\n  es: {word: b}\n  fr: c\n", 2, "'word' is not known"),
        ("- en: a\n  es: {source: b}\n  fr: c\n", 2, "`term` is missing"),
        ("- en: a\n  es: {term: []}\n  fr: c\n", 2, "`es` is an empty list"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    with pytest.raises(FileError) as raised:
        load(tmp_path, text)
    assert any(p.line == line and told in p.found and p.fix for p in raised.value.problems), str(
        raised.value
    )
