"""What of a mail's HTML matters for whether it arrives: see core.mail_faults.

Conditional comments of Outlook are comments here, as for everybody else.
"""

import re
from html.parser import HTMLParser

_FETCHING = re.compile(r"@import\b|url\(\s*['\"]?(?:https?:)?//", re.IGNORECASE)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?<![-\w])opacity\s*:\s*0(?![.\d])"
    r"|(?<![-\w])max-height\s*:\s*0(?!\.?[1-9])"
)
_ACTIVE = frozenset((
    "applet", "audio", "base", "embed", "form", "frame", "iframe", "input", "link", "object",
    "script", "video",
))  # fmt: skip
_VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr",
))  # fmt: skip
_UNSEEN = frozenset(("head", "style", "title", "script"))


class Page(HTMLParser):
    """What of a page matters here: text that is seen and not seen, links, images, what is active.

    `links` are (address, what stands in it); `images` are (address, alt text or None).
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []
        self.images: list[tuple[str, str | None]] = []
        self.active: list[str] = []
        self.hidden: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._seen: list[str] = []
        self._link: tuple[str, list[str]] | None = None
        self._unseen: list[str] = []
        self.feed(html)
        self.close()
        self._end_hidden()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._seen).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _ACTIVE:
            self.active.append(tag)
        if tag == "a" and "href" in values:
            self._link = ((values["href"] or "").strip(), [])
        if tag == "img":
            alt = values.get("alt", "") if "alt" in values else None
            # Alone in a link, a picture is all that says where it leads.
            self.images.append(((values.get("src") or "").strip(), alt))
            if alt and self._link:
                self._link[1].append(alt)
        if tag not in _VOID:
            hides = "hidden" in values or bool(_HIDING.search((values.get("style") or "").lower()))
            self._open.append((tag, hides))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link:
            self.links.append((self._link[0], " ".join("".join(self._link[1]).split())))
            self._link = None
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]
        if not any(hides for _, hides in self._open):
            self._end_hidden()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "style" and (found := _FETCHING.search(data)):
            self.active.append(found[0].strip().partition("(")[0].lower())
        if any(name in _UNSEEN for name, _ in self._open):
            return
        if any(hides for _, hides in self._open):
            self._unseen.append(data)
            return
        self._seen.append(data)
        if self._link:
            self._link[1].append(data)

    def _end_hidden(self) -> None:
        if hidden := " ".join("".join(self._unseen).split()):
            self.hidden.append(hidden)
        self._unseen.clear()
