"""The JSON Schema of campaign files, so that an editor completes them and marks what is wrong.

It says what a file may look like. What depends on other things (pictures, lengths, dates that
do not suffice) only `campaigner check` sees. A test holds its keys to those the loaders know.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from campaigner.core.campaign import ANY, Approval, Missing, Then
from campaigner.core.strategy import Strategy
from campaigner.loading.cadences import WEEKDAYS
from campaigner.loading.items import CHANNELS
from campaigner.settings import AccountSettings

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What YAML takes for a number or a truth value is a text to the loaders.
TEXT: Schema = {"type": ["string", "number", "boolean"]}
ID: Schema = {"type": ["string", "number"], "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
TIME: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
MOMENT: Schema = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} +([01][0-9]|2[0-3]):[0-5][0-9]$",
}
DURATION: Schema = {"type": "string", "pattern": "^[0-9]{1,6} *(minute|hour|day|week)s?$"}
LINK: Schema = {"type": "string", "pattern": "^https://[^\\s]+$"}
NAME = "^[a-z_][a-z0-9_]*$"
LOCALE = "^[A-Za-z]{2,3}([_-][A-Za-z]{4})?([_-]([A-Za-z]{2}|[0-9]{3}))?$"
LOCALE_OR_ALL = f"{LOCALE}|^{ANY}$"


def campaign_schema(
    strategy: Strategy | None = None, accounts: Mapping[str, AccountSettings] | None = None
) -> Schema:
    """Return the schema of a file in `campaigns/`, in JSON Schema's draft 2020-12.

    With a workspace's strategy and accounts their names are the only ones
    that it takes; an editor then offers them.
    """
    projects: Schema = TEXT | {"examples": ["1.1.3"]}
    if strategy is not None:
        projects = {"oneOf": [
            {"const": id, "title": project.title}
            for id, (_, _, project) in strategy.paths.items()
        ]}  # fmt: skip
    named: Schema = TEXT
    if accounts is not None:
        named = {"oneOf": [
            {"const": name, "title": account.title or name, "description": _of_account(account)}
            for name, account in accounts.items()
        ]}  # fmt: skip
    fields = {
        "id": ID | _said("The file's name, without .yaml."),
        "title": TEXT | _said("What people call it."),
        "owner": TEXT | _said("Who answers for it."),
        "projects": _few(projects, "What it serves: projects of the strategy."),
        "accounts": _few(named, "Where it speaks: names from campaigner.toml."),
        "source_locale": _locale("The language in which this file is written."),
        "locales": _few(_locale("A language."), "The languages to publish in."),
        "schedule": _schedule(),
        "not_after": DURATION
        | _said("How late a message may still go out. Default: 1 day; a digest: 2 days.", "3 days"),
        "missing_translation": _words(
            Missing, "What becomes of a message whose translation is missing. Default: hold."
        ),
        "approval": _words(
            Approval, "Who may approve: somebody else than who queued it, or anybody."
        ),
        "template": TEXT | _said("The layout of a post, in templates/.", "social/post.txt"),
        "embargo_until": MOMENT
        | _said("Nothing of it is public before; in the schedule's zone.", "2026-12-01 10:00"),
        "utm": _utm(),
        "variables": {
            "type": "object",
            "description": "What {{ name }} stands for in the texts.",
            "propertyNames": {"pattern": NAME},
            "additionalProperties": _localized(TEXT),
        },
        "items": {
            "type": "array",
            "minItems": 1,
            "items": _item(),
            "description": "What it says, in order: each item takes one date.",
        },
        "digest": _digest(),
    }
    required = ("id", "title", "owner", "projects", "accounts", "source_locale", "locales")
    return {
        "$schema": DIALECT,
        "title": "A campaign of campaigner",
        **_object("A campaign: what to say, where, when and in which languages.", fields,
                  required=(*required, "schedule")),
        "oneOf": [{"required": ["items"]}, {"required": ["digest"]}],
    }  # fmt: skip


def partners_schema() -> Schema:
    """Return the schema of `campaigns/data/partners.yaml`."""
    handles = {name: TEXT | _said(f"Its handle on {name}, with @.") for name in CHANNELS}
    partner = _object(
        "Somebody whom texts name, as {{ partner.ID }}.",
        {"name": _localized(TEXT) | _said("The plain name, where it has no handle."), **handles},
        required=("name",),
    )
    return _by_name("The partners of campaigner's campaigns", partner)


def library_schema() -> Schema:
    """Return the schema of `campaigns/data/library.yaml`."""
    fields = {
        "source_locale": _locale("The language in which its texts are written."),
        "texts": _by_name("Texts, used as {{ library.NAME }}.", _localized(TEXT)),
        "hashtags": _by_name("Hashtags, used as library.NAME.", _localized(TEXT)),
    }
    return {
        "$schema": DIALECT,
        "title": "The content library of campaigner's campaigns",
        **_object("Texts and hashtags that every campaign may use.", fields),
        "dependentRequired": {"texts": ["source_locale"]},
    }


def glossary_schema() -> Schema:
    """Return the schema of `campaigns/data/glossary.yaml`."""
    words = {
        "term": _few(TEXT, "The term; of several, each is right."),
        "source": TEXT | _said("Who says so: it makes the term official."),
        "note": TEXT | _said("For translators."),
    }
    detailed = _object("A term with its source.", words, required=("term",))
    return {
        "$schema": DIALECT,
        "title": "The glossary of campaigner's translators",
        "type": "array",
        "items": {
            "type": "object",
            "description": "One term, in each language.",
            "patternProperties": {LOCALE: {"anyOf": [_few(TEXT, "The term."), detailed]}},
            "additionalProperties": False,
            "minProperties": 2,
        },
    }


def _by_name(description: str, value: Schema) -> Schema:
    return {
        "$schema": DIALECT,
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": NAME},
        "additionalProperties": value,
    }


def _item() -> Schema:
    pictures: Schema = TEXT | _said("A picture, named from campaigns/.", "media/phishing.png")
    fields = {
        "id": ID | _said("Its name; messages already queued belong to it."),
        "text": _by_channel(),
        "title": TEXT | _said("What it will be about, while there is no text yet."),
        "owner": TEXT | _said("Who writes it."),
        "due": DAY | _said("Until when its text is to be written.", "2026-11-20"),
        "embargo_until": MOMENT | _said("Nothing of it is public before.", "2026-12-01 10:00"),
        "source_locale": _locale("The language in which this item is written."),
        "link": _localized(LINK) | _said("Where it leads.", "https://www.icann.org/"),
        "hashtags": _localized(_few(TEXT, "Hashtags, without #."))
        | _said("Hashtags, without #; library.NAME takes one from the library."),
        "media": _localized(_few(pictures, "Pictures.")) | _said("Up to four pictures."),
        "alt": _localized(_few(TEXT, "Words."))
        | _said("What the pictures show, in words, in their order."),
        "story": _object(
            "What it tells in a newsletter.",
            {
                "headline": _localized(TEXT) | _said("Its headline."),
                "body": _localized(TEXT) | _said("Its text, in Markdown."),
            },
            required=("headline", "body"),
        ),
    }
    return {
        **_object("One thing that the campaign says.", fields, required=("id",)),
        "anyOf": [{"required": ["text"]}, {"required": ["title"]}],
        "dependentRequired": {"media": ["alt"]},
    }


def _by_channel() -> Schema:
    by_channel = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            name: _localized(TEXT) | _said(f"What it says on {name}.") for name in CHANNELS
        }
        | {ANY: _localized(TEXT) | _said("What it says everywhere else.")},
    }
    return {
        "description": "One text; or per channel; or per language; or per channel and language.",
        "anyOf": [_localized(TEXT), by_channel],
    }


def _digest() -> Schema:
    fields = {
        "subject": _localized(TEXT) | _said("The subject of its mails."),
        "introduction": _localized(TEXT) | _said("How each edition begins."),
        "compose_before": DURATION | _said("How long before its date. Default: 2 days.", "2 days"),
    }
    return _object(
        "An edition a date, made of the policy processes.",
        fields,
        required=("subject", "introduction"),
    )


def _schedule() -> Schema:
    times = _few(TIME, "A time of day, or several.") | {"examples": ["10:00"]}
    weekdays = _few({"enum": list(WEEKDAYS)}, "A day of the week, or several.")
    cadences = {
        "daily": _object("Every day, or every few days.", {"every": _every(366), "at": times},
                         required=("at",)),
        "weekly": _object("On days of the week.",
                          {"on": weekdays, "at": times, "every": _every(52)},
                          required=("on", "at")),
        "monthly": {
            **_object("On a day of the month, or on its second Tuesday.", {
                "day": {"enum": [*range(1, 32), "last"], "description": "A day of the month."},
                "nth": {"enum": [1, 2, 3, 4, 5, "last"], "description": "Which of the weekdays."},
                "on": {"enum": list(WEEKDAYS), "description": "The weekday for `nth`."},
                "at": times,
                "every": _every(24),
            }, required=("at",)),
            "oneOf": [{"required": ["day"]}, {"required": ["nth", "on"]}],
        },
        "dates": {"type": "array", "minItems": 1, "items": MOMENT, "description": "Just these.",
                  "examples": [["2026-12-01 10:00"]]},
        "event": _object("Before and after an event.", {
            "name": TEXT | _said("What it is called."),
            "at": MOMENT | _said("When it begins.", "2026-10-24 09:00"),
            "when": _few({"type": "string"}, "How long before or after it.")
            | {"examples": [["14 days before", "1 hour before", "2 days after"]]},
        }, required=("at", "when")),
        "slots": {"const": "account",
                  "description": "The next free slot of each account (campaigner.toml)."},
    }  # fmt: skip
    fields = {
        "zone": {"type": "string", "description": "An IANA zone: all times are its wall-clock.",
                 "examples": ["America/Montevideo"]},
        "start": DAY | _said("The first day, inclusive.", "2026-12-01"),
        "end": DAY | _said("The last day, inclusive.", "2027-03-31"),
        **cadences,
        "holidays": _object("What to do with public holidays.", {
            "countries": _few({"type": "string", "pattern": "^[A-Z]{2}$"}, "Countries, like UY."),
            "then": _words(Then, "Move to the next day, back to the day before, or skip."),
        }, required=("countries",)),
        "quiet": _object("When nothing goes out.", {
            "from": TIME | _said("It begins.", "22:00"),
            "to": TIME | _said("It ends; before `from`: on the next day.", "07:00"),
            "on": weekdays,
            "then": {"enum": [str(Then.MOVE), str(Then.SKIP)],
                     "description": "Move to its end, or skip. Default: move."},
        }) | {"dependentRequired": {"from": ["to"], "to": ["from"]}},
        "rotation": _object("Say the items again and again.", {
            "gap": DURATION | _said("How long an item rests at least.", "30 days"),
            "times": {"type": "integer", "minimum": 1,
                      "description": "How often each is said at most."},
        }, required=("gap",)),
    }  # fmt: skip
    return {
        **_object("When it speaks.", fields, required=("zone",)),
        "oneOf": [{"required": [name]} for name in cadences],
    }


def _utm() -> Schema:
    rule = TEXT | _said("May hold {campaign} {channel} {account} {locale} {item} {project}.")
    return _object(
        "How links are marked; campaigner itself sets utm_content.",
        dict.fromkeys(("source", "medium", "campaign", "term"), rule),
    )


def _every(most: int) -> Schema:
    return {
        "type": "integer",
        "minimum": 1,
        "maximum": most,
        "description": "Every how manieth. Default: 1.",
    }


def _localized(value: Schema) -> Schema:
    """A value for every language, or one per language."""
    per_locale = {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {LOCALE_OR_ALL: value},
        "additionalProperties": False,
    }
    return {"anyOf": [value, per_locale]}


def _few(value: Schema, description: str) -> Schema:
    """One, or a list."""
    return {
        "description": description,
        "anyOf": [value, {"type": "array", "minItems": 1, "items": value}],
    }


def _object(
    description: str, fields: Mapping[str, Schema], *, required: Collection[str] = ()
) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": dict(fields),
        "required": list(required),
        "additionalProperties": False,
    }


def _words(words: Any, description: str) -> Schema:
    return {"enum": [str(word) for word in words], "description": description}


def _locale(description: str) -> Schema:
    return {
        "type": "string",
        "pattern": LOCALE,
        "description": description,
        "examples": ["en", "es", "pt_BR", "fr"],
    }


def _said(description: str, example: str = "") -> Schema:
    return {"description": description} | ({"examples": [example]} if example else {})


def _of_account(account: AccountSettings) -> str:
    return f"{account.channel}, in {', '.join(account.locales)}"


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "campaign": campaign_schema,
    "partners": partners_schema,
    "library": library_schema,
    "glossary": glossary_schema,
}
