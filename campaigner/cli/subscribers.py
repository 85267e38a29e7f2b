"""`campaigner subscribers`: who gets mail."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from campaigner.app import App
from campaigner.cli.subscribers_check import check_address
from campaigner.cli.subscribers_export import erase, export
from campaigner.cli.subscribers_import import import_
from campaigner.cli.tables import locale_words, show_table
from campaigner.cli.workspace import AsOption, JsonOption, LimitOption, WorkspaceOption, opened
from campaigner.core.intake import GONE, Became, consent_record, single_entry
from campaigner.core.locales import normalize
from campaigner.core.rules import Rule
from campaigner.core.segments import parse
from campaigner.core.spelling import did_you_mean, listed
from campaigner.db import subscribers
from campaigner.db.subscribers import Listed
from campaigner.errors import UserError
from campaigner.loading.zones import zone_of_country
from campaigner.services.import_subscribers import import_subscribers
from campaigner.services.subscribers import dossier_of, remove_subscriber, suppress_mailbox

ListOption = Annotated[
    str | None,
    typer.Option("--list", help="Which mailing list: an e-mail account.", show_default=False),
]
SegmentOption = Annotated[
    str | None,
    typer.Option(
        help='Only whom this rule holds for, like "country = BR and topic = policy".',
        show_default=False,
    ),
]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Take in, list, export, remove and forget readers.\n\n"
    "Example: campaigner subscribers list",
)


def chosen_list(app: App, name: str | None) -> str:
    """Return the list that is meant: the only one, if none is named. Raises UserError."""
    lists = app.settings.lists
    if name is None and len(lists) == 1:
        return lists[0]
    known = f"The lists are {listed(lists)}." if lists else "Set up an e-mail account first."
    if name is None:
        raise UserError(f"say which list: --list NAME. {known}")
    if name not in lists:
        raise UserError(f"there is no list '{name}'. {did_you_mean(name, lists, otherwise=known)}")
    return name


def rule_of(app: App, segment: str | None) -> Rule | None:
    """Return the rule of a segment, which may name those of segments.yaml."""
    return None if segment is None else parse(segment, app.vocabulary())


app.command("import")(import_)


@app.command("list")
def list_(
    list: ListOption = None,
    segment: SegmentOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List subscribers: address, language, zone, and what they have to do with each list.

    With --list only those who get it.

    Example: campaigner subscribers list --segment "country = BR and topic = policy" --json
    """
    with opened(workspace) as opened_app:
        only = None if list is None else chosen_list(opened_app, list)
        rule = rule_of(opened_app, segment)
        with opened_app.reading_sessions() as session:
            found = subscribers.listed(session, list=only, rule=rule, limit=limit)
            if as_json:
                _print_array(found)
                return
            rows = [_cells(each) for each in found]
    show_table(["address", "name", "language", "zone", "country", "lists", "topics"], rows)


def _print_array(found: Iterator[Listed]) -> None:
    """Print a JSON array as its parts come: there may be a million."""
    print("[", end="")
    for number, each in enumerate(found):
        print("," if number else "")
        print(json.dumps(_object(each), ensure_ascii=False), end="")
    print("\n]")


def _cells(each: Listed) -> list[str]:
    who = each.subscriber
    lists = ", ".join(f"{one.list}: {one.state}" for one in each.subscriptions)
    suppressed = f"not to be mailed ({who.suppressed_for})" if who.suppressed_at else ""
    return [
        who.address, who.name, locale_words(who.locale), who.zone, who.country,
        suppressed or lists, ", ".join(each.topics),
    ]  # fmt: skip


def _object(each: Listed) -> dict[str, object]:
    who = each.subscriber
    return {
        "address": who.address,
        "name": who.name,
        "locale": who.locale,
        "zone": who.zone,
        "country": who.country,
        "topics": [*each.topics],
        "attributes": who.attributes,
        "added_at": who.added_at.isoformat(),
        "suppressed_for": who.suppressed_for or None,
        "lists": [
            {
                "list": one.list,
                "state": one.state,
                "frequency": one.frequency,
                "confirmed_at": one.confirmed_at and one.confirmed_at.isoformat(),
                "consent": one.consent,
            }
            for one in each.subscriptions
        ],
    }


