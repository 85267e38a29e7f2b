"""The page on which people look at the sandbox, and its JSON twin for programs.

Nothing on it comes from elsewhere: its own style sheet, one small module, no fonts.
"""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from campaigner.errors import UserError
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.environment import TemplateEnvironment, Voice, render
from campaigner.rendering.languages import LANGUAGES, language_for
from campaigner.sandbox.connection import Holds
from campaigner.sandbox.faults import NETWORKS, Kind, read_fault
from campaigner.sandbox.media import picture_type
from campaigner.sandbox.posts import Post
from campaigner.sandbox.stage import Stage
from campaigner.sandbox.views import (
    account_view,
    html_of,
    mail_view,
    mails_newest_first,
    open_mail,
    post_view,
    refusal_view,
)

TITLES = {"x": "X", "mastodon": "Mastodon"}
COOKIE = "sandbox-language"
FOLDER = "web/sandbox"
PAGE_SIZE = 40

_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
)
# A mail is somebody's HTML: no scripts, nothing fetched, and an origin of its own.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Renders the templates in a reader's language."""

    environment: TemplateEnvironment
    catalogs: Catalogs

    def answer(
        self, request: Request, name: str, values: Mapping[str, Any], *, status: int = 200
    ) -> Response:
        """Return a page in the language that `?lang=`, the cookie or the browser asks for."""
        locale = language_of(request)
        translator = self.catalogs.translations(TEMPLATES, locale)
        known = {"path": request.url.path, "languages": list(LANGUAGES.items()), **values}
        html = render(
            self.environment,
            f"{FOLDER}/{name}.html",
            known,
            voice=Voice(locale=locale, zone="UTC", translator=translator),
        )
        response = HTMLResponse(html, status, {"Content-Security-Policy": _POLICY})
        if "lang" in request.query_params:
            response.set_cookie(COOKIE, locale, samesite="lax", httponly=True)
        return response


def language_of(request: Request) -> str:
    """Return which of our languages the reader gets."""
    chosen = [request.query_params.get("lang", ""), request.cookies.get(COOKIE, "")]
    return language_for(chosen, accept=request.headers.get("accept-language", ""))


