"""The last look at an edition, before anybody is asked to approve it (core.mail_faults)."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigner.core.delivery import Hold
from campaigner.core.mail_faults import MailFault, faults_in
from campaigner.rendering.blocks import RenderedBlock
from campaigner.rendering.posts import NotRendered


@dataclass(frozen=True, kw_only=True)
class RenderedEdition:
    """`language` is BCP 47. `warnings` are for people to look at: they hold nothing.

    Those of an edition that is stopped are with them.
    """

    subject: str
    language: str
    blocks: tuple[RenderedBlock, ...]
    warnings: tuple[MailFault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stopped(NotRendered):
    """An edition that may not be sent as it is, to be looked at all the same."""

    edition: RenderedEdition


def finish(
    *, subject: str, language: str, blocks: Sequence[RenderedBlock]
) -> RenderedEdition | Stopped:
    """Return an edition that may be sent; Stopped, with every reason, for one that may not.

    Zones differ in times alone, so the longest mail is looked at for all.
    """
    mails = [chosen(blocks, zone) for zone in _zones(blocks)]
    html, text = max(mails, key=lambda mail: len(mail[0]))
    faults = faults_in(subject=subject, html=html, text=text)
    edition = RenderedEdition(
        subject=subject, language=language, blocks=tuple(blocks), warnings=faults
    )
    stops = tuple(fault.sentence for fault in faults if fault.stops)
    return Stopped(reason=Hold.RENDERING, faults=stops, edition=edition) if stops else edition


def chosen(blocks: Sequence[RenderedBlock], zone: str) -> tuple[str, str]:
    """Return the whole HTML and the whole text of the mail that a reader in `zone` gets."""
    theirs = [block for block in blocks if block.zone in ("", zone)]
    return "".join(block.html for block in theirs), "\n".join(block.text for block in theirs)


def _zones(blocks: Sequence[RenderedBlock]) -> list[str]:
    return list(dict.fromkeys(block.zone for block in blocks if block.zone)) or [""]
