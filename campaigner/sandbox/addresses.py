"""Which parts of a text the networks take for links, hashtags and mentions.

Written for the sandbox alone and on purpose not shared with the product: if
the two disagree about a text, one of them is wrong, and a test shows it.
Rules: https://github.com/twitter/twitter-text (Mastodon uses the same library).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import regex

_PUNCTUATION = r"""!'#%&()*+,\\\-./:;<=>?@\[\]^_{|}~$"""
_SPACE = r"\t-\r \x85\xA0\u1680\u180E\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
_MARKS = r"\u202A-\u202E\u061C\u200E\u200F\u2066-\u2069"
_INVALID = r"\uFFFE\uFEFF\uFFFF"
_LATIN = (
    r"\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263"
    r"\u0268\u026F\u0272\u0289\u028B\u02BB\u0300-\u036F\u1E00-\u1EFF"
)
_LETTER = rf"[^{_PUNCTUATION}{_SPACE}{_MARKS}{_INVALID}]"
_PATH = rf"[a-z\u0400-\u04FF0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{_LATIN}]"
_BRACKETS = rf"\((?:{_PATH}+|{_PATH}*\({_PATH}+\){_PATH}*)\)"
_PATH_END = rf"(?:[+\-a-z\u0400-\u04FF0-9=_#/{_LATIN}]|{_BRACKETS})"
_QUERY = r"[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]"

_LABEL_LIMIT = 63  # RFC 1035; a label beyond it makes the whole thing no link
_URL_LIMIT = 4096
_SLUG_LIMIT = 40

_HASHTAG = regex.compile(
    r"(?<![\p{L}\p{M}\p{N}_&/])[#＃]([\p{L}\p{M}\p{N}_]*[\p{L}\p{M}][\p{L}\p{M}\p{N}_]*)"
)
# app/models/account.rb of Mastodon's server, and what may not follow (twitter-text).
_MENTION = regex.compile(
    r"(?<![\w/=])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*+)(@\w+(?:[.-]+\w+)*+)?+", regex.I
)
_GOES_ON = regex.compile(rf"[@＠{_LATIN}]|://")
_OWN_SHORT = regex.compile(rf"https?://t\.co/([a-z0-9]+)(?:\?{_QUERY}*[a-z0-9\-_&=#/])?", regex.I)
_SHORT = regex.compile(r"https?://t\.co/([a-z0-9]+)", regex.I)


@dataclass(frozen=True, kw_only=True, order=True)
class Span:
    """A part of a text: code points `start` to `end`, the last excluded."""

    start: int
    end: int
    text: str


# A host is taken whole, in one pass that never goes back; where its name ends is looked
# at afterwards. As one expression it would take quadratic time on `a.a.a.a…`.
def _head(schemes: str) -> regex.Pattern[str]:
    return regex.compile(
        rf"(?<![a-z0-9@＠$#＃{_INVALID}])(?P<scheme>(?:{schemes})://)?"
        rf"(?P<host>(?:{_LETTER}(?:[_\-]|{_LETTER})*+(?<![_\-])\.)++"
        rf"(?:{_LETTER}(?:[_\-]|{_LETTER})*+)?)",
        regex.I,
    )


_PLAIN = regex.compile(rf"[a-z0-9@＠$#＃{_INVALID}]", regex.I)
_TAIL = regex.compile(
    rf"(?::[0-9]+)?(?P<path>/(?:{_PATH}*(?:{_BRACKETS}{_PATH}*)*{_PATH_END}|@{_PATH}+/)*)?"
    rf"(?:\?{_QUERY}*[a-z0-9\-_&=#/])?",
    regex.I,
)
# Mastodon's own, wider: config/initializers/twitter_regex.rb of its server.
_WIDE = r"[^\p{White_Space}<>()?]"
_WIDE_BRACKETS = rf"\((?:{_WIDE}+|{_WIDE}*\({_WIDE}+\){_WIDE}*)\)"
_WIDE_END = r"""[^\p{White_Space}()?!*"'「」<>;:=,.$%\[\]~&|@]"""
_BEYOND = r"\u00A0-\uD7FF\uE000-\uFDCF\uFDF0-\uFFEF\U00010000-\U0010FFFD"
_WIDE_QUERY = rf"\?[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@\^{_BEYOND}]*[a-z0-9_&=#/\-{_BEYOND}]"
_WIDE_TAIL = regex.compile(
    rf"(?::[0-9]+)?(?P<path>/(?:{_WIDE}*(?:{_WIDE_BRACKETS}{_WIDE}*)*"
    rf"(?:{_WIDE_END}|{_WIDE_BRACKETS})|{_WIDE}+/)*)?(?:{_WIDE_QUERY})?",
    regex.I,
)
# By whether links without a scheme count: only X does that.
_SCHEMES = {True: "https?", False: "https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini"}
_HEADS = {which: _head(schemes) for which, schemes in _SCHEMES.items()}
_TAILS = {True: _TAIL, False: _WIDE_TAIL}
_SCHEME_AT_END = {
    which: regex.compile(rf"(?:{schemes})\Z", regex.I) for which, schemes in _SCHEMES.items()
}