def make_page(stage: Stage, holds: Holds, pages: Pages, *, files: Path) -> FastAPI:
    """Return the page's server. `files` is where style sheet and module are."""
    app = FastAPI(openapi_url=None)
    _add_views(app, stage, pages)
    _add_faults(app, stage, holds, pages)
    _add_json(app, stage, holds)

    @app.middleware("http")
    async def only_from_here(request: Request, call_next: Any) -> Response:
        """Answer to no other name than this machine's: a web page elsewhere must not reach us."""
        if request.url.hostname not in ("127.0.0.1", "localhost"):
            return PlainTextResponse("Open this page as http://127.0.0.1 or http://localhost.", 421)
        response: Response = await call_next(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.get("/static/{name}")
    async def static(name: str) -> Response:
        path = files / name
        if name not in ("sandbox.css", "sandbox.js") or not path.is_file():
            return PlainTextResponse("not found", 404)
        return FileResponse(path, media_type=mimetypes.guess_type(name)[0])

    @app.get("/media/{sha256}")
    async def medium(sha256: str) -> Response:
        data = stage.gallery.data(sha256)
        if data is None:
            return PlainTextResponse("not found", 404)
        return Response(data, media_type=picture_type(data))

    return app


def _add_views(app: FastAPI, stage: Stage, pages: Pages) -> None:
    @app.exception_handler(404)
    async def missing(request: Request, error: Exception) -> Response:
        return pages.answer(request, "missing", {}, status=404)

    @app.get("/")
    async def overview(request: Request) -> Response:
        values = {
            "posts": [post_view(stage, post) for post in stage.timeline()[:12]],
            "post_count": len(stage.posts),
            "mails": [mail_view(mail) for mail in mails_newest_first(stage)[:8]],
            "mail_count": len(stage.mails),
            "refusals": [refusal_view(entry) for entry in stage.refusals[:-6:-1]],
            "refusal_count": len(stage.refusals),
            "networks": _networks(stage),
            "faults": [armed.as_json() for armed in stage.faults.all() if not armed.is_over],
        }
        return pages.answer(request, "overview", values)

    @app.get("/timeline/{network}/{account}")
    async def timeline(request: Request, network: str, account: str) -> Response:
        if network not in TITLES:
            return await missing(request, LookupError(network))
        posts = _older(stage.timeline(network, account), request.query_params.get("before", ""))
        shown = posts[:PAGE_SIZE]
        values = {
            "account": account_view(stage, network, account),
            "network_title": TITLES[network],
            "posts": [post_view(stage, post) for post in shown],
            "older": shown[-1].id if len(posts) > PAGE_SIZE else "",
            "networks": _networks(stage),
        }
        return pages.answer(request, "timeline", values)

    @app.get("/post/{network}/{id}")
    async def post(request: Request, network: str, id: str) -> Response:
        found = stage.posts.get((network, id)) or stage.deleted.get((network, id))
        if found is None:
            return await missing(request, LookupError(id))
        values = {
            "post": post_view(stage, found),
            "answers": [post_view(stage, answer) for answer in stage.answers(found)],
            "network_title": TITLES[network],
        }
        return pages.answer(request, "post", values, status=410 if found.deleted_at else 200)

    @app.get("/inbox")
    async def inbox(request: Request) -> Response:
        mails = mails_newest_first(stage)
        before = request.query_params.get("before", "")
        if before.isdigit():
            mails = [mail for mail in mails if int(mail.id) < int(before)]
        shown = mails[:PAGE_SIZE]
        values = {
            "mails": [mail_view(mail) for mail in shown],
            "mail_count": len(stage.mails),
            "older": shown[-1].id if len(mails) > PAGE_SIZE else "",
        }
        return pages.answer(request, "inbox", values)

    @app.get("/inbox/{id}")
    async def mail(request: Request, id: str) -> Response:
        if (found := stage.mails.get(id)) is None:
            return await missing(request, LookupError(id))
        opened = open_mail((stage.mail_folder / found.file).read_bytes())
        values = {"mail": mail_view(found), "open": opened, "answered": None}
        return pages.answer(request, "mail", values)

    @app.post("/inbox/{id}/unsubscribe")
    async def unsubscribe(request: Request, id: str) -> Response:
        """Do what a mailbox provider does for its reader: one POST, without a cookie (RFC 8058)."""
        if (found := stage.mails.get(id)) is None:
            return await missing(request, LookupError(id))
        if not _is_from_here(request):
            return PlainTextResponse("This form can only be sent from its own page.", 403)
        opened = open_mail((stage.mail_folder / found.file).read_bytes())
        answered = await _click_once(opened.one_click) if opened.one_click else 0
        values = {"mail": mail_view(found), "open": opened, "answered": answered}
        return pages.answer(request, "mail", values)

    @app.get("/inbox/{id}/html")
    async def mail_html(request: Request, id: str) -> Response:
        if (found := stage.mails.get(id)) is None:
            return await missing(request, LookupError(id))
        html = html_of((stage.mail_folder / found.file).read_bytes())
        return HTMLResponse(html, headers={"Content-Security-Policy": _MAIL_POLICY})

    @app.get("/inbox/{id}/source")
    async def mail_source(request: Request, id: str) -> Response:
        if (found := stage.mails.get(id)) is None:
            return await missing(request, LookupError(id))
        return PlainTextResponse((stage.mail_folder / found.file).read_bytes())


def _add_faults(app: FastAPI, stage: Stage, holds: Holds, pages: Pages) -> None:
    def as_page(request: Request, problem: str = "") -> Response:
        values = {
            "faults": [
                {**armed.as_json(), "is_over": armed.is_over} for armed in stage.faults.all()
            ],
            "waiting": holds.waiting,
            "kinds": [str(kind) for kind in Kind],
            "network_names": list(NETWORKS),
            "accounts": [*stage.names("x"), *stage.names("mastodon")],
            "problem": problem,
        }
        return pages.answer(request, "faults", values, status=400 if problem else 200)

    def as_json() -> Response:
        return JSONResponse([armed.as_json() for armed in stage.faults.all()])

    @app.get("/faults")
    async def show(request: Request) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "")
        return as_page(request) if wants_page else as_json()

    @app.post("/faults")
    async def add(request: Request) -> Response:
        """Set a fault, or several as a JSON array; a form may also remove or clear."""
        if not _is_form(request):
            return await _add_from_json(request, stage)
        if not _is_from_here(request):
            return PlainTextResponse("This form can only be sent from its own page.", 403)
        async with request.form() as form:
            values = {name: str(value) for name, value in form.items()}
        match values.pop("action", "add"):
            case "remove":
                stage.faults.remove(int(values["id"]) if values.get("id", "").isdigit() else 0)
            case "clear":
                stage.faults.clear()
                holds.release()
            case "release":
                holds.release()
            case _:
                try:
                    stage.faults.add(read_fault(values))
                except UserError as error:
                    return as_page(request, str(error))
        return RedirectResponse("/faults", 303)

    @app.delete("/faults")
    async def clear() -> Response:
        """Take all back, and let go of what is held."""
        stage.faults.clear()
        holds.release()
        return Response(status_code=204)

    @app.delete("/faults/{id}")
    async def remove(id: int) -> Response:
        return Response(status_code=204 if stage.faults.remove(id) else 404)

    @app.post("/faults/release")
    async def release() -> Response:
        """Let go of what is held; the faults stay."""
        holds.release()
        return Response(status_code=204)


