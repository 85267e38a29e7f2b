"""Where web addresses stand in a text, as X and Mastodon see them.

Both networks follow the rules of twitter-text (github.com/twitter/twitter-text,
configuration v3), Mastodon with wider paths and only with a scheme
(mastodon: config/initializers/twitter_regex.rb). A network that sees an address
counts it as 23 characters, so what one sees, and where it ends, matters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import regex

from campaigner.core.top_level_domains import TOP_LEVEL_DOMAINS

MAX_URL = 4096
MAX_LABEL = 63
MAX_SHORT_LINK = 40  # characters after t.co/
ASSUMED_SCHEME = "https://"  # what an address without one is measured with

Span = tuple[int, int]

_INVALID = r"\uFFFE\uFEFF\uFFFF"
_DIRECTION = r"\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069"
_SPACES = r"\x09-\x0D\x20\x85\xA0\u1680\u180E\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
_PUNCTUATION = r"""!'#%&()*+,\\\-./:;<=>?@\[\]\^_{|}~$"""
ACCENTED = (
    r"\xC0-\xD6\xD8-\xF6\xF8-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F"
    r"\u0272\u0289\u028B\u02BB\u0300-\u036F\u1E00-\u1EFF"
)
_CYRILLIC = r"\u0400-\u04FF"
_BEYOND_ASCII = r"\u00A0-\uD7FF\uE000-\uFDCF\uFDF0-\uFFEF\U00010000-\U0010FFFD"

_IN_LABEL = rf"[^{_PUNCTUATION}{_SPACES}{_INVALID}{_DIRECTION}]"
# A listed name ends where no letter, digit, @, + or hyphen follows; punycode may be anything.
_TOP = r"(?i:\L<top>(?![0-9A-Za-z@+\-])|xn--[\-0-9a-z]+)"


def _compile(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.VERSION1)


def _compile_with_names(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.VERSION1, top=TOP_LEVEL_DOMAINS)


_MAY_PRECEDE = _compile(rf"[^A-Za-z0-9@＠$#＃{_INVALID}]|[{_DIRECTION}]")
_X_SCHEME = _compile(r"(?i:https?://)\Z")
_MASTODON_SCHEME = _compile(r"(?i:(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://)\Z")
_LONGEST_SCHEME = len("gopher://")
_X_QUERY = r"\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[A-Za-z0-9\-_&=#/]"
_X_SHORT_LINK = _compile(rf"(?i:https?://t\.co/)([A-Za-z0-9]+)(?:{_X_QUERY})?")
_MASTODON_SHORT_LINK = _compile(r"(?i:https?://t\.co/)([A-Za-z0-9]+)")
_RUN = _compile(rf"(?:{_IN_LABEL}|[._\-])++")


@cache
def _named() -> regex.Pattern[str]:
    return _compile_with_names(rf"\.{_TOP}")


@cache
def _domain() -> regex.Pattern[str]:
    """Labels that neither begin nor end with a hyphen; `_` only left of the last but one."""
    subdomain = rf"{_IN_LABEL}(?:[_\-{_IN_LABEL}]*{_IN_LABEL})?\."
    name = rf"{_IN_LABEL}(?:[\-{_IN_LABEL}]*{_IN_LABEL})?\."
    return _compile_with_names(rf"(?:{subdomain})*{name}{_TOP}")


@cache
def _latin_domain() -> regex.Pattern[str]:
    return _compile_with_names(rf"(?:[\-a-zA-Z0-9{ACCENTED}]+\.)+{_TOP}")


def _rest(*, general: str, ending: str, query: str) -> regex.Pattern[str]:
    """Port, path and query. Parentheses belong to a path in pairs, one pair deep in another."""
    pair = rf"\((?:{general}+|{general}*\({general}+\){general}*)\)"
    path = rf"{general}*(?:{pair}{general}*)*(?:{ending}|{pair})|@{general}+/"
    return _compile(rf"(?::[0-9]+)?(?P<path>/(?:{path})*)?(?:{query})?")


_X_REST = _rest(
    general=rf"[A-Za-z{_CYRILLIC}0-9!*';:=+,.$/%#\[\]\-–_~@|\&{ACCENTED}]",
    ending=rf"[+\-A-Za-z{_CYRILLIC}0-9=_#/{ACCENTED}]",
    query=_X_QUERY,
)
_MASTODON_REST = _rest(
    general=r"[^\p{White_Space}<>()?]",
    ending=r"""[^\p{White_Space}()?!*"'「」<>;:=,.$%\[\]\~\&\|@]""",
    query=(
        rf"\?[A-Za-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@\^{_BEYOND_ASCII}]*"
        rf"[A-Za-z0-9_&=#/\-{_BEYOND_ASCII}]"
    ),
)


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """What has the shape of an address: scheme (maybe none), domain, and what follows."""

    start: int
    end: int
    text: str
    domain: str
    has_scheme: bool
    has_path: bool
    before: str


