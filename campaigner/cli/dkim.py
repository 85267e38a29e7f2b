"""`campaigner accounts dkim`: the keys that sign an account's mail, and what to publish of them."""

import json
from typing import Annotated

import typer

from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.services.dkim_keys import MadeKey, Record, dkim_records, make_key


def dkim(
    name: Annotated[str, typer.Argument(help="An e-mail account's name in campaigner.toml.")],
    new: Annotated[
        str | None,
        typer.Option(help="Make a key under this selector, like mail2026.", show_default=False),
    ] = None,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="The new key beside an RSA one: shorter, not for all.")
    ] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Print the DNS records of the account's DKIM keys; with --new, make a key first.

    Example: campaigner accounts dkim newsletter --new mail2026
    """
    made: MadeKey | None = None
    with opened(workspace) as app:
        if new is not None:
            made = make_key(app.settings, name, new, ed=ed25519)
            records: tuple[Record, ...] = (made.record,)
        else:
            secrets = app.settings.secret
            records = dkim_records(app.settings, name, secret=lambda key: secrets(name, key))
    if as_json:
        print(json.dumps([_row(record) for record in records], ensure_ascii=False, indent=2))
        return
    if made is not None:
        print(f"The private key is in {made.path}, for nobody but you to read.")
        print(f"1. Set {made.variable} to that path where campaigner runs.")
        print(f"2. Add to [accounts.{name}] in campaigner.toml, beside keys that are there:")
        print(f'   dkim = [{{ selector = "{made.record.selector}" }}]')
        print("3. Publish this record, and wait until it can be looked up before you send:")
    elif not records:
        print(f"{name} has no DKIM key. Make one: campaigner accounts dkim {name} --new mail2026")
        return
    for record in records:
        print(f"\n{record.name}  TXT  ({record.algorithm})")
        print(record.text)
        print(f"In a zone file:\n{record.zone_file}")


def _row(record: Record) -> dict[str, str]:
    return {
        "selector": record.selector,
        "algorithm": record.algorithm,
        "name": record.name,
        "text": record.text,
    }
