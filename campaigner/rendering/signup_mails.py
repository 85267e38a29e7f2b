"""The mails that answer a public form, in the language that the reader asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from campaigner.core.locales import bcp47
from campaigner.core.signup import VALID, Answer
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.environment import TemplateEnvironment, Voice, render
from campaigner.rendering.languages import language_for
from campaigner.settings import AccountSettings

FOLDER = "mail/signup"


@dataclass(frozen=True, kw_only=True)
class RenderedLetter:
    """`language` is BCP 47: that of our own words, the nearest to the reader's."""

    subject: str
    text: str
    html: str
    language: str


def render_letter(
    answer: Answer,
    *,
    link: str,
    address: str,
    sender: AccountSettings,
    locale: str,
    catalogs: Catalogs,
    environment: TemplateEnvironment,
) -> RenderedLetter:
    """Write the mail of `answer` to `address`; `link` is where its one button leads.

    A string of ours without a translation stays English. Raises FaultyTemplateError.
    """
    language = language_for([locale])
    _, own = parseaddr(sender.sender)
    variables: Mapping[str, Any] = {
        "list": sender.title,
        "link": link,
        "address": address,
        "days": VALID.days,
        "postal_address": sender.postal_address,
        "contact": parseaddr(sender.reply_to)[1] or own,
    }
    translator = catalogs.translations(TEMPLATES, language)
    voice = Voice(locale=language, zone="UTC", translator=translator)
    subject, text, html = (
        render(environment, f"{FOLDER}/{answer.value}{kind}", variables, voice=voice)
        for kind in ("_subject.txt", ".txt", ".html")
    )
    return RenderedLetter(
        subject=" ".join(subject.split()), text=text, html=html, language=bcp47(language)
    )
