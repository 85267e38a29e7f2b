"""Mail scanners follow every link, some of them with HEAD, and none of them is a person."""

import pytest
from sqlalchemy import Engine, inspect, text

from campaigner.core.tokens import Purpose
from tests.web.public.site import LIST, Site


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables."""
    names = inspect(engine).get_table_names()
    with engine.connect() as connection:
        found = {
            name: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
            for name in names
        }
        connection.rollback()
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PROPFIND"])
def test_following_links_changes_nothing(site: Site, engine: Engine, method: str) -> None:
    mail = site.add_mail(site.add_reader())
    site.subscribe("new@example.org")
    site.answer()
    [confirm] = site.links()
    unsubscribe = f"/u/{site.token(Purpose.UNSUBSCRIBE, mail)}"
    before = everything(engine)
    for path in (
        confirm,
        unsubscribe,
        f"{unsubscribe}?List-Unsubscribe=One-Click&action=undo",
        f"/p/{site.token(Purpose.PREFERENCES, mail)}?action=leave",
        f"/subscribe/{LIST}?address=x@example.org&action=subscribe",
        "/archive",
        f"/feed/{LIST}.es.rss",
    ):
        reply = site.ask(method, path)
        assert reply.status_code in ((200,) if method in ("GET", "HEAD") else (405,)), path
        assert "set-cookie" not in reply.headers
        if method == "HEAD":
            assert reply.headers["content-type"].split(";")[0] in (
                "text/html",
                "application/rss+xml",
            )
    assert everything(engine) == before