def _add_json(app: FastAPI, stage: Stage, holds: Holds) -> None:
    @app.get("/api/timeline")
    async def timeline(network: str = "", account: str = "") -> Response:
        now = stage.clock()
        shown = []
        for post in stage.timeline(network, account):
            view = post_view(stage, post)
            del view["initials"], view["hue"], view["locale"], view["used"], view["pieces"]
            del view["deleted_at"]
            view |= {
                "at": view["at"]["exact"],
                "text": post.text,
                "links": list(post.links),
                "key": post.key,
                "counters": post.counters(now),
                "edited_at": post.edited_at.isoformat() if post.edited_at else None,
                "earlier": [version.text for version in post.earlier],
            }
            shown.append(view)
        return JSONResponse(shown)

    @app.get("/api/inbox")
    async def inbox() -> Response:
        return JSONResponse(
            [
                {
                    "id": mail.id,
                    "at": mail.at.isoformat(),
                    "account": mail.account,
                    "from": mail.sender,
                    "recipients": list(mail.recipients),
                    "message_id": mail.message_id,
                    "subject": mail.subject,
                    "language": mail.language,
                    "fault": mail.fault,
                }
                for mail in mails_newest_first(stage)
            ]
        )

    @app.get("/api/faults")
    async def faults() -> Response:
        return JSONResponse([armed.as_json() for armed in stage.faults.all()])

    @app.get("/api/version")
    async def version() -> Response:
        """Return a number that grows with every entry of the log, and how many answers are held."""
        return JSONResponse({"version": stage.log.entries, "waiting": holds.waiting})


async def _add_from_json(request: Request, stage: Stage) -> Response:
    try:
        values = await request.json()
        wanted = values if isinstance(values, list) else [values]
        if not all(isinstance(entry, dict) for entry in wanted):
            raise UserError("fault: write a JSON object, or an array of them.")
        faults = [read_fault(entry) for entry in wanted]
    except (ValueError, UserError) as error:
        return JSONResponse({"error": str(error)}, 400)
    armed = [stage.faults.add(fault).as_json() for fault in faults]
    return JSONResponse(armed if isinstance(values, list) else armed[0], 201)


async def _click_once(address: str) -> int:
    """Return the status of the answer to a click; 0: there was none."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.post(address, data={"List-Unsubscribe": "One-Click"})
            return answer.status_code
    except httpx.HTTPError:
        return 0


def _is_from_here(request: Request) -> bool:
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    )


def _networks(stage: Stage) -> list[dict[str, Any]]:
    return [
        {
            "name": network,
            "title": title,
            "accounts": [account_view(stage, network, name) for name in stage.names(network)],
        }
        for network, title in TITLES.items()
    ]


def _older(posts: list[Post], before: str) -> list[Post]:
    return [post for post in posts if int(post.id) < int(before)] if before.isdigit() else posts
