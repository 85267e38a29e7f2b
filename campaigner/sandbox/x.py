"""X API v2, as much of it as publishing, looking up and counting need.

https://docs.x.com/x-api. Errors are its problems (RFC 7807 in X's own dress).
"""

from datetime import timedelta

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from campaigner.sandbox.connection import SKEW, Holds, answer
from campaigner.sandbox.media import Picture, digest, picture_type
from campaigner.sandbox.quotas import Allowance
from campaigner.sandbox.stage import Stage
from campaigner.sandbox.x_desk import (
    EXPIRES,
    LARGEST_PICTURE,
    LONGEST_ALT,
    Desk,
    ProblemError,
    Upload,
    body_of,
    invalid,
    outline,
    rate_headers,
    receipt,
    segment_of,
)
from campaigner.sandbox.x_objects import post_object, user_id, user_object


def make_x(stage: Stage, holds: Holds, *, page: str) -> FastAPI:
    """Return X's server. `page` is the address of the page on which people see a post."""
    app = FastAPI(openapi_url=None)
    desk = Desk(stage)

    @app.exception_handler(ProblemError)
    async def problem(request: Request, error: ProblemError) -> Response:
        allowance: Allowance | None = getattr(request.state, "allowance", None)
        headers = rate_headers(allowance) if allowance else {}
        return JSONResponse(error.as_json(), error.status, headers)

    @app.exception_handler(404)
    @app.exception_handler(405)
    async def unknown_path(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 404)
        return JSONResponse(ProblemError(status, "Not Found").as_json(), status)

    @app.post("/2/tweets")
    async def create(request: Request) -> Response:
        values = await body_of(request)
        account = desk.enter(request, "create")
        now = stage.clock()
        if fault := stage.fault_before("x", account):
            failed = desk.fail(request, fault)
            note = {"fault": str(fault.kind), **outline(values)}
            stage.refuse("x", account, failed.status, failed.detail, **note)
            raise failed
        try:
            post = desk.checked(account, values, now, skew=getattr(request.state, SKEW))
        except ProblemError as error:
            reason = error.errors[0]["message"] if error.errors else error.detail
            stage.refuse("x", account, error.status, reason, **outline(values))
            raise
        fault = stage.fault_after("x", account)
        stage.accept(post.marked(fault))
        shown = post_object(stage, post, ())
        reply = desk.reply(request, {"data": shown}, 201)
        said = ProblemError(500, "Internal Server Error").as_json()
        failure = JSONResponse(said, 500, rate_headers(request.state.allowance))
        return await answer(request, reply, fault=fault, error=failure, holds=holds)

    @app.delete("/2/tweets/{id}")
    async def delete(request: Request, id: str) -> Response:
        account = desk.enter(request, "delete")
        post = stage.posts.get(("x", id))
        if post is None or post.account != account:
            raise ProblemError(403, "You are not authorized to delete this Tweet.")
        stage.delete(post)
        return desk.reply(request, {"data": {"deleted": True}})

    @app.get("/2/tweets")
    async def look_up(request: Request) -> Response:
        desk.enter(request, "lookup")
        ids = [id for id in request.query_params.get("ids", "").split(",") if id]
        if not 1 <= len(ids) <= 100:
            raise invalid("ids", ",".join(ids), "must be 1 to 100 ids")
        return desk.reply(request, desk.found(ids, request.query_params))

    @app.get("/2/tweets/{id}")
    async def look_up_one(request: Request, id: str) -> Response:
        desk.enter(request, "lookup")
        found = desk.found([id], request.query_params)
        if "data" in found:
            found["data"] = found["data"][0]
        return desk.reply(request, found)

    @app.get("/2/users/me")
    async def me(request: Request) -> Response:
        account = desk.enter(request, "me")
        return desk.reply(request, {"data": user_object(stage, account)})

    @app.get("/2/users/{id}/tweets")
    async def timeline(request: Request, id: str) -> Response:
        account = desk.enter(request, "timeline")
        owners = {user_id(name): name for name in [account, *stage.names("x")]}
        if id not in owners:
            raise ProblemError(404, f"Could not find user with id: [{id}].")
        return desk.reply(request, desk.page(owners[id], request.query_params))

    @app.post("/2/media/upload/initialize")
    async def initialize(request: Request) -> Response:
        values = await body_of(request)
        account = desk.enter(request, "initialize")
        size, kind = values.get("total_bytes"), str(values.get("media_type", ""))
        if not str(size).isdigit() or not 0 < int(str(size)) <= LARGEST_PICTURE:
            raise invalid("total_bytes", str(size), f"must be 1 to {LARGEST_PICTURE}")
        id = stage.fresh_id("x", stage.clock())
        desk.uploads[account, id] = Upload(kind, int(str(size)))
        return desk.reply(request, {"data": receipt(id)})

    @app.post("/2/media/upload/{id}/append")
    async def append(request: Request, id: str) -> Response:
        part, data = await segment_of(request)
        account = desk.enter(request, "append")
        upload = desk.uploads.get((account, id))
        if upload is None:
            raise invalid("id", id, "is not an upload that was begun")
        upload.parts[part] = data
        expires = int((stage.clock() + timedelta(seconds=EXPIRES)).timestamp())
        return desk.reply(request, {"data": {"expires_at": expires}})

    @app.post("/2/media/upload/{id}/finalize")
    async def finalize(request: Request, id: str) -> Response:
        account = desk.enter(request, "finalize")
        upload = desk.uploads.pop((account, id), None)
        if upload is None:
            raise invalid("id", id, "is not an upload that was begun")
        data = b"".join(upload.parts[part] for part in sorted(upload.parts))
        kind = picture_type(data)
        if len(data) != upload.size or kind is None or kind != upload.kind:
            raise invalid("media", id, "is not the picture that was announced")
        picture = Picture(id=id, network="x", account=account, mime=kind, sha256=digest(data))
        stage.gallery.keep(picture, data)
        return desk.reply(request, {"data": {**receipt(id), "size": len(data)}})

    @app.post("/2/media/metadata")
    async def describe(request: Request) -> Response:
        values = await body_of(request)
        account = desk.enter(request, "metadata")
        id = str(values.get("id", ""))
        metadata = values.get("metadata")
        alt_text = metadata.get("alt_text") if isinstance(metadata, dict) else None
        alt = alt_text.get("text") if isinstance(alt_text, dict) else None
        picture = stage.gallery.find("x", account, id)
        if picture is None:
            raise invalid("id", id, "is not a picture of this account")
        if not isinstance(alt, str) or not 0 < len(alt) <= LONGEST_ALT:
            raise invalid("metadata.alt_text.text", id, f"must be 1 to {LONGEST_ALT} characters")
        stage.gallery.describe(picture, alt)
        shown = {"id": id, "associated_metadata": {"alt_text": {"text": alt}}}
        return desk.reply(request, {"data": shown})

    @app.get("/{handle}/status/{id}")
    @app.get("/i/web/status/{id}")
    async def seen_by_people(id: str) -> Response:
        return RedirectResponse(f"{page}/post/x/{id}", 302)

    return app
