"""What somebody probably meant who wrote a word that is not known."""

from collections.abc import Collection
from difflib import SequenceMatcher
from heapq import nsmallest

SIMILAR = 0.6
SHOWN = 3
LONGEST = 60  # comparing grows with the product of both lengths; nobody mistypes this much
MOST = 700  # all time zones; of more words, those nearest in length are compared


def near(word: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the known words most like `word`, best first; empty if none is like it.

    At most three, and more than one only where they are equally like it.
    """
    if len(word) > LONGEST:
        return ()
    likeness = SequenceMatcher(b=word.casefold(), autojunk=False)
    rated: list[tuple[float, str]] = []
    for candidate in _comparable(word, known):
        likeness.set_seq1(candidate.casefold())
        # The first two are upper bounds of the third, and much cheaper.
        if (
            likeness.real_quick_ratio() >= SIMILAR
            and likeness.quick_ratio() >= SIMILAR
            and (ratio := likeness.ratio()) >= SIMILAR
        ):
            rated.append((ratio, candidate))
    best = max((ratio for ratio, _ in rated), default=0.0)
    return tuple(sorted(candidate for ratio, candidate in rated if ratio == best)[:SHOWN])


def _comparable(word: str, known: Collection[str]) -> Collection[str]:
    if len(known) <= MOST:
        return known
    return nsmallest(MOST, known, key=lambda other: (abs(len(other) - len(word)), other))


def did_you_mean(word: str, known: Collection[str], *, otherwise: str) -> str:
    """Return a sentence that names the words near `word`; `otherwise` if there are none."""
    if not (words := near(word, known)):
        return otherwise
    return f"Did you mean {listed(words, last='or')}?"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 item`, `2 items`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(words: Collection[str], *, last: str = "and") -> str:
    """Return the words quoted and in a row: `'a', 'b' and 'c'`."""
    *head, tail = (f"'{word}'" for word in words)
    return f"{', '.join(head)} {last} {tail}" if head else tail