@app.command()
def count(
    list: ListOption = None,
    segment: SegmentOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Count subscribers: by list and state, or those whom a rule holds for.

    Example: campaigner subscribers count --list newsletter --segment "language = es"
    """
    with opened(workspace) as opened_app, opened_app.reading_sessions() as session:
        if segment is not None or list is not None:
            only = None if list is None else chosen_list(opened_app, list)
            number = subscribers.count(session, list=only, rule=rule_of(opened_app, segment))
            rows = [{"list": only, "segment": segment, "count": number}]
            print(json.dumps(rows) if as_json else number)
            return
        states = subscribers.counts_by_state(session)
    if as_json:
        objects = [{"list": name, "state": state, "count": n} for name, state, n in states]
        print(json.dumps(objects, indent=2))
        return
    show_table(
        ["list", "state", "subscribers"], [[name, state, f"{n:,}"] for name, state, n in states]
    )


@app.command()
def show(
    address: Annotated[str, typer.Argument(help="Their address.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show one subscriber: their lists with the evidence of consent, and the mails to them.

    Example: campaigner subscribers show ana@example.org
    """
    with opened(workspace) as opened_app:
        held = dossier_of(opened_app.reading_sessions, address, keyring=opened_app.keyring)
    if as_json:
        print(json.dumps([held], ensure_ascii=False, indent=2))
        return
    who = held["subscriber"]
    if who is not None:
        print(f"{who['address']} {who['name']}, {locale_words(who['locale'])}, {who['zone']}")
        print(f"topics: {', '.join(held['topics']) or 'all'}")
    if held["suppressed"]:
        print(f"not to be mailed: {held['suppressed']['reason']}, {held['suppressed']['at']}")
    for one in held["subscriptions"]:
        consent = json.dumps(one["consent"], ensure_ascii=False)
        print(f"{one['list']}: {one['state']} since {one['changed_at']}; consent {consent}")
    if held["mails"]:
        rows = [
            [str(mail["number"]), mail["campaign"], mail["subject"], mail["state"], mail["due_at"]]
            for mail in held["mails"]
        ]
        show_table(["number", "campaign", "subject", "state", "due"], rows)


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="Their address.")],
    consent: Annotated[str, typer.Option(help="How they agreed to get mail.")],
    consent_date: Annotated[str, typer.Option(help="When, like 2026-01-31.")],
    locale: Annotated[str, typer.Option(help="Their language, like es_UY.")],
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    country: Annotated[str, typer.Option(help="Their country, like UY.")] = "",
    zone: Annotated[str, typer.Option(help="Their time zone; else their country's.")] = "",
    topic: Annotated[
        list[str] | None, typer.Option(help="A topic that they chose; may be repeated.")
    ] = None,
    list: ListOption = None,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Add one subscriber, with the evidence that they agreed.

    Example: campaigner subscribers add ana@example.org --locale es_UY --country UY
    --consent "asked at our booth" --consent-date 2026-11-20
    """
    from campaigner.cli.subscribers_import import checked_day, checked_topics, checked_zone
    from campaigner.core.countries import country_code

    with opened(workspace) as opened_app:
        code = country_code(country) if country else ""
        where = checked_zone(zone or zone_of_country(code))
        record = {"how": "by hand", "by": by or opened_app.settings.user}
        day = checked_day(consent_date, today=opened_app.clock().date())
        try:
            entry = single_entry(
                address,
                consent=consent_record(record, when=day, evidence=consent),
                locale=normalize(locale),
                zone=where,
                name=name,
                country=code,
                topics=checked_topics(opened_app, topic or ()),
            )
        except ValueError as error:
            raise UserError(f"'{address}' cannot be added: {error}") from None
        taken = import_subscribers(
            opened_app.sessions,
            [entry],
            list=chosen_list(opened_app, list),
            keyring=opened_app.keyring,
            clock=opened_app.clock,
        )
    [became] = (what for what, number in taken.became.items() if number)
    if became in GONE:
        raise UserError(
            f"{address} is not added: who has it {GONE[became]}. "
            "Only they themselves come back, by subscribing"
        )
    words = {
        Became.ADDED: "is added",
        Became.JOINED: "gets this list too now",
        Became.CORRECTED: "was there, and is corrected",
        Became.UNCHANGED: "was there already",
    }
    print(f"{entry.address} {words[became]}.")


@app.command()
def remove(
    address: Annotated[str, typer.Argument(help="The address of who leaves.")],
    list: ListOption = None,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Also keep all mail from it from now on.")
    ] = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a reader go, at once: what was on its way to them is not sent.

    Without --list they leave every list.

    Example: campaigner subscribers remove ana@example.org
    """
    with opened(workspace) as opened_app:
        who, only = by or opened_app.settings.user, None
        if list is not None:
            only = chosen_list(opened_app, list)
        sessions, clock = opened_app.sessions, opened_app.clock
        if for_good:
            stopped = suppress_mailbox(
                sessions, address, by=who, keyring=opened_app.keyring, clock=clock
            )
        else:
            stopped = remove_subscriber(sessions, address, list=only, by=who, clock=clock)
    print(f"{address} gets no more mail; {stopped} on their way were stopped.")


app.command()(export)
app.command()(erase)
app.command()(check_address)
