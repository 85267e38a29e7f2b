"""What every public page needs: the lists, the keys, the words, and how to answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from campaigner.core.signup import StampFault, stamp_fault
from campaigner.core.tokens import Keyring, Purpose, read, sign
from campaigner.db.archive import Out
from campaigner.db.engine import Sessions
from campaigner.errors import UserError
from campaigner.rendering.languages import language_for
from campaigner.rendering.public_pages import PublicPages
from campaigner.settings import AccountSettings
from campaigner.web import security
from campaigner.web.forms import Form

log = structlog.get_logger()
OUT_OF_ORDER = "This page is out of order. Please try again later."
GET = ["GET", "HEAD"]  # a HEAD is answered like a GET, and neither changes anything


@dataclass(frozen=True, kw_only=True)
class PublicDesk:
    """`reading` are sessions that may not write: a GET is given no others.

    `topics` are {id: {locale: title}}; `zone` is where readers are taken to
    be until they say so; `public_url` has no slash at its end; `out` remembers
    what is in the archive.
    """

    reading: Sessions
    writing: Sessions
    lists: Mapping[str, AccountSettings]
    topics: Callable[[], Mapping[str, Mapping[str, str]]]
    keyring: Keyring
    pages: PublicPages
    zone: str
    public_url: str
    clock: Callable[[], datetime]
    out: Out = field(default_factory=set)

    def language(self, request: Request, form: Form | None = None, *, known: str = "") -> str:
        """Return the locale for a reader: what they chose, else what we `know` of them, else
        what their browser says."""
        chosen = [request.query_params.get("lang", ""), form.text("lang") if form else "", known]
        return language_for(chosen, accept=request.headers.get("accept-language", ""))

    def answer(
        self,
        name: str,
        values: Mapping[str, Any],
        *,
        locale: str,
        status: int = 200,
        forms: bool = False,
    ) -> Response:
        """Return a page. It is nobody's to keep: it may show an address or a token."""
        try:
            html = self.pages.page(name, values, locale=locale, zone=self.zone)
        except UserError as error:
            # A workspace may have templates of its own; readers need not know what is wrong.
            log.error("a public page cannot be shown", page=name, error=str(error))
            return PlainTextResponse(OUT_OF_ORDER, 500, security.HEADERS)
        sent = security.headers(forms=forms) | {"Vary": "Accept-Language"}
        return HTMLResponse(html, status, sent)

    def problem(self, key: str, *, locale: str, status: int) -> Response:
        """Return a page that says what is wrong, by its key in `sentences.txt`, and what to do."""
        heading = self.pages.say(key, locale=locale)
        what_to_do = self.pages.say(f"{key}_fix", locale=locale)
        values = {"heading": heading, "what_to_do": what_to_do}
        return self.answer("problem.html", values, locale=locale, status=status)

    def is_from_elsewhere(self, request: Request) -> bool:
        return security.is_from_elsewhere(request, public_url=self.public_url)

    def stamp(self) -> str:
        """Return a form's stamp: when it was made, signed."""
        return sign(self.keyring, Purpose.FORM, int(self.clock().timestamp()))

    def stamp_fault(self, stamp: str) -> StampFault | None:
        second = read(self.keyring, Purpose.FORM, stamp)
        made_at = None if second is None else datetime.fromtimestamp(second, UTC)
        return stamp_fault(made_at, now=self.clock())

    def title_of(self, list: str) -> str:
        """Return what a list is called; its own name where the settings do not say."""
        account = self.lists.get(list)
        return (account.title if account else "") or list


def host_of(request: Request) -> str:
    """Return the IP address that a request came from, as the server knows it; "" if it does not.

    Behind a proxy on this machine that is what the proxy says (X-Forwarded-For).
    """
    return request.client.host if request.client else ""
