"""MJML to HTML that mail programs show alike, with its styles inside of the elements.

https://documentation.mjml.io. Nothing is fetched or included from anywhere:
what a mail consists of is in the templates.
"""

import re

from css_inline import CSSInliner, InlineError
from mjml import mjml2html

NO_FONTS: dict[str, str] = {}  # else well-known names are fetched from Google by every reader
_LEFT_OVER = re.compile(r"</?mj-[a-z-]+")
_BLANKS = re.compile(r">\s*\n\s*<")


class MjmlError(ValueError):
    """This is not MJML. The text says what is wrong, in the parser's words."""


def to_html(mjml: str, *, look: str) -> str:
    """Return the page of a whole MJML document; `look` is CSS that goes into its elements.

    What its `mj-style` says stays in the head. Comments outlast it, and so do
    slots. Raises MjmlError for what is not MJML, or uses an element there is not.
    """
    try:
        page = CSSInliner(
            inline_style_tags=False,
            keep_style_tags=True,
            load_remote_stylesheets=False,
            minify_css=True,
            extra_css=look,
        ).inline(mjml2html(mjml, fonts=NO_FONTS))
    except (ValueError, InlineError) as error:
        raise MjmlError(str(error)) from None
    if found := _LEFT_OVER.search(page):
        raise MjmlError(f"there is no element {found[0].lstrip('</')}, or not at this place")
    return _BLANKS.sub(">\n<", page)
