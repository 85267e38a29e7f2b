"""What an approval pins: change any of it and it is another content."""

from dataclasses import replace
from typing import Any

import pytest

from campaigner.core.approval import Pinned, content_hash, why_not
from campaigner.core.message import Medium

PICTURE = Medium(sha256="a" * 64, mime="image/png", alt="A padlock")
PINNED = Pinned(
    account="x-en",
    base="https://api.x.com",
    when="2026-03-02 09:00 America/Montevideo",
    text="Names matter",
    link="https://example.org/?utm_content=k",
    language="en",
    media=(PICTURE,),
    blocks=(("", 0, "<p>Hello</p>", "Hello"),),
    recipients=12,
)
KNOWN = "c01136e3dfd47a187aab84881bea2a1f63805e922c25353c59158eb6ba236c3f"
CHANGES: list[dict[str, Any]] = [
    {"account": "x-es"},
    {"base": "http://127.0.0.1:8711"},
    {"when": "2026-03-02 09:01 America/Montevideo"},
    {"when": "2026-03-02 09:00 America/Sao_Paulo"},
    {"text": "Names matter "},
    {"link": "https://example.org/?utm_content=l"},
    {"language": "es"},
    {"media": ()},
    {"media": (PICTURE, PICTURE)},
    {"media": (replace(PICTURE, sha256="b" * 64),)},
    {"media": (replace(PICTURE, mime="image/jpeg"),)},
    {"media": (replace(PICTURE, alt="A key"),)},
    {"blocks": ()},
    {"blocks": (("UTC", 0, "<p>Hello</p>", "Hello"),)},
    {"blocks": (("", 1, "<p>Hello</p>", "Hello"),)},
    {"blocks": (("", 0, "<p>hello</p>", "Hello"),)},
    {"blocks": (("", 0, "<p>Hello</p>", "hello"),)},
    {"audience": "topics policy"},
    {"recipients": 13},
]


def test_every_field_is_among_the_changes() -> None:
    changed = {name for change in CHANGES for name in change}
    assert changed == set(Pinned.__dataclass_fields__)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_every_pinned_field_changes_the_hash(change: dict[str, Any]) -> None:
    assert content_hash(replace(PINNED, **change)) != content_hash(PINNED)


def test_no_two_changes_look_the_same() -> None:
    assert len({content_hash(replace(PINNED, **change)) for change in CHANGES}) == len(CHANGES)


def test_a_hash_is_the_same_on_every_machine() -> None:
    assert content_hash(PINNED) == KNOWN


def test_four_eyes_are_two_people() -> None:
    assert why_not(by="ana", queued_by="bea", four_eyes=True) is None
    assert why_not(by="ana", queued_by="ana", four_eyes=False) is None
    refused = why_not(by="ana", queued_by="ana", four_eyes=True)
    assert refused is not None
    assert "ana" in refused
