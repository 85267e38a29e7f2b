"""What goes to a translator and comes back: a row for each text, or each plural form of one."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a translation stands, in the words that its translator reads."""

    NEW = "new"
    DONE = "done"
    CHECK = "check again"
    FAULTY = "faulty"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One text as a translator sees it.

    `key` names text and form whatever becomes of the other cells (see
    `key_of`). `form` is CLDR's name of a plural form, or empty. `previous` is
    the source text for which the translation was made, where that differs.
    `left` is the room that the translation leaves on the tightest network,
    negative if it is too long; `limit` says how much there is, and where.
    `note` is the translator's own.
    """

    key: str
    context: str
    where: str
    form: str = ""
    source: str
    previous: str = ""
    translation: str = ""
    left: int | None = None
    limit: str = ""
    glossary: str = ""
    due: str = ""
    state: State = State.NEW
    note: str = ""

    @property
    def stamp(self) -> str:
        """What was handed out, in short: so that what comes back untouched is known as such."""
        return _stamp(self.translation, self.note, self.state)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One text that came back. `place` is where it stood (`row 7`, `string 12`).

    Without a `key` it is told by `context`, `source` and `form`. `written` is
    the translation before a spreadsheet's escapes were resolved. `state` and
    `note` are None where the file does not say, `stamp` is empty if it is not
    known what was handed out. `fault` says why the text cannot be read.
    """

    place: str
    key: str = ""
    stamp: str = ""
    context: str | None
    form: str = ""
    source: str
    translation: str
    written: str = ""
    state: State | None = None
    note: str | None = None
    fault: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.translation.strip()

    def untouched(self, current: str) -> bool:
        """Whether the translation is what was handed out, or what there is now, or nothing."""
        texts = [_lines(self.translation), _lines(self.written or self.translation)]
        handed_out = self.stamp[:_TEXT]
        same = _lines(current) in texts or handed_out in map(_short, texts)
        return self.is_empty or same

    @property
    def new_state(self) -> State | None:
        """What the translator made of its state; None: left as it was handed out."""
        if self.state is None or self.stamp[-1:] == self.state.value[0]:
            return None
        return self.state

    @property
    def new_note(self) -> str | None:
        """The translator's note if it is new; an erased one is none."""
        if not self.note or self.stamp[_TEXT:-1] == _short(plain(self.note))[:_NOTE]:
            return None
        return self.note


def key_of(domain: str, context: str | None, message: str, form: str = "") -> str:
    """Return a short name of a text: nothing that a spreadsheet takes for a number or a date."""
    return "id" + _short(
        "\0".join((domain, "" if context is None else f"={context}", message, form))
    )


def plain(text: str) -> str:
    """Return a text without what office programs change by themselves: quotes, dashes, spaces."""
    return re.sub(r"\s+", " ", text.translate(_TYPED)).strip()


_TEXT, _NOTE = 16, 6  # characters of a stamp
_DOUBLE, _SINGLE = "“”„«»‟″", "‘’‚‹›‛′"
_TYPED = str.maketrans(
    {
        **dict.fromkeys(_DOUBLE, '"'),
        **dict.fromkeys(_SINGLE, "'"),
        **{"–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " "},
    }
)


def _stamp(translation: str, note: str, state: State) -> str:
    return _short(_lines(translation)) + _short(plain(note))[:_NOTE] + state.value[0]


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_TEXT]
