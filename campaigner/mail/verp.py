"""The address to which a mail's own bounce comes back, and how it is found again there.

A variable envelope return path: ``b-TOKEN@return.example.org``. No address is
in it, so nobody can read one out of it; the token's MAC keeps others from
making one. On its way back it may come in other clothes: signed by BATV,
rewritten by a forwarder's SRS, with another case, quoted, with an extension.

BATV: https://datatracker.ietf.org/doc/html/draft-levine-smtp-batv-01
SRS: https://www.open-spf.org/SRS/
"""

import re

from campaigner.core.tokens import LENGTH, bounce_local
from campaigner.mail.headers import domain_of

# Whole words only: what merely holds such a string somewhere is not this address.
_LOCAL = re.compile(rf"b-([a-z2-7]{{{LENGTH}}})(?:[+=].*)?", re.IGNORECASE)
_BATV = re.compile(
    r"prvs=(?P<joe>[^=/@]+)/[0-9A-Z]+"  # an older draft: the mailbox first
    r"|(?:prvs|msprvs\d|btv\d=)=[^=/@]+==?(?P<mailbox>.+)",
    re.IGNORECASE,
)
_SRS0 = re.compile(r"SRS0[=+-][^=]+=[^=]+=([^=]+)=(.+)", re.IGNORECASE)
_SRS1 = re.compile(r"SRS1[=+-][^=]+=([^=]+)=[=+-](.+)", re.IGNORECASE)
_MOST_LAYERS = 5


def return_path(token: str, domain: str) -> str:
    """Return the envelope sender of one mail; `domain` may be international."""
    return f"{bounce_local(token)}@{domain_of(f'@{domain}')}"


def token_of(address: str) -> str | None:
    """Return the token in an address that a bounce came to, in lower case; None: it has none.

    Its domain is not looked at: a token proves itself (core.tokens.read).
    """
    local = _local_part(address.strip().removeprefix("<").removesuffix(">").strip())
    for _ in range(_MOST_LAYERS):
        if found := _LOCAL.fullmatch(local):
            return found[1].lower()
        if (inner := _unwrapped(local)) is None:
            return None
        local = inner
    return None


def _unwrapped(local: str) -> str | None:
    """Take off one layer that a server on the way has put around a local part; None: no layer."""
    if found := _BATV.fullmatch(local):
        return found["joe"] or found["mailbox"]
    if found := _SRS0.fullmatch(local):
        return found[2]
    if found := _SRS1.fullmatch(local):
        # What the first forwarder wrote: HHH=TT=host=user, after the separator that it used.
        return f"SRS0={found[2]}"
    return None


def _local_part(address: str) -> str:
    local, at, _ = address.rpartition("@")
    local = local if at else address
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local
