"""The JSON Schema of campaign files, so that an editor completes them and marks what is wrong.

It says what a file may look like. What depends on other things (pictures, lengths, dates that
do not suffice) only `campaigner check` sees. A test holds its keys to those the loaders know.
"""

from collections.abc import Callable, Collection, Mapping

from campaigner.core.campaign import ANY, Approval, Missing, Then
from campaigner.core.links import DEFAULTS, FIELDS
from campaigner.core.strategy import Strategy
from campaigner.loading import schema_editions as editions
from campaigner.loading.cadences import MOST_DAYS, MOST_MONTHS, MOST_WEEKS
from campaigner.loading.items import CHANNELS, MOST_ORDER
from campaigner.loading.schema_parts import (
    DAY,
    DIALECT,
    DURATION,
    ID,
    LINK,
    LOCALE,
    MOMENT,
    NAME,
    TEXT,
    TIME,
    Schema,
    by_name,
    few,
    locale,
    localized,
    mapping,
    one_of,
    said,
)
from campaigner.loading.times import WEEKDAYS
from campaigner.settings import AccountSettings


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
        "id": ID | said("The file's name, without .yaml."),
        "title": TEXT | said("What people call it."),
        "owner": TEXT | said("Who answers for it."),
        "projects": few(projects, "What it serves: projects of the strategy."),
        "accounts": few(named, "Where it speaks: names from campaigner.toml."),
        "source_locale": locale("The language in which this file is written."),
        "locales": few(locale("A language."), "The languages to publish in."),
        "schedule": _schedule(),
        "not_after": DURATION
        | said(
            "How late a message may still go out. Default: 1 day; an edition: 2 days.", "3 days"
        ),
        "missing_translation": one_of(
            Missing, "What becomes of a message whose translation is missing. Default: hold."
        ),
        "approval": one_of(
            Approval, "Who may approve: somebody else than who queued it, or anybody."
        ),
        "template": TEXT | said("The layout of a post, in templates/.", "social/post.txt"),
        "embargo_until": MOMENT
        | said("Nothing of it is public before; in the schedule's zone.", "2026-12-01 10:00"),
        "utm": _utm(),
        "variables": {
            "type": "object",
            "description": "What {{ name }} stands for in the texts.",
            "propertyNames": {"pattern": NAME},
            "additionalProperties": localized(TEXT),
        },
        "items": {
            "type": "array",
            "minItems": 1,
            "items": _item(),
            "description": "What it says, in order: each item takes one date.",
        },
        "digest": editions.digest(),
        "newsletter": editions.newsletter(),
        "topics": few(ID, "Readers who chose one of these topics, or none, get its editions."),
        "audience": editions.audience(),
    }
    required = ("id", "title", "owner", "projects", "accounts", "source_locale", "locales")
    return {
        "$schema": DIALECT,
        "title": "A campaign of campaigner",
        **mapping("A campaign: what to say, where, when and in which languages.", fields,
                  required=(*required, "schedule")),
        "oneOf": [
            _just("digest", without=("items", "newsletter")),
            _just("newsletter", without=("digest",)),
            _just("items", without=("digest", "newsletter", "topics", "audience")),
        ],
    }  # fmt: skip


def partners_schema() -> Schema:
    """Return the schema of `campaigns/data/partners.yaml`."""
    handles = {name: TEXT | said(f"Its handle on {name}, with @.") for name in CHANNELS}
    partner = mapping(
        "Somebody whom texts name, as {{ partner.ID }}.",
        {"name": localized(TEXT) | said("The plain name, where it has no handle."), **handles},
        required=("name",),
    )
    return by_name("The partners of campaigner's campaigns", partner)


def library_schema() -> Schema:
    """Return the schema of `campaigns/data/library.yaml`."""
    fields = {
        "source_locale": locale("The language in which its texts are written."),
        "texts": by_name("Texts, used as {{ library.NAME }}.", localized(TEXT)),
        "hashtags": by_name("Hashtags, used as library.NAME.", localized(TEXT)),
    }
    return {
        "$schema": DIALECT,
        "title": "The content library of campaigner's campaigns",
        **mapping("Texts and hashtags that every campaign may use.", fields),
        "dependentRequired": {"texts": ["source_locale"]},
    }


def glossary_schema() -> Schema:
    """Return the schema of `campaigns/data/glossary.yaml`."""
    words = {
        "term": few(TEXT, "The term; of several, each is right."),
        "source": TEXT | said("Who says so: it makes the term official."),
        "note": TEXT | said("For translators."),
    }
    detailed = mapping("A term with its source.", words, required=("term",))
    return {
        "$schema": DIALECT,
        "title": "The glossary of campaigner's translators",
        "type": "array",
        "items": {
            "type": "object",
            "description": "One term, in each language.",
            "patternProperties": {LOCALE: {"anyOf": [few(TEXT, "The term."), detailed]}},
            "additionalProperties": False,
            "minProperties": 2,
        },
    }


def _just(name: str, *, without: Collection[str]) -> Schema:
    return {"required": [name], "properties": dict.fromkeys(without, False)}


