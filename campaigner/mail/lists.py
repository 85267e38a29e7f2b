"""An e-mail account as a mailing list: what each of its mails says, and who signs it.

Whoever makes a mail of the list (a broadcast, a test, a look at what was sent)
asks here, so that the same mail is the same bytes everywhere.
"""

from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr

from campaigner.core.slots import has_pages
from campaigner.core.tokens import Keyring, sign_mail
from campaigner.errors import UserError
from campaigner.mail.compose import Head, Mailbox, Slots
from campaigner.mail.dkim import Signer, is_aligned, load_signer
from campaigner.mail.headers import domain_of
from campaigner.settings import AccountSettings


def head_of(
    account: AccountSettings,
    *,
    name: str,
    public_url: str,
    subject: str,
    date: datetime,
    language: str,
    feedback: tuple[str, ...] = (),
) -> Head:
    """Return what all mails of one message have in common.

    `name` is the account's, so the list's. `public_url` is where readers reach
    our pages: without an https one, leaving goes by mail, and nothing else is
    offered. `language` is BCP 47.
    """
    sender_name, sender = parseaddr(account.sender)
    pages = public_url.rstrip("/") if has_pages(public_url) else ""
    reply_to = parseaddr(account.reply_to)[1]
    return Head(
        sender=Mailbox(name=sender_name, address=sender),
        reply_to=reply_to,
        subject=subject,
        date=date,
        language=language,
        list_id=account.list_id or f"{name}.{domain_of(sender)}",
        list_title=account.title,
        unsubscribe_to=parseaddr(account.unsubscribe_to)[1] or reply_to or sender,
        unsubscribe_base=f"{pages}/u" if pages else "",
        preferences_base=f"{pages}/p" if pages else "",
        owner=reply_to,
        archive=f"{pages}/archive" if pages else "",
        subscribe=f"{pages}/subscribe/{name}" if pages else "",
        feedback=feedback,
    )


def slots_of(keyring: Keyring, delivery: int, *, name: str, address: str) -> Slots:
    """Return one reader's own: its tokens all carry the number of the delivery."""
    tokens = sign_mail(keyring, delivery)
    return Slots(
        key=tokens.message,
        recipient=Mailbox(name=name, address=address),
        unsubscribe=tokens.unsubscribe,
        preferences=tokens.preferences,
    )


def sender_domain(account: AccountSettings) -> str:
    """Return the domain of the address that mails come from, as A-label."""
    return domain_of(parseaddr(account.sender)[1])


def return_domain(account: AccountSettings) -> str:
    """Return the domain that bounces come back to, as A-label (see `mail.verp`)."""
    return domain_of(f"@{account.return_path}") if account.return_path else sender_domain(account)


def secret_of(selector: str) -> str:
    """Return the name of the secret that holds a selector's private key."""
    return f"dkim_{selector}"


def signers_of(
    account: AccountSettings, *, name: str, secret: Callable[[str], str]
) -> tuple[Signer, ...]:
    """Load the account's keys, RSA before Ed25519: `secret` looks one up by its name.

    Raises UserError for a key that is missing, is none, or signs for somebody
    else's domain; and where there are keys, but none that every server reads.
    """
    signers = [
        _signer(account, name=name, selector=each.selector, domain=each.domain, secret=secret)
        for each in account.dkim
    ]
    signers.sort(key=lambda signer: signer.algorithm, reverse=True)
    if signers and signers[0].algorithm != "rsa-sha256":
        raise UserError(
            f"account '{name}' signs with Ed25519 alone, which most servers cannot read. "
            f"Add an RSA key: campaigner accounts dkim {name} --new SELECTOR"
        )
    return tuple(signers)


def _signer(
    account: AccountSettings,
    *,
    name: str,
    selector: str,
    domain: str,
    secret: Callable[[str], str],
) -> Signer:
    own = sender_domain(account)
    signs_for = domain_of(f"@{domain}") if domain else own
    where = f"account '{name}', DKIM selector '{selector}'"
    if not is_aligned(signs_for, own):
        raise UserError(
            f"{where}: it signs for {signs_for}, but mails come from {own}, so nobody would "
            "trust it. Sign for the sender's own domain"
        )
    pem = secret(secret_of(selector))
    if not pem:
        raise UserError(
            f"{where}: its private key is missing. Make one with "
            f"`campaigner accounts dkim {name} --new {selector}`"
        )
    try:
        return load_signer(pem, selector=selector, domain=signs_for)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None
