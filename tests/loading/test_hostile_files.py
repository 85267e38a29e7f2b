"""Files that mean harm: one clear message each, soon, from the real loader."""

import time
from pathlib import Path

import pytest

from campaigner.core.strategy import Strategy
from campaigner.errors import FileError
from campaigner.loading.campaigns import load_campaign
from campaigner.loading.yaml import MAX_BYTES
from tests.loading.conftest import ACCOUNTS

SOON = 2.0
BOMB = b"a: &a [x, x]\n" + b"".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n".encode() for n in range(20)
)
HOSTILE = {
    "malformed": (b"id: a\ntitle: 'no end\n", 2, "a quotation mark is not closed"),
    "alias bomb": (BOMB, 1, "anchors and aliases"),
    "an alias of nothing": (b"id: *a\n", 1, "anchors and aliases"),
    "nested lists": (b"a: " + b"[" * 5000, 1, "50 levels deep"),
    "nested and closed": (b"a: " + b"[" * 5000 + b"]" * 5000, 1, "50 levels deep"),
    "nested mappings": (b"{a: " * 4000, 1, "50 levels deep"),
    "nested by dashes": (b"- " * 5000, 1, "50 levels deep"),
    "nested by indent": (
        b"".join(b" " * n + b"a:\n" for n in range(1000)), 51, "50 levels deep"
    ),
    "50 MB": (b"# padding\n" * 5_000_000, 1, "50.0 MB"),
    "latin-1": ("id: a\ntitle: Campaña\n".encode("latin-1"), 2, "not UTF-8: byte 0xF1"),
    "utf-16": ("id: a\n".encode("utf-16"), 1, "UTF-16"),
    "python tag": (b'id: !!python/object/apply:os.system ["true"]\n', 1, "tags"),
    "python name": (b"a: 1\nid: !!python/name:os.system\n", 2, "tags"),
    "local tag": (b"id: !secret x\n", 1, "tags"),
    "empty": (b"", 1, "empty"),
    "nothing but a comment": (b"# later\n", 1, "empty"),
    "null": (b"~\n", 1, "empty"),
    "two documents": (b"id: a\n---\nid: b\n", 2, "second document"),
    "zero byte": (b"id: a\ntitle: b\x00c\n", 2, "U+0000"),
    "endless line": (b"id: a\ntitle: " + b"x" * 900_000, 2, "900,007 characters"),
    "endless tag": (b"id: !" + b"x" * 900_000, 1, "characters"),
    "many values": (b"- a\n" * 200_000, 50_000, "more than 50,000 values"),
    "many keys": (b"".join(b"%d:\n" % n for n in range(120_000)), 25_001, "50,000 values"),
    "a wrong escape": (b'a: "\\UFFFFFFFF"\n', 1, "no sign that exists"),
    "an open quote of 1 MB": (b'a: "' + b"\n\n" * (MAX_BYTES // 2 - 9), 1, "is not closed"),
    "a list": (b"- id: a\n", 1, "needs keys"),
    "a text": (b"hello\n", 1, "needs keys"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_gets_one_clear_message_at_once(
    kind: str, tmp_path: Path, strategy: Strategy
) -> None:
    data, line, words = HOSTILE[kind]
    path = tmp_path / "hostile.yaml"
    path.write_bytes(data)
    began = time.process_time()
    with pytest.raises(FileError) as caught:
        load_campaign(path, strategy=strategy, accounts=ACCOUNTS)
    assert time.process_time() - began < SOON
    [problem] = caught.value.problems
    assert problem.line == line
    assert words in problem.found
    assert problem.fix
    assert len(str(caught.value)) < 400, "a message, not the file again"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "data",
    [
        b"items:\n" + b"- {nonsense: 1}\n" * 15_000,
        b"accounts: [" + b"nobody,\n" * 40_000 + b"]\n",
        b"accounts:\n" + b"".join(b"- nobody%d\n" % n for n in range(40_000)),
        b"items:\n" + b"- id: a\n  text: '{{ a }}'\n  link: {zz: 'x'}\n" * 4_000,
        b"variables:\n"
        + b"".join(b" variable%d: a\n" % n for n in range(8_000))
        + b"items:\n"
        + b"".join(b"- {id: a, text: '{{ varable%d }}'}\n" % n for n in range(400)),
        b"items:\n" + b"".join(b"- {id: a, text: '{{ partner.a%d }}'}\n" % n for n in range(400)),
        b"items:\n" + b"- {id: a, text: b, hashtags: library.a}\n" * 400,
        b"utm:\n" + b"".join(b" a%d: b\n" % n for n in range(9_000)),
    ],
    ids=[
        "unknown keys",
        "doubles",
        "unknown accounts",
        "wrong items",
        "unknown variables",
        "unknown partners",
        "unknown hashtags",
        "unknown parameters",
    ],
)
def test_a_file_of_faults_is_given_up_soon(data: bytes, tmp_path: Path, strategy: Strategy) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_bytes(data)
    began = time.process_time()
    with pytest.raises(FileError, match="Reading stopped after 100 problems") as caught:
        load_campaign(path, strategy=strategy, accounts=ACCOUNTS)
    assert time.process_time() - began < SOON
    assert len(caught.value.problems) == 101


def test_what_is_no_file_is_told(tmp_path: Path, strategy: Strategy) -> None:
    for path, words in ((tmp_path, "not a file"), (tmp_path / "none.yaml", "no such file")):
        with pytest.raises(FileError, match=words):
            load_campaign(path, strategy=strategy, accounts=ACCOUNTS)
