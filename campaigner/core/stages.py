"""The stages that a policy process goes through, by kind, under their official names.

GNSO: https://gnso.icann.org/en/basics/consensus-policy/pdp (the seven steps).
ccNSO: ICANN Bylaws, Annex B. ASO: the ASO MoU, Attachment A.
"""

from collections.abc import Mapping
from dataclasses import dataclass

COMPLETED, SUPERSEDED = "completed", "superseded"

FINISHED: Mapping[str, str] = {COMPLETED: "Completed", SUPERSEDED: "Superseded"}
"""States past the last stage, of any kind. Our words: ICANN has no name for them."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: `id` as records name it, `name` as ICANN does, the `substates` it may be in."""

    id: str
    name: str
    substates: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of process. `stages` are in order.

    `numbered` says whether ICANN itself counts them, so that "4 of 7" may be
    printed: an EPDP leaves out two of the seven, and the others are listed
    without numbers.
    """

    id: str
    name: str
    stages: tuple[Stage, ...]
    numbered: bool = False

    def stage(self, id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == id), None)


_GNSO = (
    Stage(id="issue_identification", name="Issue Identification"),
    Stage(
        id="issue_scoping",
        name="Issue Scoping",
        substates=(
            "preliminary_issue_report",
            "preliminary_issue_report_comment",
            "final_issue_report",
        ),
    ),
    Stage(id="initiation", name="Initiation"),
    Stage(
        id="working_group",
        name="Working Group",
        substates=(
            "early_input",
            "deliberation",
            "initial_report",
            "initial_report_comment",
            "comment_review",
            "consensus_call",
            "final_report",
        ),
    ),
    Stage(id="council_deliberation", name="Council Deliberation"),
    Stage(
        id="board_vote",
        name="Board Vote",
        substates=(
            "gac_notification",
            "pre_board_comment",
            "odp",
            "board_resolution",
            "pending",
        ),
    ),
    Stage(
        id="implementation",
        name="Implementation",
        substates=("prepare", "plan", "analyze_and_design", "implement", "support_and_review"),
    ),
)

_CCNSO = (
    Stage(id="issue_report_request", name="Request for an Issue Report"),
    Stage(id="issue_report", name="Issue Report"),
    Stage(id="initiation", name="Initiation of the PDP"),
    Stage(id="working_group", name="Working Group / Task Force"),
    Stage(id="initial_report", name="Initial Report"),
    Stage(id="final_report", name="Final Report"),
    Stage(id="council_recommendation", name="Council Recommendation"),
    Stage(id="members_vote", name="Members Vote"),
    Stage(id="board_report", name="Board Report"),
    Stage(id="board_vote", name="Board Vote"),
    Stage(id="implementation", name="Implementation of the Policy"),
)

_ASO = (
    Stage(id="proposal", name="Global policy proposal"),
    Stage(id="rir_adoption", name="RIR policy development"),
    Stage(id="nro_ec_referral", name="NRO EC referral"),
    Stage(id="aso_ac_review", name="ASO AC review"),
    Stage(id="board_ratification", name="ICANN Board ratification"),
    Stage(id="implementation", name="Implementation"),
)

KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind(id="gnso_pdp", name="Policy Development Process (PDP)", stages=_GNSO, numbered=True),
        Kind(
            id="gnso_epdp",
            name="Expedited Policy Development Process (EPDP)",
            stages=_GNSO[2:],
        ),
        Kind(
            id="ccnso_pdp",
            name="ccNSO Policy Development Process (ccPDP)",
            stages=_CCNSO,
        ),
        Kind(
            id="aso_gpdp",
            name="Global Policy Development Process (GPDP)",
            stages=_ASO,
        ),
    )
}


def stage_name(kind: str, stage: str) -> str:
    """Return the official English name of a stage of `kind`; a finished state has ours."""
    if stage in FINISHED:
        return FINISHED[stage]
    found = KINDS[kind].stage(stage)
    if found is None:
        raise ValueError(f"a process of kind {kind} has no stage '{stage}'")
    return found.name


def step_of(kind: str, stage: str) -> tuple[int, int] | None:
    """Return (4, 7) for the fourth of seven; None where ICANN does not count."""
    table = KINDS[kind]
    if not table.numbered or stage in FINISHED:
        return None
    ids = [each.id for each in table.stages]
    return ids.index(stage) + 1, len(ids)


def describe(kind: str, stage: str) -> str:
    """Return a stage for people, in English: "4 of 7: Working Group"."""
    step, name = step_of(kind, stage), stage_name(kind, stage)
    return f"{step[0]} of {step[1]}: {name}" if step else name
