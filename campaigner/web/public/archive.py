"""The archive: editions as they went out, for everybody, in each of their languages."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from campaigner.core.locales import bcp47, nearest
from campaigner.db import archive
from campaigner.db.archive import Published
from campaigner.rendering.archived import framed, neutral_html
from campaigner.rendering.languages import language_for
from campaigner.rendering.public_pages import PageLanguage, own_name
from campaigner.web import security
from campaigner.web.public.desk import GET, PublicDesk

PAGE = 30
FRESH = "public, max-age=60"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An edition in the archive. `language` is named where it is not the reader's."""

    key: str
    subject: str
    list: str
    published_at: datetime
    lang: str
    language: str
    is_corrected: bool


def mount(web: FastAPI, desk: PublicDesk) -> None:
    """Add /archive and /archive/KEY."""

    @web.api_route("/archive", methods=GET)
    def editions(request: Request) -> Response:
        locale = desk.language(request)
        before = _moment(request.query_params.get("before", ""))
        with desk.reading() as session:
            now = desk.clock()
            # In the worst case every edition is there once for each of our languages.
            rows = archive.published(session, out=desk.out, now=now, limit=PAGE * 8, before=before)
            fixed = archive.corrections_of(session, [row.id for row in rows], out=desk.out, now=now)
        shown = _choose(desk, rows, locale, {row.corrects_id for row in fixed})
        page = shown[:PAGE]
        values = {
            "editions": page,
            "feeds": _feeds(desk, locale),
            "older": int(page[-1].published_at.timestamp()) if len(shown) > PAGE else 0,
        }
        return desk.answer("archive.html", values, locale=locale)

    @web.api_route("/archive/{key}", methods=GET)
    def edition(request: Request, key: str) -> Response:
        now = desk.clock()
        with desk.reading() as session:
            found = archive.find(session, key, out=desk.out, now=now)
            if found is None:
                return desk.problem("missing", locale=desk.language(request), status=404)
            blocks = archive.blocks_of(session, [found]).get(found.id, ())
            ids = [found.edition_id] if found.edition_id is not None else []
            others = archive.in_other_languages(session, ids, out=desk.out, now=now)
            fixed = archive.corrections_of(session, [found.id], out=desk.out, now=now)
        html = _page(desk, found, blocks, others, fixed)
        return kept(request, html.encode(), "text/html; charset=utf-8", changed=found.published_at)


def kept(request: Request, body: bytes, kind: str, *, changed: datetime) -> Response:
    """Return what may be kept for a while, or that it is still the same (RFC 9110, 13)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    told = security.headers(remote_pictures=True) | {
        "Cache-Control": FRESH,
        "ETag": tag,
        "Last-Modified": changed.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }
    seen = [each.strip().removeprefix("W/") for each in
            request.headers.get("if-none-match", "").split(",")]  # fmt: skip
    if tag in seen or "*" in seen:
        return Response(status_code=304, headers=told)
    return HTMLResponse(body, headers=told | {"Content-Type": kind})


def neutral_values(desk: PublicDesk, list: str, *, locale: str) -> Mapping[str, str]:
    """Return what stands for a reader's own in what everybody may read."""
    page = f"{desk.public_url}/subscribe/{list}"
    return {
        "name": desk.pages.say("reader", locale=locale),
        "address": desk.pages.say("your_address", locale=locale),
        "unsubscribe": page,
        "preferences": page,
    }


def _page(
    desk: PublicDesk,
    found: Published,
    blocks: Sequence[tuple[str, str]],
    others: Sequence[Published],
    fixed: Sequence[Published],
) -> str:
    locale = language_for([found.locale])
    values: dict[str, Any] = {
        "key": found.key,
        "list_name": found.list,
        "is_offered": found.list in desk.lists,
        "published_at": found.published_at,
        "address": f"{desk.public_url}/archive/{found.key}",
        "archive": f"{desk.public_url}/archive",
        "here": bcp47(found.locale),
        "editions": [
            {"key": each.key, "language": _language(each.locale)} for each in _latest(others)
        ],
        "corrections": fixed,
        "public_url": desk.public_url,
    }
    head, before, after = (
        desk.pages.page(f"archive_{part}.html", values, locale=locale, zone=found.zone)
        for part in ("head", "before", "after")
    )
    html = neutral_html(blocks, neutral_values(desk, found.list, locale=locale))
    return framed(html, head=head, before=before, after=after)


def _choose(
    desk: PublicDesk, rows: Sequence[Published], locale: str, corrected: set[int | None]
) -> list[Shown]:
    """Return each edition once: in the reader's language, or in the nearest that it has."""
    together: dict[object, list[Published]] = {}
    for row in rows:
        together.setdefault(row.edition_id or row.key, []).append(row)
    shown = []
    for versions in together.values():
        by_locale = {row.locale: row for row in reversed(versions)}
        chosen = by_locale[nearest(locale, by_locale, otherwise=versions[0].locale)]
        is_own = chosen.locale.split("_")[0] == locale.split("_")[0]
        shown.append(
            Shown(
                key=chosen.key,
                subject=chosen.subject,
                list=desk.title_of(chosen.list),
                published_at=chosen.published_at,
                lang=bcp47(chosen.locale),
                language="" if is_own else own_name(chosen.locale),
                is_corrected=chosen.id in corrected,
            )
        )
    return shown


def _latest(others: Sequence[Published]) -> Sequence[Published]:
    """Return one of each language: the newest, where an edition was sent in two versions."""
    return tuple({each.locale: each for each in others}.values())


def _language(locale: str) -> PageLanguage:
    return PageLanguage(tag=bcp47(locale), name=own_name(locale))


def _feeds(desk: PublicDesk, locale: str) -> list[dict[str, str]]:
    """Return each list's feed in the reader's language, or in the nearest that it has."""
    feeds = []
    for name, account in desk.lists.items():
        if account.locales:
            own = nearest(locale, account.locales, otherwise=account.locales[0])
            feeds.append({"title": desk.title_of(name), "path": f"/feed/{name}.{bcp47(own)}"})
    return feeds


def _moment(text: str) -> datetime | None:
    """Read a number of seconds since 1970; None for what is none."""
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else None
    except (OverflowError, OSError, ValueError):
        return None
