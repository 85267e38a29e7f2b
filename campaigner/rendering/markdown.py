"""Markdown of stories: as HTML for a mail, as plain text for its other half, and what is wrong.

https://spec.commonmark.org/0.31.2/. HTML within it is not understood, and it
shows no pictures: those would be fetched from elsewhere when a mail is opened.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

WIDTH = 76
HEADINGS = {"h1": "h3", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6", "h6": "h6"}
"""A story stands under a headline of its own (h2): what it heads itself comes below."""
ALLOWED = ("https://", "mailto:")


def to_html(text: str, *, classes: Mapping[str, str]) -> Markup:
    """Return the HTML of a text; elements named in `classes` get that class."""
    tokens = _parser().parse(text)
    for token in _all(tokens):
        token.tag = HEADINGS.get(token.tag, token.tag)
        if token.tag in classes and token.nesting >= 0:
            token.attrSet("class", classes[token.tag])
    parser = _parser()
    return Markup(parser.renderer.render(tokens, parser.options, {}).strip())


def to_text(text: str) -> str:
    """Return what a text says without its marks, in lines of at most 76 characters.

    An address follows what it is linked from, in parentheses; emphasis is lost.
    """
    return "\n\n".join(_blocks(_parser().parse(text), WIDTH))


def faults(text: str) -> list[str]:
    """Return what a mail cannot show of a text, a sentence each."""
    found = []
    for token in _all(_suspicious().parse(text)):
        match token.type:
            case "html_block" | "html_inline":
                quoted = " ".join(token.content.split())[:40]
                found.append(f"it holds HTML ({quoted}), which is not understood. Write Markdown")
            case "image":
                found.append(
                    f"it holds a picture ({token.attrGet('src')}), which a mail does not show. "
                    "Link to it: [what it shows](https://…)"
                )
            case "link_open" if not str(token.attrGet("href")).startswith(ALLOWED):
                found.append(
                    f"it links to {token.attrGet('href')}, but a mail's links begin with https://. "
                    "Write the whole address"
                )
    return found


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).disable("image")


@cache
def _suspicious() -> MarkdownIt:
    """Return a parser that understands also what `_parser` does not, so that it can be told."""
    return MarkdownIt("commonmark", {"html": True})


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def _blocks(tokens: Sequence[Token], width: int) -> Iterator[str]:
    """Yield the paragraphs, lists and so on, each as lines of at most `width`."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        end = _end(tokens, place)
        inner = tokens[place + 1 : end]
        match token.type:
            case "inline":
                yield textwrap.fill(_inline(token), width, break_long_words=False,
                                    break_on_hyphens=False)  # fmt: skip
            case "fence" | "code_block":
                yield textwrap.indent(token.content.rstrip("\n"), "    ")
            case "hr":
                yield "-" * 20
            case "blockquote_open":
                yield textwrap.indent("\n\n".join(_blocks(inner, width - 2)), "> ", lambda _: True)
            case "bullet_list_open":
                yield _list(inner, width, ["* "])
            case "ordered_list_open":
                first = int(token.attrGet("start") or 1)
                yield _list(inner, width, [f"{first + number}. " for number in range(len(inner))])
            case _:
                yield from _blocks(inner, width)
        place = end + 1


def _list(tokens: Sequence[Token], width: int, marks: Sequence[str]) -> str:
    """Return the items of a list, each behind its mark; the last mark is that of all others."""
    items: list[str] = []
    place = 0
    is_tight = all(token.hidden for token in tokens if token.type == "paragraph_open")
    apart = "\n" if is_tight else "\n\n"
    while place < len(tokens):
        end = _end(tokens, place)
        mark = marks[min(len(items), len(marks) - 1)]
        lines = apart.join(_blocks(tokens[place + 1 : end], width - len(mark)))
        items.append(mark + textwrap.indent(lines, " " * len(mark)).lstrip())
        place = end + 1
    return apart.join(items)


def _end(tokens: Sequence[Token], place: int) -> int:
    """Return where what opens at `place` closes; `place` itself for what holds nothing."""
    depth = 0
    for number in range(place, len(tokens)):
        depth += tokens[number].nesting
        if depth == 0:
            return number
    return len(tokens) - 1


def _inline(token: Token) -> str:
    out: list[str] = []
    links: list[tuple[str, int]] = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline":
                out.append(child.content)
            case "softbreak" | "hardbreak":
                out.append(" ")
            case "link_open":
                links.append((str(child.attrGet("href")), len(out)))
            case "link_close":
                href, begin = links.pop()
                said = "".join(out[begin:])
                if href.removeprefix("mailto:") != said:
                    out.append(f" ({href.removeprefix('mailto:')})")
    return "".join(out)
