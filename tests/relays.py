"""A relay that keeps what it was given and answers as told."""

from collections.abc import Callable, Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage

from campaigner.core.channel import Outcome, Sent
from campaigner.core.message import OutgoingMail


class Relayed:
    """Answers what it was given, in order, then Sent; `during` is called while it has a mail."""

    name = "fake"

    def __init__(
        self,
        outcomes: Iterable[Outcome] = (),
        *,
        during: Callable[[OutgoingMail], None] = lambda mail: None,
    ) -> None:
        self.mails: list[OutgoingMail] = []
        self.during = during
        self._outcomes = iter(outcomes)

    def send(self, mail: OutgoingMail) -> Outcome:
        self.mails.append(mail)
        self.during(mail)
        return next(self._outcomes, Sent(remote_id=f"q{len(self.mails)}"))

    def close(self) -> None:
        pass


def opened(mail: OutgoingMail | bytes) -> EmailMessage:
    """Read a mail as a mail program does; it must be without a defect."""
    data = mail if isinstance(mail, bytes) else mail.data
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def body(mail: OutgoingMail | bytes, kind: str = "plain") -> str:
    """Return what a mail says, as text or, with `html`, as HTML; with plain line ends."""
    part = opened(mail).get_body([kind])
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
