"""Editions prepared once and filled for many; a bounded number of them is kept."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from campaigner.core.channel import Reject
from campaigner.core.tokens import Keyring, bounce_local, sign_mail
from campaigner.mail.compose import Head, Mailbox, Prepared, Slots, prepare
from campaigner.mail.dkim import Signer
from campaigner.mail.envelope import Envelope, envelope_of_filled, envelope_of_mail

KEPT = 32  # prepared editions, some 50 KB each


@dataclass(frozen=True, kw_only=True)
class Form:
    """An edition as the readers of one zone get it: signed by us, and for relays that sign."""

    signed: Prepared
    plain: Prepared


class Forms:
    """The forms in use, made when they are first asked for; the least used is dropped."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        self._signers = signers
        self._forms: OrderedDict[Hashable, Form] = OrderedDict()

    def get(self, key: Hashable) -> Form | None:
        """Return the form of a key, if it is kept."""
        form = self._forms.get(key)
        if form is not None and len(self._forms) == KEPT:  # one of them goes next: not this
            self._forms.move_to_end(key)
        return form

    def make(self, key: Hashable, head: Head, blocks: Sequence[tuple[str, str]]) -> Form:
        """Make the form of a key, and keep it. Raises as `prepare`."""
        plain = prepare(head, blocks)
        _check(plain)
        signed = prepare(head, blocks, self._signers) if self._signers else plain
        self._forms[key] = form = Form(signed=signed, plain=plain)
        if len(self._forms) > KEPT:
            self._forms.popitem(last=False)
        return form


def filled(
    form: Form,
    keyring: Keyring,
    delivery: int,
    *,
    name: str,
    address: str,
    signs: bool,
    sender: str,
    return_domain: str,
) -> Envelope | Reject:
    """Make one reader's mail and its envelope.

    `signs`: we do, not the relay. `return_domain`: where its bounce comes back
    under an address of its own, as A-label; empty: to the `sender`.
    """
    tokens = sign_mail(keyring, delivery)
    try:
        data = (form.signed if signs else form.plain).fill_for(
            name,
            address,
            key=tokens.message,
            unsubscribe=tokens.unsubscribe,
            preferences=tokens.preferences,
        )
    except ValueError as error:
        return Reject(f"its mail cannot be made: {error}")
    if return_domain:
        sender = f"{bounce_local(tokens.bounce)}@{return_domain}"
    return envelope_of_filled(sender=sender, recipient=address, data=data)


def _check(form: Prepared) -> None:
    """Raise ValueError for a form whose mails servers could read in two ways, or would change.

    Once for all of them: what a reader's own is written with (mail.quoted,
    mail.headers) writes nothing that could.
    """
    nobody = Mailbox(name="Nobody", address="nobody@example.org")
    specimen = form.fill(Slots(key="k", recipient=nobody, unsubscribe="u", preferences="p"))
    envelope = envelope_of_mail(sender="", recipient=nobody.address, data=specimen)
    if isinstance(envelope, Reject):
        raise ValueError(envelope.reason)
    if envelope.body != specimen:
        raise ValueError("a line of it begins with a dot, or the last one has no end")
