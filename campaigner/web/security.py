"""What every answer says to browsers, and which requests a page of ours cannot have made."""

from urllib.parse import urlsplit

from fastapi import Request

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {images}; "
    "base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
)


def headers(*, forms: bool = False, remote_pictures: bool = False) -> dict[str, str]:
    """Return the headers of a page: no script at all, and forms and pictures only where it has any.

    A page with a form says where it was sent from, to ourselves alone: without
    that a browser calls the origin of our own form `null`.
    """
    policy = _POLICY.format(
        images="data: https:" if remote_pictures else "data:", forms="'self'" if forms else "'none'"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin" if forms else "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


HEADERS = headers()


def is_from_elsewhere(request: Request, *, public_url: str) -> bool:
    """Whether a browser says that another site's page made this request.

    Not for RFC 8058: mail providers post without any such word. There is no
    cookie that such a request could use; this keeps others from making forms
    that pass for ours.
    """
    site = request.headers.get("sec-fetch-site", "")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin", "")
    if origin in ("", "null"):
        return False
    own = {request.headers.get("host", ""), urlsplit(public_url).netloc}
    return urlsplit(origin).netloc not in own
