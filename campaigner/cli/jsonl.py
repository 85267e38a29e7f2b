"""A JSON string a line on standard input: for commands that answer one after the other."""

import json
from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 1_000_000  # bytes; the rest of a longer one is passed over


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield line after line, never more than a bit over LONGEST_LINE of one."""
    while line := stream.readline(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE + 1)
        yield line


def text_in(line: bytes) -> str:
    """Return the JSON string that a line is. Raises ValueError, with a sentence, otherwise."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"this line is longer than {LONGEST_LINE:,} bytes")
    try:
        text = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("this line is not UTF-8") from None
    except (ValueError, RecursionError):
        raise ValueError('this line is no JSON: write each text as "text"') from None
    if not isinstance(text, str):
        raise ValueError('this line is no text: write each as "text"')
    return text
