"""DKIM keys of an e-mail account: make one, and say what to publish of those that it has."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from campaigner.errors import UserError
from campaigner.mail.dkim import Signer, load_signer, new_key, record_of
from campaigner.mail.lists import secret_of, sender_domain, signers_of
from campaigner.settings import AccountSettings, Settings, secret_variable

LONGEST_STRING = 255  # octets of one character-string of a TXT record (RFC 1035, 3.3.14)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A TXT record: `text` is its value in one piece, `zone_file` as a zone file has it."""

    selector: str
    algorithm: str
    name: str
    text: str

    @property
    def zone_file(self) -> str:
        """Return the record in one line; servers take strings of 255 octets at most."""
        starts = range(0, len(self.text), LONGEST_STRING)
        strings = " ".join(f'"{self.text[at : at + LONGEST_STRING]}"' for at in starts)
        return f"{self.name}. IN TXT ( {strings} )"


@dataclass(frozen=True, kw_only=True)
class MadeKey:
    """A new key: the file that holds it, and the variable that has to name that file."""

    path: Path
    variable: str
    record: Record


def dkim_records(
    settings: Settings, name: str, *, secret: Callable[[str], str]
) -> tuple[Record, ...]:
    """Return what to publish for an account's keys, RSA first.

    Raises UserError for an account that sends no mail, and for a key that is
    missing or is none.
    """
    account = _mail_account(settings, name)
    return tuple(_record(each) for each in signers_of(account, name=name, secret=secret))


def make_key(settings: Settings, name: str, selector: str, *, ed: bool = False) -> MadeKey:
    """Make a key for an account in a file that only its owner reads.

    Raises UserError for an account that sends no mail, for what is no selector,
    and where there is such a file: a key in use must not be lost.
    """
    account = _mail_account(settings, name)
    pem = new_key(ed=ed)
    try:
        signer = load_signer(pem, selector=selector, domain=sender_domain(account))
    except ValueError as error:
        raise UserError(str(error)) from None
    path = settings.workspace / "state" / "dkim" / f"{name}-{selector}.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UserError(f"there is a key in {path}. Choose another selector") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    variable = f"{secret_variable(name, secret_of(selector))}_FILE"
    return MadeKey(path=path, variable=variable, record=_record(signer))


def _mail_account(settings: Settings, name: str) -> AccountSettings:
    if name not in settings.lists:
        known = ", ".join(settings.lists) or "none"
        raise UserError(f"'{name}' is no account that sends mail. Such are: {known}")
    return settings.accounts[name]


def _record(signer: Signer) -> Record:
    name, text = record_of(signer)
    return Record(selector=signer.selector, algorithm=signer.algorithm, name=name, text=text)
