"""Strategy files. The LAC plan 2021-2025 comes with the package."""

import re
from importlib import resources
from pathlib import Path

from campaigner.core.strategy import KeyArea, Objective, Project, Strategy
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import MapNode, Node, ScalarNode, read_yaml

PACKAGED = "lac-2021-2025.yaml"


def load_strategy(path: Path | None = None) -> Strategy:
    """Read a strategy file; the packaged one where `path` is None.

    Raises FileError with every problem of the file.
    """
    if path is not None:
        return _load(path)
    folder = resources.files("campaigner.loading") / "strategies"
    with resources.as_file(folder / PACKAGED) as packaged:
        return _load(packaged)


def _load(path: Path) -> Strategy:
    problems = Problems(path)
    strategy = _Reader(problems).strategy(read_yaml(path, problems))
    problems.raise_any()
    return strategy


class _Reader:
    """Reads on after a fault, with empty values in its place: the caller raises in the end."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.lines: dict[str, int] = {}

    def strategy(self, root: Node) -> Strategy:
        required = ("title", "valid_from", "valid_until", "key_areas")
        found = shapes.fields(
            self.problems,
            root,
            "the strategy",
            known=(*required, "description", "sources"),
            required=required,
        )
        if not isinstance(root, MapNode):
            self.problems.raise_any()
        first = shapes.day(self.problems, found.get("valid_from"), "valid_from")
        last = shapes.day(self.problems, found.get("valid_until"), "valid_until")
        if first and last and last < first:
            problem = f"`valid_until` ({last}) is before `valid_from` ({first})"
            self.problems.add(found["valid_until"].line, problem, "Exchange the two days.")
        sources = shapes.texts(self.problems, found.get("sources"), "sources")
        areas = shapes.items(self.problems, found.get("key_areas"), "key_areas")
        return Strategy(
            title=self._text(found.get("title"), "title"),
            description=self._text(found.get("description"), "description"),
            sources=tuple(source.text for source in sources),
            valid_from=first or shapes.NO_DAY,
            valid_until=last or shapes.NO_DAY,
            key_areas=tuple(self._key_area(node) for node in areas),
        )

    def _key_area(self, node: Node) -> KeyArea:
        required = ("id", "title", "objectives")
        known = (*required, "short_title", "description")
        found = shapes.fields(self.problems, node, "the key area", known=known, required=required)
        title = self._text(found.get("title"), "title")
        parts = shapes.items(self.problems, found.get("objectives"), "objectives")
        return KeyArea(
            id=self._id(found.get("id")),
            title=title,
            short_title=self._text(found.get("short_title"), "short_title") or title,
            description=self._text(found.get("description"), "description"),
            objectives=tuple(self._objective(part) for part in parts),
        )

    def _objective(self, node: Node) -> Objective:
        required = ("id", "title", "projects")
        found = shapes.fields(
            self.problems,
            node,
            "the objective",
            known=(*required, "description"),
            required=required,
        )
        parts = shapes.items(self.problems, found.get("projects"), "projects")
        return Objective(
            id=self._id(found.get("id")),
            title=self._text(found.get("title"), "title"),
            description=self._text(found.get("description"), "description"),
            projects=tuple(self._project(part) for part in parts),
        )

    def _project(self, node: Node) -> Project:
        known = ("id", "title", "description", "successors")
        found = shapes.fields(
            self.problems, node, "the project", known=known, required=("id", "title")
        )
        successors = shapes.texts(self.problems, found.get("successors"), "successors")
        return Project(
            id=self._id(found.get("id")),
            title=self._text(found.get("title"), "title"),
            description=self._text(found.get("description"), "description"),
            successors=tuple(each.text for each in successors if self._is_id(each)),
        )

    def _id(self, node: Node | None) -> str:
        value = shapes.text(self.problems, node, "id")
        if value is None or not self._is_id(value):
            return ""
        if value.text in self.lines:
            found = f"the id {quoted(value.text)} is taken, in line {self.lines[value.text]}"
            self.problems.add(value.line, found, "Give each entry of the plan an id of its own.")
        self.lines[value.text] = value.line
        return value.text

    def _is_id(self, value: ScalarNode) -> bool:
        if re.fullmatch(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*", value.text):
            return True
        found = f"{quoted(value.text)} is not an id"
        fix = "Write letters and digits, with dots or hyphens between them, like 1.1.3."
        self.problems.add(value.line, found, fix)
        return False

    def _text(self, node: Node | None, name: str) -> str:
        value = shapes.text(self.problems, node, name)
        return value.text if value else ""