def _item() -> Schema:
    pictures: Schema = TEXT | said("A picture, named from campaigns/.", "media/phishing.png")
    fields = {
        "id": ID | said("Its name; messages already queued belong to it."),
        "text": _by_channel(),
        "title": TEXT | said("What it will be about, while there is no text yet."),
        "owner": TEXT | said("Who writes it."),
        "due": DAY | said("Until when its text is to be written.", "2026-11-20"),
        "embargo_until": MOMENT | said("Nothing of it is public before.", "2026-12-01 10:00"),
        "source_locale": locale("The language in which this item is written."),
        "link": localized(LINK) | said("Where it leads.", "https://www.icann.org/"),
        "hashtags": localized(few(TEXT, "Hashtags, without #."))
        | said("Hashtags, without #; library.NAME takes one from the library."),
        "media": localized(few(pictures, "Pictures.")) | said("Up to four pictures."),
        "alt": localized(few(TEXT, "Words."))
        | said("What the pictures show, in words, in their order."),
        "story": editions.story(most_order=MOST_ORDER),
    }
    return {
        **mapping("One thing that the campaign says.", fields, required=("id",)),
        "anyOf": [{"required": ["text"]}, {"required": ["title"]}, {"required": ["story"]}],
        "dependentRequired": {"media": ["alt"]},
    }


def _by_channel() -> Schema:
    by_channel = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            name: localized(TEXT) | said(f"What it says on {name}.") for name in CHANNELS
        }
        | {ANY: localized(TEXT) | said("What it says everywhere else.")},
    }
    return {
        "description": "One text; or per channel; or per language; or per channel and language.",
        "anyOf": [localized(TEXT), by_channel],
    }


def _schedule() -> Schema:
    times = few(TIME, "A time of day, or several.") | {"examples": ["10:00"]}
    weekdays = few({"enum": list(WEEKDAYS)}, "A day of the week, or several.")
    cadences = {
        "daily": mapping("Every day, or every few days.", {"every": _every(MOST_DAYS), "at": times},
                         required=("at",)),
        "weekly": mapping("On days of the week.",
                          {"on": weekdays, "at": times, "every": _every(MOST_WEEKS)},
                          required=("on", "at")),
        "monthly": {
            **mapping("On a day of the month, or on its second Tuesday.", {
                "day": {"enum": [*range(1, 32), "last"], "description": "A day of the month."},
                "nth": {"enum": [1, 2, 3, 4, 5, "last"], "description": "Which of the weekdays."},
                "on": {"enum": list(WEEKDAYS), "description": "The weekday for `nth`."},
                "at": times,
                "every": _every(MOST_MONTHS),
            }, required=("at",)),
            "oneOf": [{"required": ["day"]}, {"required": ["nth", "on"]}],
        },
        "dates": {"type": "array", "minItems": 1, "items": MOMENT, "description": "Just these.",
                  "examples": [["2026-12-01 10:00"]]},
        "event": mapping("Before and after an event.", {
            "name": TEXT | said("What it is called."),
            "at": MOMENT | said("When it begins.", "2026-10-24 09:00"),
            "when": few({"type": "string"}, "How long before or after it.")
            | {"examples": [["14 days before", "1 hour before", "2 days after"]]},
        }, required=("at", "when")),
        "slots": {"const": "account",
                  "description": "The next free slot of each account (campaigner.toml)."},
    }  # fmt: skip
    fields = {
        "zone": {"type": "string", "description": "An IANA zone: all times are its wall-clock.",
                 "examples": ["America/Montevideo"]},
        "start": DAY | said("The first day, inclusive.", "2026-12-01"),
        "end": DAY | said("The last day, inclusive.", "2027-03-31"),
        **cadences,
        "holidays": mapping("What to do with public holidays.", {
            "countries": few({"type": "string", "pattern": "^[A-Z]{2}$"}, "Countries, like UY."),
            "then": one_of(Then, "Move to the next day, back to the day before, or skip."),
        }, required=("countries",)),
        "quiet": mapping("When nothing goes out.", {
            "from": TIME | said("It begins.", "22:00"),
            "to": TIME | said("It ends; before `from`: on the next day.", "07:00"),
            "on": weekdays,
            "then": {"enum": [str(Then.MOVE), str(Then.SKIP)],
                     "description": "Move to its end, or skip. Default: move."},
        }) | {"dependentRequired": {"from": ["to"], "to": ["from"]}},
        "rotation": mapping("Say the items again and again.", {
            "gap": DURATION | said("How long an item rests at least.", "30 days"),
            "times": {"type": "integer", "minimum": 1,
                      "description": "How often each is said at most."},
        }, required=("gap",)),
    }  # fmt: skip
    return {
        **mapping("When it speaks.", fields, required=("zone",)),
        "oneOf": [{"required": [name]} for name in cadences],
    }


def _utm() -> Schema:
    rule = TEXT | said(f"May hold {' '.join(f'{{{field}}}' for field in FIELDS)}.")
    return mapping(
        "How links are marked; campaigner itself sets utm_content.",
        dict.fromkeys(DEFAULTS, rule),
    )


def _every(most: int) -> Schema:
    return {
        "type": "integer",
        "minimum": 1,
        "maximum": most,
        "description": "Every how manieth. Default: 1.",
    }


def _of_account(account: AccountSettings) -> str:
    return f"{account.channel}, in {', '.join(account.locales)}"


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "campaign": campaign_schema,
    "partners": partners_schema,
    "library": library_schema,
    "glossary": glossary_schema,
}
