"""`campaigner strategy`: the plan that campaigns serve, as a tree."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.core.spelling import did_you_mean
from campaigner.core.strategy import Entry, KeyArea, Objective, Project, Strategy
from campaigner.errors import UserError


def strategy(
    id: Annotated[
        str | None, typer.Argument(help="A key area, an objective or a project, like 1.1.3.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the strategic plan: key areas, objectives, projects.

    Example: campaigner strategy 1.1.3
    """
    with opened(workspace) as app:
        plan, today = app.strategy, app.clock().date()
    entries = _chosen(plan, id)
    if as_json:
        print(json.dumps([_row(plan, entry) for entry in entries], ensure_ascii=False, indent=2))
        return
    console = Console()
    if id is None:
        console.print(_tree(plan, today))
        return
    console.print(_page(plan, entries[0]))


def _chosen(plan: Strategy, id: str | None) -> list[Entry]:
    """Return all entries in the plan's order, or the one named; raise UserError for none."""
    if id is None:
        return list(plan.entries.values())
    if (entry := plan.find(id)) is None:
        fix = did_you_mean(id, plan.entries, otherwise="See them all with `campaigner strategy`.")
        raise UserError(f"'{id}' is not in the strategy. {fix}")
    return [entry]


def _tree(plan: Strategy, today: date) -> Tree:
    tree = Tree(Group(Text(plan.title, style="bold"), Text(_validity(plan, today), style="dim")))
    for area in plan.key_areas:
        area_branch = tree.add(_label(area, style="bold"))
        for objective in area.objectives:
            branch = area_branch.add(_label(objective))
            for project in objective.projects:
                branch.add(_label(project))
    return tree


def _page(plan: Strategy, entry: Entry) -> Group:
    """Return one entry with what it belongs to, its description and its parts."""
    lines: list[Text | Padding] = [
        *(_label(parent, style="dim") for parent in _above(plan, entry)),
        _label(entry, style="bold"),
    ]
    if entry.description:
        lines.append(Padding(Text(entry.description), (1, 0, 0, 2)))
    if isinstance(entry, Project) and entry.successors:
        lines.append(Padding(Text(f"Goes on as {', '.join(entry.successors)}"), (1, 0, 0, 2)))
    if parts := _parts(entry):
        lines.append(Text())
        lines.extend(Padding(_label(part), (0, 0, 0, 2)) for part in parts)
    return Group(*lines)


def _validity(plan: Strategy, today: date) -> str:
    span = f"valid from {plan.valid_from} to {plan.valid_until}"
    if today > plan.valid_until:
        return f"{span}: it has ended, what is published still counts for its projects"
    return span if plan.is_valid_on(today) else f"{span}: it has not begun yet"


def _label(entry: Entry, *, style: str = "") -> Text:
    return Text.assemble((entry.id, "cyan"), "  ", (entry.title, style))


def _parts(entry: Entry) -> Iterable[Entry]:
    match entry:
        case KeyArea():
            return entry.objectives
        case Objective():
            return entry.projects
        case Project():
            return ()


def _above(plan: Strategy, entry: Entry) -> list[Entry]:
    """Return the key area of an objective, or a project's key area and objective."""
    for path in plan.paths.values():
        if entry in path:
            return list(path[: path.index(entry)])
    return []


def _row(plan: Strategy, entry: Entry) -> dict[str, object]:
    kinds = {KeyArea: "key area", Objective: "objective", Project: "project"}
    above = _above(plan, entry)
    return {
        "id": entry.id,
        "kind": kinds[type(entry)],
        "part_of": above[-1].id if above else None,
        "title": entry.title,
        "description": entry.description,
        "successors": list(entry.successors) if isinstance(entry, Project) else [],
    }