@cache
def _tld_patterns() -> tuple[regex.Pattern[str], regex.Pattern[str]]:
    """Return what matches a top-level domain, and a host in Latin letters that ends in one."""
    lines = files("campaigner.sandbox").joinpath("tlds.txt").read_text(encoding="utf-8")
    names = [line for line in lines.splitlines() if line and not line.startswith("#")]
    tld = r"(?:\L<names>(?![0-9a-z@+\-])|xn--[\-0-9a-z]+)"
    plain = rf"(?:[\-a-z0-9{_LATIN}]+\.)+{tld}"
    return regex.compile(tld, regex.I, names=names), regex.compile(plain, regex.I, names=names)


def links(text: str, *, schemeless: bool) -> Iterator[Span]:
    """Yield the links of `text` in order: X's with `schemeless` (`example.org/page`), else
    Mastodon's, which have wider paths and more schemes."""
    taken = 0
    position = _beginning(text, _HEADS[schemeless])
    while head := _HEADS[schemeless].search(text, position):
        position = head.end()
        host_end = _end_of_host(head)
        if host_end is None:
            # What looks like a host may end in the scheme of the real one: `www.http://…`.
            word = _SCHEME_AT_END[schemeless].search(head["host"])
            if word and text.startswith("://", position):
                position -= len(word[0])
            continue
        tail = _TAILS[schemeless].match(text, host_end)
        position = max(host_end, tail.end())
        host = text[head.start("host") : host_end]
        if not _is_possible(host, len(text[head.start() : position])):
            continue
        if head["scheme"]:
            yield from _with_scheme(text, head.start(), position, schemeless=schemeless)
        elif schemeless and text[taken : head.start()][-1:] not in {"-", "_", ".", "/"}:
            start = head.start()
            yield from _without_scheme(text, start, host_end, position, bool(tail["path"]))
        taken = position


def _beginning(text: str, head: regex.Pattern[str]) -> int:
    """Return where to begin: a first character that may precede a link is not part of one."""
    if text and not _PLAIN.match(text):
        found = head.match(text, 1)
        if found and _end_of_host(found) is not None:
            return 1
    return 0


def _end_of_host(head: regex.Match[str]) -> int | None:
    """Return where the host ends: after its last label that is a known top-level domain."""
    tld, _ = _tld_patterns()
    labels = head["host"].split(".")
    start = head.end("host")
    for index in range(len(labels) - 1, 0, -1):
        start -= len(labels[index])
        found = tld.match(head.string, start, head.end("host") + 1)
        if found and "_" not in labels[index - 1]:
            return int(found.end())
        start -= len(".")
    return None


def _is_possible(host: str, length: int) -> bool:
    labels = host.lower().split(".")
    if any(label.startswith("xn--") and not label.isascii() for label in labels):
        return False
    encoded = [
        len(label) if label.isascii() else len("xn--") + len(label.encode("punycode"))
        for label in labels
    ]
    grown = sum(encoded) - sum(len(label) for label in labels)
    return max(encoded) <= _LABEL_LIMIT and length + grown <= _URL_LIMIT


def _with_scheme(text: str, start: int, end: int, *, schemeless: bool) -> Iterator[Span]:
    if short := (_OWN_SHORT if schemeless else _SHORT).match(text, start, end):
        if len(short[1]) > _SLUG_LIMIT:
            return
        end = short.end()
    yield Span(start=start, end=end, text=text[start:end])


def _without_scheme(
    text: str, start: int, host_end: int, end: int, has_path: bool
) -> Iterator[Span]:
    """Yield each name in Latin letters inside the host; path and query belong to the last."""
    _, plain = _tld_patterns()
    places = [match.span() for match in plain.finditer(text, start, host_end)]
    for number, (first, last) in enumerate(places, 1):
        stop = end if has_path and number == len(places) else last
        yield Span(start=first, end=stop, text=text[first:stop])


def hashtags(text: str) -> Iterator[Span]:
    """Yield the hashtags of `text`, the sign included: `#DNSSEC`."""
    for match in _HASHTAG.finditer(text):
        yield Span(start=match.start(), end=match.end(), text=match[0])


def mentions(text: str) -> Iterator[Span]:
    """Yield `@name` and `@name@server` of `text`."""
    for match in _MENTION.finditer(text):
        if _GOES_ON.match(text, match.end()):
            continue
        yield Span(start=match.start(), end=match.end(), text=match[0])
