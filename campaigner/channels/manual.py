"""By hand: at the due time people get text and pictures by mail, publish them, and say where.

For places that no program may post to. The mail goes through a mail account of
one's own; whether the post is out, only a person knows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr

from campaigner.core.channel import (
    Absent,
    Corrected,
    Counters,
    Disconnected,
    Finding,
    Handed,
    NotOffered,
    NotSampled,
    Outcome,
    Rate,
    Recovery,
    Reject,
    Relay,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.message import Outgoing, OutgoingMail, key_of_mail, key_of_text
from campaigner.errors import UserError
from campaigner.mail.handover import Part, handover
from campaigner.rendering.handovers import RenderedHandover

NO_PROGRAM = "it was published by hand, where no program may change it: do that by hand too"

# A person who gets the same mail twice, under the same Message-ID, sees that it is the same.
RECOVERY = Recovery(resend_from=timedelta(0), resend_until=timedelta(days=1), once=True)


@dataclass(frozen=True, kw_only=True)
class Manual:
    """One place, and the people who publish there.

    `sender` and `reply_to` are those of the mail account behind `relay`;
    `write` renders the mail. `language` is BCP 47, that of its words.
    """

    name: str
    people: Sequence[str]
    language: str
    sender: str
    reply_to: str
    relay: Relay
    write: Callable[[Outgoing], RenderedHandover]
    rates: Sequence[Rate] = ()
    recovery: Recovery = RECOVERY

    def send(self, post: Outgoing) -> Outcome:
        """Send each of the people the same mail. Handed, if at least one of them surely has it."""
        try:
            data = self._mail(post)
        except (UserError, ValueError) as error:
            # A template or an address at fault concerns every post here: all wait for its repair.
            return Disconnected(str(error))
        _, sender = parseaddr(self.sender)
        answers = {
            person: self.relay.send(
                OutgoingMail(
                    key=handover_key(post), envelope_from=sender, recipient=person, data=data
                )
            )
            for person in self.people
        }
        return outcome_of(answers)

    def find(self, post: Outgoing) -> Finding:
        """Say that it is not out: nobody can look, and to ask again by the same mail is safe."""
        return Absent()

    def edit(self, remote_id: str, text: str) -> Corrected:
        return NotOffered(NO_PROGRAM)

    def delete(self, remote_id: str) -> Corrected:
        return NotOffered(NO_PROGRAM)

    def sample(self, remote_ids: Sequence[str]) -> Mapping[str, Counters] | NotSampled:
        return NotSampled("figures of what was published by hand are entered by hand")

    def whoami(self) -> Sent | Disconnected | Unknown:
        """Name the people: a relay says nothing without a mail, so the next one tells."""
        return Sent(remote_id=", ".join(self.people))

    def _mail(self, post: Outgoing) -> bytes:
        written = self.write(post)
        return handover(
            sender=self.sender,
            reply_to=self.reply_to,
            to=self.people,
            subject=written.subject,
            text=written.text,
            html=written.html,
            language=self.language,
            pictures=[
                Part(name=shown.name, mime=picture.mime, data=picture.data, cid=shown.cid)
                for shown, picture in zip(written.pictures, post.media, strict=True)
            ],
            text_file=Part(name=written.text_file, mime="text/plain", data=post.text.encode()),
            date=post.first_attempt_at,
            key=handover_key(post),
        )


def handover_key(post: Outgoing) -> str:
    """Return what names the mail: the same for every try of one handover, another for the next."""
    key = key_of_mail(post.key, post.origin.delivery if post.origin else 0)
    return key_of_text(f"{key}/{post.first_attempt_at.isoformat()}")


def outcome_of(answers: Mapping[str, Outcome]) -> Outcome:
    """Say what the relay's answers, by person, mean for the post.

    One who has it can publish it: those who could not be told are named in
    the reason. Nobody surely has it: a doubt comes first, then what can be put
    right, then what may work later.
    """
    told = [person for person, answer in answers.items() if isinstance(answer, Sent)]
    failed = {person: answer for person, answer in answers.items() if not isinstance(answer, Sent)}
    if told:
        but = "; ".join(
            f"{person} was not told: {_doubt(answer)}{answer.reason}"
            for person, answer in failed.items()
        )
        return Handed(f"told {', '.join(told)}{f' ({but})' if but else ''}")
    for kind in (Unknown, Disconnected, Retry, Reject):
        for answer in failed.values():
            if isinstance(answer, kind):
                return answer
    return Reject("there is nobody to tell")


def _doubt(answer: Outcome) -> str:
    return "not for certain, " if isinstance(answer, Unknown) else ""
