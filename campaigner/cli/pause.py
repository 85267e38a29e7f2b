"""`campaigner pause` and `campaigner resume`: the stop that works at once."""

import json
from typing import Annotated

import typer

from campaigner.cli.tables import show_table, stamp
from campaigner.cli.workspace import AsOption, JsonOption, WorkspaceOption, opened
from campaigner.core.countries import country_code
from campaigner.core.spelling import counted
from campaigner.db import pauses
from campaigner.db.engine import Sessions
from campaigner.errors import UserError
from campaigner.services.pause import in_words
from campaigner.services.pause import pause as pull
from campaigner.services.pause import resume as lift

AllOption = Annotated[bool, typer.Option("--all", help="Everything.")]
AccountOption = Annotated[str | None, typer.Option(help="One account.", show_default=False)]
CampaignOption = Annotated[str | None, typer.Option(help="One campaign.", show_default=False)]
CountryOption = Annotated[
    str | None, typer.Option(help="One country, like BR or Brazil.", show_default=False)
]


def pause(
    everything: AllOption = False,
    account: AccountOption = None,
    campaign: CampaignOption = None,
    country: CountryOption = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever finds it stopped.")] = "by hand",
    show: Annotated[bool, typer.Option("--list", help="Show what is paused.")] = False,
    by: AsOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Stop everything, an account, a campaign or a country, at once; even what is about to be sent.

    A country holds the posts of accounts that speak to it, posts in its own
    language variant (pt_BR is Brazil's), and mails to its readers.

    Example: campaigner pause --all --reason "wrong link in today's post"
    """
    with opened(workspace) as app:
        if show:
            _list(app.sessions, app.settings.zone, as_json=as_json)
            return
        scope, target = _scope(everything, account, campaign, country)
        if scope == "account" and target not in app.accounts:
            raise UserError(
                f"there is no account '{target}'. `campaigner accounts list` shows them"
            )
        new = pull(
            app.sessions,
            scope=scope,
            target=target,
            reason=reason,
            by=by or app.settings.user,
            now=app.clock(),
        )
    what = in_words(scope, target)
    what = what[0].upper() + what[1:]
    print(f"{what} is paused." if new else f"{what} was paused already.")
    print("Nothing of it goes out until `campaigner resume`.")


def resume(
    everything: AllOption = False,
    account: AccountOption = None,
    campaign: CampaignOption = None,
    country: CountryOption = None,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Lift a pause. What fell due meanwhile is not sent by itself: each waits for you.

    Example: campaigner resume --all
    """
    scope, target = _scope(everything, account, campaign, country)
    with opened(workspace) as app:
        done = lift(
            app.sessions,
            scope=scope,
            target=target,
            by=by or app.settings.user,
            now=app.clock(),
        )
    print("Resumed: what is due from now on goes out.")
    if done.missed:
        print(
            f"{done.missed} fell due meanwhile and wait for you: see `campaigner outbox list "
            "--state held`, then send (`outbox retry ID`), move (`outbox move ID --at TIME`) or "
            "drop (`outbox cancel ID`) each, or all at once with `campaigner outbox missed`."
        )
    if done.broadcasts:
        print(
            f"{counted(done.broadcasts, 'broadcast')} fell due meanwhile and had not begun: see "
            "`campaigner broadcast list`, then send (`broadcast send ID`), move (`broadcast move "
            "ID --at TIME`) or drop (`broadcast cancel ID`) each."
        )


def _scope(
    everything: bool, account: str | None, campaign: str | None, country: str | None
) -> tuple[str, str]:
    code = country_code(country) if country else ""
    named = [
        (scope, target)
        for scope, target in (
            ("account", account),
            ("campaign", campaign),
            (pauses.COUNTRY, code),
        )
        if target
    ]
    if everything:
        named.append((pauses.ALL, ""))
    if len(named) != 1:
        raise UserError("say what: one of --all, --account NAME, --campaign ID or --country BR")
    return named[0]


def _list(sessions: Sessions, zone: str, *, as_json: bool) -> None:
    with sessions() as session:
        stops = pauses.open_pauses(session)
    if as_json:
        rows = [
            {
                "scope": stop.scope,
                "target": stop.target,
                "reason": stop.reason,
                "by": stop.by,
                "at": stop.at.isoformat(),
            }
            for stop in stops
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    elif not stops:
        print("Nothing is paused.")
    else:
        show_table(
            ["what", "since", "by", "why"],
            [[in_words(s.scope, s.target), stamp(s.at, zone), s.by, s.reason] for s in stops],
        )
