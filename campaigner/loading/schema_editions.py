"""The JSON Schema of what campaigns of editions say, and to whom: digest, newsletter, audience."""

from campaigner.core.campaign import ANY
from campaigner.loading.newsletters import MOST_STORIES, PREVIOUS
from campaigner.loading.schema_parts import (
    DURATION,
    ID,
    TEXT,
    Schema,
    few,
    localized,
    mapping,
    said,
)

COMPOSED = DURATION | said("How long before its date. Default: 2 days.", "2 days")


def digest() -> Schema:
    fields = {
        "subject": localized(TEXT) | said("The subject of its mails."),
        "introduction": localized(TEXT) | said("How each edition begins."),
        "compose_before": COMPOSED,
    }
    return mapping(
        "An edition a date, made of the policy processes.",
        fields,
        required=("subject", "introduction"),
    )


def newsletter() -> Schema:
    fields = {
        "subject": localized(TEXT) | said("The subject of its mails."),
        "introduction": localized(TEXT) | said("How each edition begins."),
        "note": mapping(
            "What the editor says to the readers.",
            {
                "text": localized(TEXT) | said("The note, in Markdown."),
                "by": localized(TEXT) | said("Whose note it is; never translated."),
            },
            required=("text", "by"),
        ),
        "compose_before": COMPOSED,
        "stories": mapping(
            "Which stories of other campaigns it tells, once they are out or queued.",
            {
                "from": {
                    "description": "Campaigns, or all.",
                    "anyOf": [{"const": ANY}, few(ID, "Campaigns.")],
                },
                "since": {
                    "description": f"How far it looks back. Default: {PREVIOUS}.",
                    "anyOf": [{"const": PREVIOUS}, DURATION],
                },
                "at_most": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_STORIES,
                    "description": "How many stories an edition tells at most. Default: 6.",
                },
            },
            required=("from",),
        ),
    }
    return mapping(
        "An edition a date, made of stories: of other campaigns, and its own items'.",
        fields,
        required=("subject",),
    )


def story(*, most_order: int) -> Schema:
    return mapping(
        "What it tells in a newsletter.",
        {
            "headline": localized(TEXT) | said("Its headline."),
            "body": localized(TEXT) | said("Its text, in Markdown."),
            "by": localized(TEXT) | said("Who wrote it; never translated."),
            "order": {
                "type": "integer",
                "minimum": 1,
                "maximum": most_order,
                "description": "Its place among the stories of an edition.",
            },
        },
        required=("headline", "body"),
    )


def audience() -> Schema:
    sample = {
        "description": "To how many it goes first: a part of the readers, or a number.",
        "examples": ["5%"],
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,2})? ?%$"},
        ],
    }
    return mapping(
        "Which readers of the list get an edition, and when.",
        {
            "segment": TEXT | said("A rule over subscribers, or a named one.", "country = BR"),
            "local": {
                "type": "boolean",
                "description": "At the same time on each reader's own clock.",
            },
            "sample": sample,
        },
    )
