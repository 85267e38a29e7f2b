"""Who asks: any token `sandbox-NAME` is the account NAME. Nothing is verified."""

import re
from urllib.parse import unquote

PREFIX = "sandbox-"


def account_of(authorization: str) -> str | None:
    """Return the account that an Authorization header names; None if it names none of ours.

    `Bearer sandbox-NAME`, or OAuth 1.0a with `oauth_token="sandbox-NAME"`.
    """
    scheme, _, rest = authorization.strip().partition(" ")
    token = rest.strip()
    if scheme.lower() == "oauth":
        found = re.search(r'oauth_token="([^"]*)"', rest)
        token = unquote(found[1]) if found else ""
    elif scheme.lower() != "bearer":
        return None
    name = token.removeprefix(PREFIX)
    return name if token.startswith(PREFIX) and name else None
