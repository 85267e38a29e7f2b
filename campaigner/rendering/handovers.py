"""The mail that asks people to publish a post: what to copy, where, and how to say it is out."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale

from campaigner.core.locales import normalize
from campaigner.core.message import Outgoing
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.environment import TemplateEnvironment, Voice, render
from campaigner.rendering.formats import display_locale

COMMAND = "campaigner outbox done {number} ADDRESS"


@dataclass(frozen=True, kw_only=True)
class ShownPicture:
    """A picture of the mail; `cid` names it in the HTML."""

    name: str
    alt: str
    cid: str


@dataclass(frozen=True, kw_only=True)
class RenderedHandover:
    """`text_file` is the name under which the post's text is attached, as it is."""

    subject: str
    text: str
    html: str
    text_file: str
    pictures: tuple[ShownPicture, ...]


def render_handover(
    post: Outgoing,
    *,
    place: str,
    people: Sequence[str],
    language: str,
    catalogs: Catalogs,
    environment: TemplateEnvironment,
) -> RenderedHandover:
    """Ask `people`, in the locale `language`, to publish `post` at `place`.

    The post keeps its own language, and its text every character. A string of
    ours without a translation stays English: it is for our own people. Raises
    FaultyTemplateError, and ValueError for a post of which we do not know where it stands.
    """
    if post.origin is None:
        raise ValueError("a post by hand needs its number in the outbox")
    origin = post.origin
    pictures = tuple(
        ShownPicture(name=picture.name, alt=picture.alt, cid=f"picture-{number}")
        for number, picture in enumerate(post.media, start=1)
    )
    locale_of_post = normalize(post.language)
    text_file = f"{origin.item}.{post.language}.txt"
    variables = {
        "place": place,
        "people": tuple(people),
        "number": origin.delivery,
        "campaign": origin.campaign,
        "item": origin.item,
        "not_after": origin.not_after,
        "again": post.attempt > 1,
        "reply_to": post.reply_to,
        "text": post.text,
        "link": post.link,
        "lines": tuple(post.text.split("\n")),
        "text_file": text_file,
        "pictures": pictures,
        "command": COMMAND.format(number=origin.delivery),
        "locale_of_post": locale_of_post,
        "lang_of_post": post.language,
        "dir_of_post": Locale.parse(display_locale(locale_of_post)).text_direction,
    }
    translator = catalogs.translations(TEMPLATES, language)
    voice = Voice(locale=language, zone=origin.zone, translator=translator)
    subject, text, html = (
        render(environment, f"mail/{name}", variables, voice=voice)
        for name in ("handover_subject.txt", "handover.txt", "handover.html")
    )
    return RenderedHandover(
        subject=subject.strip(), text=text, html=html, text_file=text_file, pictures=pictures
    )
