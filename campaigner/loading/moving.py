"""What moves or skips dates, as a schedule writes it: public holidays and quiet times."""

from datetime import time

from campaigner.core.campaign import Quiet, Then
from campaigner.core.countries import COUNTRIES, country_code
from campaigner.errors import UserError
from campaigner.loading import shapes
from campaigner.loading.holidays import PublicHolidays
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.times import WEEKDAYS, read_time, read_weekdays
from campaigner.loading.yaml import MapNode, Node, ScalarNode

_VERBS = {"from": "begins", "to": "ends"}
MOST_COUNTRIES = 20  # the more there are, the longer a year of them takes to compute


def read_holidays(problems: Problems, node: Node | None) -> tuple[PublicHolidays | None, Then]:
    """Return whose holidays count, and what becomes of a date on one."""
    if node is None:
        return None, Then.MOVE
    known = ("countries", "then")
    found = shapes.fields(problems, node, "`holidays`", known=known, required=("countries",))
    countries = dict[str, None]()
    written = list(shapes.texts(problems, found.get("countries"), "countries"))
    if len(written) > MOST_COUNTRIES:
        wrong = f"`countries` names {len(written)} countries, more than {MOST_COUNTRIES}"
        fix = "Keep those where it is read; for the others, make campaigns of their own."
        problems.add(written[0].line, wrong, fix)
        written = []
    for value in written:
        if value.text in countries:
            problems.add(
                value.line, f"{quoted(value.text)} is named twice in `countries`", "Keep one."
            )
        elif _is_country(problems, value):
            countries[value.text] = None
    then = shapes.word(problems, found.get("then"), "then", Then) or Then.MOVE
    return (PublicHolidays(countries=tuple(countries)) if countries else None), then


def read_quiet(problems: Problems, node: Node | None) -> Quiet | None:
    """Return the times of day and weekdays at which nothing goes out."""
    if node is None:
        return None
    known = ("from", "to", "on", "then")
    found = shapes.fields(problems, node, "`quiet`", known=known)
    begins, ends = (_edge(problems, found.get(name), name) for name in ("from", "to"))
    weekdays = read_weekdays(problems, found["on"]) if "on" in found else frozenset[int]()
    then = shapes.word(problems, found.get("then"), "then", Then) or Then.MOVE
    if then is Then.BACK:
        fix = "Write move (to its end), or skip."
        problems.add(found["then"].line, "a quiet time cannot move a date back", fix)
    if not isinstance(node, MapNode):
        return None
    if ("from" in found) != ("to" in found):
        given, lacking = ("from", "to") if "from" in found else ("to", "from")
        wrong = f"`quiet` has `{given}`, but no `{lacking}`"
        problems.add(node.line, wrong, f"Add `{lacking}`, the time at which it {_VERBS[lacking]}.")
    elif not found.keys() & {"from", "on"}:
        if all(key.text == "then" for key, _ in node.entries):
            fix = "Add `from` and `to`, or weekdays as `on`, or remove `quiet`."
            problems.add(node.line, "`quiet` does not say when it is quiet", fix)
    elif begins is not None and begins == ends:
        fix = f"Write two times, or the weekdays as `on`: {', '.join(WEEKDAYS[5:])}."
        problems.add(found["to"].line, "`from` and `to` of `quiet` are the same time", fix)
    elif len(weekdays) == len(WEEKDAYS):
        fix = "Take a day out of `on`."
        problems.add(found["on"].line, "`quiet` covers the whole week: nothing would go out", fix)
    return Quiet(begins=begins, ends=ends, weekdays=weekdays, then=then)


def _edge(problems: Problems, node: Node | None, name: str) -> time | None:
    value = shapes.text(problems, node, name)
    return read_time(problems, value) if value else None


def _is_country(problems: Problems, value: ScalarNode) -> bool:
    if value.text in COUNTRIES:
        return True
    try:
        fix = f"Write {country_code(value.text)}."
    except UserError as error:
        fix = str(error).partition(". ")[2]
        fix = fix if fix.endswith("?") else "Write its two letters (ISO 3166), like BR."
    problems.add(value.line, f"{quoted(value.text)} is not the code of a country", fix)
    return False
