"""The strategic plan that campaigns serve: key areas, their objectives, their projects.

Every campaign names projects of it, and reach is added up along it. Another
organization replaces the file that it is read from, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from campaigner.core.spelling import near


@dataclass(frozen=True, kw_only=True)
class Project:
    """What campaigns serve. `successors` name the projects of a later plan that go on with it."""

    id: str
    title: str
    description: str = ""
    successors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Objective:
    id: str
    title: str
    description: str = ""
    projects: tuple[Project, ...]


@dataclass(frozen=True, kw_only=True)
class KeyArea:
    """`short_title` is for headings and columns; the full title where the plan has no other."""

    id: str
    title: str
    short_title: str
    description: str = ""
    objectives: tuple[Objective, ...]


Entry = KeyArea | Objective | Project


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A published plan, in its own order and wording. Both days of its validity are inclusive.

    Ids are unique over the whole tree.
    """

    title: str
    description: str = ""
    sources: tuple[str, ...] = ()
    valid_from: date
    valid_until: date
    key_areas: tuple[KeyArea, ...]

    @cached_property
    def paths(self) -> Mapping[str, tuple[KeyArea, Objective, Project]]:
        """Every project's id with its place in the tree, in the plan's order."""
        return {
            project.id: (area, objective, project)
            for area in self.key_areas
            for objective in area.objectives
            for project in objective.projects
        }

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Every id with what it names, in the plan's order."""
        out: dict[str, Entry] = {}
        for area in self.key_areas:
            out[area.id] = area
            for objective in area.objectives:
                out[objective.id] = objective
                out |= {project.id: project for project in objective.projects}
        return out

    def find(self, id: str) -> Entry | None:
        return self.entries.get(id)

    def suggest(self, id: str) -> tuple[str, ...]:
        """Return the ids most like `id`, for whoever mistyped one."""
        return near(id, self.entries)

    def path(self, project_id: str) -> tuple[KeyArea, Objective, Project]:
        """Return a project with its objective and key area.

        Raises KeyError for an id that is no project's.
        """
        return self.paths[project_id]

    def projects_under(self, id: str) -> tuple[Project, ...]:
        """Return the projects of a key area or an objective, or the project itself; else none."""
        return tuple(path[-1] for path in self.paths.values() if id in [part.id for part in path])

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_until
