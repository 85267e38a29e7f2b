"""An alert reaches somebody, if anybody can be reached."""

from collections.abc import Iterable
from email import message_from_bytes

from campaigner.core.channel import Outcome, Reject, Relay, Retry, Sent, Unknown
from campaigner.core.message import OutgoingMail
from campaigner.errors import UserError
from campaigner.net import Http, NotReachedError, Reply
from campaigner.services.notify import notify
from tests.rows import NOON


class Post:
    """A relay that answers what it was given, then Sent."""

    name = "fake"

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.mails: list[OutgoingMail] = []
        self.closed = False
        self._outcomes = iter(outcomes)

    def send(self, mail: OutgoingMail) -> Outcome:
        self.mails.append(mail)
        return next(self._outcomes, Sent(remote_id="1"))

    def close(self) -> None:
        self.closed = True


class Hook(Http):
    """A webhook that answers `status`; 0: nobody is there."""

    status = 200
    asked = 0

    def post(self, url: str, **rest: object) -> Reply:
        type(self).asked += 1
        if not self.status:
            raise NotReachedError("nobody is there")
        return Reply(status=self.status, headers={}, body=b"")


def told(
    relay: Relay | None, *, to: tuple[str, ...] = ("op@example.org",), hook: int | None = None
) -> Outcome:
    http = Hook(base="http://127.0.0.1:9")
    Hook.status, Hook.asked = hook or 0, 0

    def through() -> Relay:
        if relay is None:
            raise UserError("the account has no address")
        return relay

    return notify(
        "A post is late",
        "The text",
        to=to,
        sender="Team <team@example.org>",
        relay=through,
        webhook="http://127.0.0.1:9/hook" if hook is not None else "",
        http=http,
        now=NOON,
    )


def test_everybody_who_is_named_gets_a_mail_of_their_own() -> None:
    relay = Post()
    assert isinstance(told(relay, to=("a@example.org", "b@example.org")), Sent)
    assert [mail.recipient for mail in relay.mails] == ["a@example.org", "b@example.org"]
    assert {mail.envelope_from for mail in relay.mails} == {"team@example.org"}
    assert len({mail.key for mail in relay.mails}) == 2
    assert message_from_bytes(relay.mails[0].data)["Subject"] == "A post is late"
    assert relay.closed


def test_one_that_was_reached_is_enough_and_none_is_tried_again() -> None:
    both = ("a@example.org", "b@example.org")
    assert isinstance(told(Post([Retry("busy")]), to=both), Sent)
    assert isinstance(told(Post([Unknown("?"), Retry("busy")]), to=both), Unknown)
    assert told(Post([Retry("busy"), Reject("no")]), to=both) == Retry("busy")


def test_the_webhook_is_called_although_no_mail_can_be_sent() -> None:
    assert isinstance(told(None, hook=200), Sent)
    assert Hook.asked == 1
    assert isinstance(told(None), Retry)


def test_a_webhook_that_refuses_or_is_not_there_is_tried_again() -> None:
    assert isinstance(told(None, to=(), hook=500), Retry)
    assert isinstance(told(None, to=(), hook=0), Retry)


def test_an_alert_for_nobody_waits() -> None:
    assert isinstance(told(None, to=()), Retry)
