"""Mastodon's API, as much of it as publishing, looking up and counting need.

https://docs.joinmastodon.org/methods/statuses/
"""

from dataclasses import replace

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile

from campaigner.sandbox.connection import SKEW, Holds, answer
from campaigner.sandbox.mastodon_counter import (
    Counter,
    RefusedError,
    described,
    page_of,
    rate_headers,
    values_of,
    wish_in,
)
from campaigner.sandbox.mastodon_objects import (
    LARGEST_PICTURE,
    account_id,
    account_object,
    edits_of,
    instance_v1,
    instance_v2,
    media_object,
    status_object,
)
from campaigner.sandbox.media import Picture, digest, picture_type
from campaigner.sandbox.stage import Stage


def make_mastodon(stage: Stage, holds: Holds, *, base: str, page: str) -> FastAPI:
    """Return Mastodon's server. `base` is its own address, `page` that of the page for people."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    counter = Counter(stage)

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        headers = rate_headers(request)
        if error.status == 401:
            headers["WWW-Authenticate"] = (
                'Bearer realm="Doorkeeper", error="invalid_token", '
                f'error_description="{error.error}"'
            )
        return JSONResponse({"error": error.error}, error.status, headers)

    @app.exception_handler(404)
    @app.exception_handler(405)
    async def unknown_path(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": "Not Found"}, getattr(error, "status_code", 404))

    @app.post("/api/v1/statuses")
    async def create(request: Request) -> Response:
        wish = wish_in(await values_of(request))
        account = counter.enter(request, "statuses")
        now = stage.clock()
        key = request.headers.get("idempotency-key", "")
        note = {"text": wish.text, "language": wish.language, "key": key}
        if fault := stage.fault_before("mastodon", account):
            failed = counter.fail(request, fault)
            said = {"fault": str(fault.kind), **note}
            stage.refuse("mastodon", account, failed.status, failed.error, **said)
            raise failed
        if first := stage.with_key(account, key, now):
            stage.repeat(first)
            return JSONResponse(status_object(stage, first, base=base), 200, rate_headers(request))
        try:
            post = counter.checked(account, wish, key, skew=getattr(request.state, SKEW))
        except RefusedError as error:
            stage.refuse("mastodon", account, error.status, error.error, **note)
            raise
        fault = stage.fault_after("mastodon", account)
        stage.accept(post.marked(fault))
        reply = JSONResponse(status_object(stage, post, base=base), 200, rate_headers(request))
        failure = JSONResponse({"error": "Internal server error"}, 500, rate_headers(request))
        return await answer(request, reply, fault=fault, error=failure, holds=holds)

    @app.get("/api/v1/statuses/{id}")
    async def show(request: Request, id: str) -> Response:
        counter.visit(request)
        post = counter.post(id)
        return JSONResponse(status_object(stage, post, base=base), 200, rate_headers(request))

    @app.put("/api/v1/statuses/{id}")
    async def edit(request: Request, id: str) -> Response:
        """Edit. Pictures that are not named again are taken away, as the server does it."""
        wish = wish_in(await values_of(request))
        account = counter.enter(request, "statuses")
        post = counter.own(account, id)
        language = wish.language or post.language
        try:
            wanted = counter.checked(account, replace(wish, language=language, reply_to=""), "")
        except RefusedError as error:
            note = {"id": id, "text": wish.text, "language": language}
            stage.refuse("mastodon", account, error.status, error.error, **note)
            raise
        if (wanted.text, wanted.language, wanted.media) != (post.text, post.language, post.media):
            post = stage.edit(post, wanted)
        return JSONResponse(status_object(stage, post, base=base), 200, rate_headers(request))

    @app.get("/api/v1/statuses/{id}/history")
    async def history(request: Request, id: str) -> Response:
        counter.visit(request)
        post = counter.post(id)
        return JSONResponse(edits_of(stage, post, base=base), 200, rate_headers(request))

    @app.delete("/api/v1/statuses/{id}")
    async def delete(request: Request, id: str) -> Response:
        post = counter.own(counter.enter(request, "deletions"), id)
        shown = status_object(stage, post, base=base)
        stage.delete(post)
        return JSONResponse(shown, 200, rate_headers(request))

    @app.get("/api/v1/accounts/verify_credentials")
    async def verify(request: Request) -> Response:
        account = counter.enter(request)
        shown = account_object(stage, account, base=base)
        shown["source"] = {"privacy": "public", "sensitive": False, "language": None, "note": ""}
        return JSONResponse(shown, 200, rate_headers(request))

    @app.get("/api/v1/accounts/{id}/statuses")
    async def statuses(request: Request, id: str) -> Response:
        visitor = counter.visit(request)
        names = [visitor, *stage.names("mastodon")]
        owner = next((name for name in names if name and account_id(name) == id), None)
        if owner is None:
            raise RefusedError(404, "Record not found")
        posts = page_of(stage.timeline("mastodon", owner), request.query_params)
        headers = rate_headers(request)
        if posts:
            address = f"{base}/api/v1/accounts/{id}/statuses"
            headers["Link"] = (
                f'<{address}?max_id={posts[-1].id}>; rel="next", '
                f'<{address}?min_id={posts[0].id}>; rel="prev"'
            )
        return JSONResponse([status_object(stage, post, base=base) for post in posts], 200, headers)

    @app.post("/api/v2/media")
    @app.post("/api/v1/media")
    async def upload(request: Request) -> Response:
        async with request.form() as form:
            file, description = form.get("file"), form.get("description")
            data = await file.read() if isinstance(file, UploadFile) else b""
        account = counter.enter(request, "media")
        mime = picture_type(data)
        if mime is None or len(data) > LARGEST_PICTURE:
            raise RefusedError(422, "Validation failed: File content type is invalid")
        picture = Picture(
            id=stage.fresh_id("mastodon", stage.clock()),
            network="mastodon",
            account=account,
            mime=mime,
            sha256=digest(data),
            alt=described(description),
        )
        stage.gallery.keep(picture, data)
        return JSONResponse(media_object(picture, base=base), 200, rate_headers(request))

    @app.get("/api/v1/media/{id}")
    async def medium(request: Request, id: str) -> Response:
        picture = counter.picture(counter.enter(request), id)
        return JSONResponse(media_object(picture, base=base), 200, rate_headers(request))

    @app.put("/api/v1/media/{id}")
    async def describe(request: Request, id: str) -> Response:
        values = await values_of(request)
        picture = counter.picture(counter.enter(request), id)
        picture = stage.gallery.describe(picture, described(values.get("description")))
        return JSONResponse(media_object(picture, base=base), 200, rate_headers(request))

    @app.get("/media/{name}")
    async def picture_bytes(name: str) -> Response:
        data = stage.gallery.data(name.partition(".")[0])
        if data is None:
            raise RefusedError(404, "Record not found")
        return Response(data, media_type=picture_type(data))

    @app.get("/api/v2/instance")
    @app.get("/api/v2/instance/")
    async def instance() -> Response:
        return JSONResponse(instance_v2(stage, base=base))

    @app.get("/api/v1/instance")
    @app.get("/api/v1/instance/")
    async def old_instance() -> Response:
        return JSONResponse(instance_v1(stage, base=base))

    @app.get("/@{handle}/{id}")
    async def seen_by_people(id: str) -> Response:
        return RedirectResponse(f"{page}/post/mastodon/{id}", 302)

    return app
