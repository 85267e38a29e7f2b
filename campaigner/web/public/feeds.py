"""A feed of each list in each of its languages: RSS 2.0 and Atom 1.0 of the same editions.

https://www.rssboard.org/rss-specification https://www.rfc-editor.org/rfc/rfc4287
An entry's id (RFC 4151) is made of the sender's domain, the day and the
edition's key: none of them ever changes, whatever the pages' address becomes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr

from fastapi import FastAPI, Request
from fastapi.responses import Response

from campaigner.core.locales import bcp47, normalize
from campaigner.db import archive
from campaigner.db.archive import Published
from campaigner.mail.headers import domain_of
from campaigner.rendering.archived import clean_xml, neutral_text, summary
from campaigner.rendering.languages import language_for
from campaigner.settings import AccountSettings
from campaigner.web.public.archive import kept, neutral_values
from campaigner.web.public.desk import GET, PublicDesk

ENTRIES = 30
KINDS = {"rss": "application/rss+xml", "atom": "application/atom+xml"}
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An edition in a feed. `correction` says what set it right, or is empty."""

    id: str
    title: str
    link: str
    summary: str
    correction: str
    published: str
    published_rfc822: str
    updated: str


def mount(web: FastAPI, desk: PublicDesk) -> None:
    """Add /feed/LIST.LANG.rss and /feed/LIST.LANG.atom."""

    @web.api_route("/feed/{name}.{lang}.{kind}", methods=GET)
    def feed(request: Request, name: str, lang: str, kind: str) -> Response:
        account, locale = desk.lists.get(name), _locale(lang)
        if account is None or locale not in account.locales or kind not in KINDS:
            return desk.problem("missing", locale=desk.language(request), status=404)
        entries, changed = _entries(desk, name, account, locale)
        values = {
            "title": clean_xml(desk.title_of(name)),
            "tag": bcp47(locale),
            "id": f"tag:{_domain(account)},2026:{name}.{bcp47(locale)}",
            "own": f"{desk.public_url}/feed/{name}.{bcp47(locale)}.{kind}",
            "archive": f"{desk.public_url}/archive?lang={bcp47(locale)}",
            "author": clean_xml(parseaddr(account.sender)[0] or desk.title_of(name)),
            "description": desk.pages.say(
                "of_feed", locale=language_for([locale]), list=desk.title_of(name)
            ),
            "entries": entries,
            "updated": changed.astimezone(UTC).isoformat(timespec="seconds"),
            "updated_rfc822": format_datetime(changed.astimezone(UTC)),
        }
        text = desk.pages.page(f"feed_{kind}.xml", values, locale=language_for([locale]))
        return kept(request, text.encode(), f"{KINDS[kind]}; charset=utf-8", changed=changed)


def _entries(
    desk: PublicDesk, name: str, account: AccountSettings, locale: str
) -> tuple[list[Entry], datetime]:
    """Return the entries, newest first, and when any of them last changed."""
    now = desk.clock()
    with desk.reading() as session:
        rows = archive.published(
            session, out=desk.out, now=now, limit=ENTRIES, list=name, locale=locale
        )
        blocks = archive.blocks_of(session, rows)
        fixed = archive.corrections_of(session, [row.id for row in rows], out=desk.out, now=now)
    last = {row.corrects_id: row for row in fixed}  # the newest of each
    neutral = neutral_values(desk, name, locale=language_for([locale]))
    entries = []
    for row in rows:
        text = neutral_text(blocks.get(row.id, ()), neutral)
        entries.append(_entry(desk, account, row, text, last.get(row.id)))
    moments = [row.published_at for row in (*rows, *fixed)]
    return entries, max(moments, default=NEVER)


def _entry(
    desk: PublicDesk,
    account: AccountSettings,
    row: Published,
    text: str,
    correction: Published | None,
) -> Entry:
    at = row.published_at.astimezone(UTC)
    updated = correction.published_at if correction else row.published_at
    return Entry(
        id=f"tag:{_domain(account)},{at:%Y-%m-%d}:{row.key}",
        title=clean_xml(row.subject),
        link=f"{desk.public_url}/archive/{row.key}",
        summary=summary(text, without=row.subject),
        correction=clean_xml(
            desk.pages.say("corrected", locale=language_for([row.locale]), what=correction.subject)
        )
        if correction
        else "",
        published=at.isoformat(timespec="seconds"),
        published_rfc822=format_datetime(at),
        updated=updated.astimezone(UTC).isoformat(timespec="seconds"),
    )


def _domain(account: AccountSettings) -> str:
    return domain_of(parseaddr(account.sender)[1])


def _locale(lang: str) -> str:
    try:
        return normalize(lang)
    except ValueError:
        return ""
