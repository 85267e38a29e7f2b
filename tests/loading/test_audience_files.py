"""The files of topics and of named segments."""

from pathlib import Path

import pytest

from campaigner.errors import FileError
from campaigner.loading.segments import load_segments
from campaigner.loading.topics import load_topics
from campaigner.loading.zones import zone_of_country
from campaigner.settings import sample_root


def topics(folder: Path, text: str) -> object:
    path = folder / "topics.yaml"
    path.write_text(text, encoding="utf-8")
    return load_topics(path)


def segments(folder: Path, text: str) -> object:
    path = folder / "segments.yaml"
    path.write_text(text, encoding="utf-8")
    return load_segments(path, topics=("policy",), lists=("newsletter",))


def test_a_workspace_needs_neither_file(tmp_path: Path) -> None:
    assert load_topics(tmp_path / "none.yaml") == {}
    assert load_segments(tmp_path / "none.yaml", topics=None, lists=None) == {}


def test_topics_come_in_order_with_a_title_per_language(tmp_path: Path) -> None:
    text = (
        "topics:\n- {id: policy, title: {en: Policy, pt-BR: Política}}\n- {id: dns, title: DNS}\n"
    )
    assert topics(tmp_path, text) == {
        "policy": {"en": "Policy", "pt_BR": "Política"},
        "dns": {"en": "DNS"},
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("topics:\n- {id: A b, title: x}\n", "cannot be the id"),
        ("topics:\n- {id: a, title: x}\n- {id: a, title: y}\n", ":3: the topic 'a' comes twice"),
        ("topics:\n- {id: a}\n", "`title` is missing"),
        ("topics:\n- {id: a, title: {english: x}}\n", "'english' is not a locale"),
        ("topics:\n- {id: a, title: [x]}\n", "`title` is a list"),
        (f"topics:\n- {{id: a, title: {{en: {'x' * 81}}}}}\n", "has 81 characters"),
        ("topic: []\n", "'topic' is not known"),
    ],
)
def test_what_is_wrong_with_topics_is_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        topics(tmp_path, text)
    assert told in str(caught.value)


def test_segments_may_name_one_another(tmp_path: Path) -> None:
    text = "segments:\n  few: brazil and topic = policy\n  brazil: country = BR\n"
    assert segments(tmp_path, text) == {
        "few": "brazil and topic = policy",
        "brazil": "country = BR",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("segments:\n  a: contry = BR\n", ":2: the segment 'a', character 1: 'contry' is nothing"),
        ("segments:\n  a: b\n  b: a\n", "it names itself"),
        ("segments:\n  country: zone = UTC\n", "'country' cannot name a segment"),
        ("segments:\n  a: list.other = active\n", "there is no list 'other'"),
        ("segments: [a]\n", "has no names"),
        ("segment: x\n", "'segment' is not known"),
    ],
)
def test_what_is_wrong_with_segments_is_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        segments(tmp_path, text)
    assert told in str(caught.value)


def test_the_sample_files_are_right() -> None:
    data = sample_root() / "campaigns" / "data"
    topics = load_topics(data / "topics.yaml")
    assert all({*titles} == {"en", "es", "pt_BR", "fr"} for titles in topics.values())
    assert load_segments(data / "segments.yaml", topics=topics, lists=("newsletter",))


def test_a_country_tells_its_zone_where_it_can() -> None:
    assert zone_of_country("UY") == "America/Montevideo"
    assert zone_of_country("BR") == "America/Sao_Paulo"
    assert zone_of_country("AQ") == ""
    assert zone_of_country("") == ""
