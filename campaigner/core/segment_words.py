"""The words that a segment is written in, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from campaigner.errors import UserError

LONGEST_SHOWN = 40

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)
      | (?P<word>[\w./+:-]+)
      | (?P<strange>\S)
    )""",
    re.VERBOSE,
)


class SegmentError(UserError):
    """A rule that cannot be read. `position` counts characters from 1; `fix` is an instruction."""

    def __init__(self, position: int, found: str, fix: str) -> None:
        self.position, self.found, self.fix = position, found, fix
        super().__init__(f"the segment is not understood at character {position}: {found}. {fix}")


@dataclass(frozen=True)
class Word:
    """A word, what stands in quotes, a sign, or the end. `position` counts from 1."""

    kind: str  # quoted, sign, word or end
    text: str
    position: int

    def says(self, *words: str) -> bool:
        return self.kind in ("sign", "word") and self.text.lower() in words

    @property
    def shown(self) -> str:
        if self.kind == "end":
            return "the end"
        short = self.text if len(self.text) <= LONGEST_SHOWN else self.text[:LONGEST_SHOWN] + "…"
        return f"'{short}'"


def words_of(text: str) -> Iterator[Word]:
    """Yield the words, and at last the end. Raises SegmentError for what means nothing."""
    place = 0
    while found := _TOKEN.match(text, place):
        kind = str(found.lastgroup)
        raw, position = found[kind], found.start(kind) + 1
        if kind == "strange":
            if raw in "'\"":
                fix = f"Write another {raw} where it ends."
                raise SegmentError(position, "a quotation mark is not closed", fix)
            shown = f"'{raw}'" if raw.isprintable() else f"U+{ord(raw):04X}"
            raise SegmentError(position, f"{shown} means nothing here", "Put words with it in '…'.")
        if kind == "quoted":
            raw = raw[1:-1].replace(raw[0] * 2, raw[0])
            if not raw.isprintable():
                raise SegmentError(position, "it has a character that nobody sees", "Take it out.")
        yield Word(kind, raw, position)
        place = found.end()
    yield Word("end", "", len(text) + 1)
