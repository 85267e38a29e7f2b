"""Keys for tests, made once, and dkimpy as the one who verifies."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import dkim

from campaigner.mail.dkim import Signer, load_signer, new_key, record_of

LONG_AGO = datetime(2021, 12, 3, 9, tzinfo=UTC)
"""A mail's date: dkimpy refuses what was signed in the machine's future."""


@cache
def rsa_signer(domain: str = "example.org") -> Signer:
    return load_signer(new_key(), selector="mail2026", domain=domain)


@cache
def ed_signer(domain: str = "example.org") -> Signer:
    return load_signer(new_key(ed=True), selector="ed-2026", domain=domain)


def verified(data: bytes, *signers: Signer) -> bool:
    """Whether dkimpy finds every signature of a mail good, and one by each of `signers`."""
    records = {f"{name}.".encode(): text.encode() for name, text in map(record_of, signers)}

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name)

    open_mail: Any = dkim.DKIM  # it has no types
    checker = open_mail(data, minkey=1024)
    count = data.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")
    try:
        return count == len(signers) and all(
            checker.verify(idx=place, dnsfunc=look_up) for place in range(count)
        )
    except dkim.ValidationError:
        return False