def found_by_x(text: str) -> Iterator[Span]:
    """Yield (start, end) of each address that X makes a link of, in order.

    Without a scheme, only the part of a domain in Latin letters is one, and
    not after `-`, `_`, `.` or `/`.
    """
    for found in _candidates(text, scheme=_X_SCHEME, rest=_X_REST):
        if not _possible(found):
            continue
        if not found.has_scheme:
            if found.before not in ("-", "_", ".", "/"):
                yield from _without_scheme(found)
        else:
            yield from _with_scheme(found, short_link=_X_SHORT_LINK)


def found_by_mastodon(text: str) -> Iterator[Span]:
    """Yield (start, end) of each address that Mastodon makes a link of, in order."""
    if "://" in text:
        for found in _candidates(text, scheme=_MASTODON_SCHEME, rest=_MASTODON_REST):
            if found.has_scheme and _possible(found):
                yield from _with_scheme(found, short_link=_MASTODON_SHORT_LINK)


def _candidates(
    text: str, *, scheme: regex.Pattern[str], rest: regex.Pattern[str]
) -> Iterator[_Candidate]:
    """Yield candidates that do not overlap, leftmost first and as long as they can be.

    Only runs of domain characters that hold a dot and a listed name are looked
    at closely, so that long texts without addresses cost little.
    """
    taken = 0
    for run in _RUN.finditer(text):
        if not _named().search(text, run.start(), run.end()):
            continue
        at = max(run.start(), taken)
        # A text's first character, unless plain, is rather what precedes an address.
        if at == 0 and _MAY_PRECEDE.match(text) and _domain().match(text, 1):
            at = 1
        while at < run.end():
            found = _candidate(text, at, taken, scheme=scheme, rest=rest)
            if found is None:
                at += 1
                continue
            yield found
            at = taken = found.end


def _candidate(
    text: str, at: int, taken: int, *, scheme: regex.Pattern[str], rest: regex.Pattern[str]
) -> _Candidate | None:
    """Return the candidate whose domain begins at `at`, using nothing before `taken`."""
    with_scheme = scheme.search(text, max(at - _LONGEST_SCHEME, taken), at)
    starts = [with_scheme.start(), at] if with_scheme else [at]
    for start in starts:
        before = text[start - 1] if start > taken else ""
        if start and not _MAY_PRECEDE.match(before):
            continue
        if not (domain := _domain().match(text, at)):
            return None
        tail = rest.match(text, domain.end())
        end = tail.end() if tail else domain.end()
        return _Candidate(
            start=start,
            end=end,
            text=text[start:end],
            domain=domain[0],
            has_scheme=start < at,
            has_path=bool(tail and tail["path"]),
            before=before,
        )
    return None


def _with_scheme(found: _Candidate, *, short_link: regex.Pattern[str]) -> Iterator[Span]:
    """Yield the address; one of t.co ends after its name, which has no more than 40 letters."""
    if short := short_link.match(found.text):
        if len(short[1]) <= MAX_SHORT_LINK:
            yield found.start, found.start + short.end()
    else:
        yield found.start, found.end


def _without_scheme(found: _Candidate) -> Iterator[Span]:
    domains = [domain.span() for domain in _latin_domain().finditer(found.domain)]
    for index, (first, last) in enumerate(domains):
        whole = found.has_path and index == len(domains) - 1
        yield found.start + first, found.end if whole else found.start + last


def _possible(found: _Candidate) -> bool:
    """Whether the domain name system could hold it: labels of 1..63, in all at most 4,096."""
    # A domain that begins as punycode may hold nothing but Latin letters.
    if found.domain.startswith("xn--") and not _latin_domain().search(found.domain):
        return False
    encoded = [_encoded_length(label) for label in found.domain.split(".")]
    if not all(1 <= length <= MAX_LABEL for length in encoded):
        return False
    host = sum(encoded) + len(encoded) - 1
    whole = len(found.text) - len(found.domain) + host
    return whole + (0 if found.has_scheme else len(ASSUMED_SCHEME)) <= MAX_URL


def _encoded_length(label: str) -> int:
    return len(label) if label.isascii() else len("xn--") + len(label.encode("punycode"))
