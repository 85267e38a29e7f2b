"""Files of policy processes: who runs each, where it stands, its dated facts and their sources.

A fact's `ref` names an address in `src`; its `evidence` says how well it is
known ("seen …" or "gk"). What is missing there is not published, and is no
fault.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from campaigner.core.processes import (
    INTERESTS,
    CommentWindow,
    Milestone,
    PartialDate,
    Process,
    is_stage_publishable,
)
from campaigner.core.spelling import did_you_mean
from campaigner.core.stages import FINISHED, KINDS
from campaigner.loading import shapes
from campaigner.loading.comments import derive_windows
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import MapNode, Node, ScalarNode, read_yaml

ORGANIZATIONS = ("GNSO", "ccNSO", "ASO")
UNKNOWN = PartialDate(1)  # stands where no date could be read, until the problem is raised


def load_processes(path: Path) -> tuple[Process, ...]:
    """Read a file of processes, in its order.

    `not_pdps` (tracks that are no policy processes) are checked and left out.
    Raises FileError with every problem of the file.
    """
    problems = Problems(path)
    processes = _Reader(problems).file(read_yaml(path, problems))
    problems.raise_any()
    return processes


class _Reader:
    """Reads on after a fault, with empty values in its place: the caller raises in the end."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.sources: dict[str, str] = {}
        self.lines: dict[str, int] = {}

    def file(self, root: Node) -> tuple[Process, ...]:
        found = self._fields(
            root, "the file", known=("as_of", "src", "pdps", "not_pdps"), required=("pdps",)
        )
        shapes.day(self.problems, found.get("as_of"), "as_of")
        self._read_sources(found.get("src"))
        nodes = shapes.items(self.problems, found.get("pdps"), "pdps")
        processes = tuple(self._process(node) for node in nodes)
        for node in shapes.items(self.problems, found.get("not_pdps"), "not_pdps"):
            self._check_related(node)
        return processes

    def _read_sources(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, MapNode):
            found = "`src` must give names to addresses"
            self.problems.add(node.line, found, "Write `name: https://…`, one in a line.")
            return
        for key, value in node.entries:
            self.sources[key.text] = self._address(value, f"src.{key.text}")

    def _process(self, node: Node) -> Process:
        required = ("id", "short_name", "full_title", "so", "process", "current_stage")
        optional = ("working_group", "scope_fact", "lac_interest", "milestones", "comments")
        found = self._fields(
            node, "the process", known=(*required, *optional, "url", "note"), required=required
        )
        kind = self._choice(found.get("process"), "process", tuple(KINDS))
        stage, substate, confirmed, stands = self._stage(found.get("current_stage"), kind)
        milestones = self._milestones(found.get("milestones"))
        return Process(
            id=self._id(found.get("id")),
            short_name=self._text(found.get("short_name"), "short_name"),
            full_title=self._text(found.get("full_title"), "full_title"),
            organization=self._choice(found.get("so"), "so", ORGANIZATIONS),
            kind=kind,
            working_group=self._text(found.get("working_group"), "working_group"),
            interest=self._choice(found.get("lac_interest"), "lac_interest", INTERESTS[:-1]),
            url=self._address(found.get("url"), "url"),
            stage=stage,
            substate=substate,
            stage_confirmed=confirmed,
            stage_is_publishable=stands,
            milestones=milestones,
            windows=self._windows(found.get("comments"), milestones),
        )

    def _stage(self, node: Node | None, kind: str) -> tuple[str, str, PartialDate, bool]:
        """Return stage, substate, when it was confirmed, and whether it may be published."""
        if node is None:
            return "", "", UNKNOWN, False
        found = self._fields(
            node,
            "current_stage",
            known=("id", "substate", "note", "last_seen"),
            required=("id", "last_seen"),
        )
        note = self._text(found.get("note"), "note")
        confirmed = self._date(found.get("last_seen"), "last_seen")
        if kind not in KINDS:  # told already
            return "", "", confirmed, False
        stages = [stage.id for stage in KINDS[kind].stages]
        id = self._choice(found.get("id"), "stage", (*stages, *FINISHED))
        table = KINDS[kind].stage(id)
        substates = table.substates if table else ()
        substate = self._choice(found.get("substate"), "substate", substates)
        return id, substate, confirmed, is_stage_publishable(note)

    def _milestones(self, node: Node | None) -> tuple[Milestone, ...]:
        """Return the milestones in order of date; on one date in the file's order."""
        milestones: dict[tuple[PartialDate, str], Milestone] = {}
        for part in shapes.items(self.problems, node, "milestones"):
            known, required = ("date", "what", "ref", "evidence"), ("date", "what")
            found = self._fields(part, "the milestone", known=known, required=required)
            milestone = Milestone(
                date=self._date(found.get("date"), "date"),
                what=self._text(found.get("what"), "what"),
                source=self._source(found.get("ref")),
                evidence=self._text(found.get("evidence"), "evidence"),
            )
            key = milestone.date, milestone.what
            if key in milestones and milestone.date != UNKNOWN:
                told = f"the milestone {quoted(milestone.what)} of {milestone.date} is there twice"
                self.problems.add(part.line, told, "Remove one of the two.")
            milestones[key] = milestone
        return tuple(sorted(milestones.values(), key=lambda milestone: milestone.date))

    def _windows(
        self, node: Node | None, milestones: tuple[Milestone, ...]
    ) -> tuple[CommentWindow, ...]:
        """Return the windows that the file lists, and what its milestones tell of others."""
        windows = {window.opens: window for window in derive_windows(milestones)}
        listed = set()
        for part in shapes.items(self.problems, node, "comments"):
            known = ("opens", "closes", "url", "ref", "evidence")
            found = self._fields(part, "the comment", known=known, required=("opens", "closes"))
            opens = shapes.day(self.problems, found.get("opens"), "opens") or shapes.NO_DAY
            closes = shapes.day(self.problems, found.get("closes"), "closes") or shapes.NO_DAY
            url = self._address(found.get("url"), "url") or self._source(found.get("ref"))
            evidence = self._text(found.get("evidence"), "evidence")
            if closes < opens and closes != shapes.NO_DAY:
                told = f"the comment closes ({closes}) before it opens ({opens})"
                self.problems.add(part.line, told, "Exchange or correct the two days.")
            if opens in listed and opens != shapes.NO_DAY:
                told = f"there are two comments that open on {opens}"
                self.problems.add(part.line, told, "Remove one of the two.")
            listed.add(opens)
            # Told by the same rule as a milestone's: what was not seen is not published.
            seen = Milestone(date=UNKNOWN, what="", source=url, evidence=evidence)
            windows[opens] = CommentWindow(
                opens=opens, closes=closes, url=url, is_publishable=seen.is_publishable
            )
        return tuple(windows[opens] for opens in sorted(windows))

    def _check_related(self, node: Node) -> None:
        known = ("id", "name", "fact", "refs")
        found = self._fields(node, "the track", known=known, required=("id", "name"))
        self._id(found.get("id"))
        if "refs" in found:
            for ref in shapes.texts(self.problems, found["refs"], "refs"):
                self._source(ref)

    def _id(self, node: Node | None) -> str:
        value = shapes.text(self.problems, node, "id")
        if value is None:
            return ""
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value.text):
            fix = "Write small letters and digits, with hyphens between them."
            self.problems.add(value.line, f"{quoted(value.text)} is not an id", fix)
        elif value.text in self.lines:
            found = f"the id {quoted(value.text)} is taken, in line {self.lines[value.text]}"
            self.problems.add(value.line, found, "Give each process an id of its own.")
        self.lines.setdefault(value.text, value.line)
        return value.text

    def _date(self, node: Node | None, name: str) -> PartialDate:
        value = shapes.text(self.problems, node, name)
        if value is None:
            return UNKNOWN
        try:
            return PartialDate.parse(value.text)
        except ValueError:
            fix = "Write as much as is known: 2026, 2026-06 or 2026-06-22."
            self.problems.add(value.line, f"`{name}` is no date: {quoted(value.text)}", fix)
            return UNKNOWN

    def _source(self, node: Node | None) -> str:
        value = shapes.text(self.problems, node, "ref")
        if value is None:
            return ""
        if value.text not in self.sources:
            fix = did_you_mean(value.text, self.sources, otherwise="Add it to `src`.")
            self.problems.add(value.line, f"{quoted(value.text)} is not in `src`", fix)
        return self.sources.get(value.text, "")

    def _address(self, node: Node | None, name: str) -> str:
        value = shapes.text(self.problems, node, name)
        if value is None:
            return ""
        if not _is_web_address(value.text):
            found = f"`{name}` is no web address: {quoted(value.text)}"
            self.problems.add(value.line, found, "Write it whole, with https:// and a host.")
        return value.text

    def _choice(self, node: Node | None, name: str, known: tuple[str, ...]) -> str:
        value = shapes.text(self.problems, node, name)
        if value is None:
            return ""
        where = "known here" if known else "possible here: this stage has none"
        shapes.one_of(self.problems, value, name, known, where=where)
        return value.text if value.text in known else ""

    def _text(self, node: Node | None, name: str) -> str:
        value = shapes.text(self.problems, node, name)
        return value.text if value else ""

    def _fields(
        self, node: Node, name: str, *, known: tuple[str, ...], required: tuple[str, ...]
    ) -> Mapping[str, Node]:
        """Read a mapping in which an optional key may say `null`: "we know of none"."""
        if isinstance(node, MapNode):
            entries = tuple(
                (key, value)
                for key, value in node.entries
                if key.text in required or not _is_null(value)
            )
            node = MapNode(line=node.line, entries=entries)
        return shapes.fields(self.problems, node, name, known=known, required=required)


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.plain and node.text in ("null", "~")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    clean = re.search(r"[\s<>\"]", text) is None
    return parts.scheme in ("http", "https") and bool(parts.hostname) and clean
