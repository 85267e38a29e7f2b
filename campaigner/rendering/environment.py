"""The templates: Jinja2, sandboxed and bounded, speaking a reader's language.

A template never raises anything but FaultyTemplateError, which says where and what
to do. `_()`, ngettext and `{% trans %}` come from the catalogs; the filters of
`formats` write dates, numbers and names as the reader's locale does.
"""

import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel import Locale
from jinja2 import (
    BytecodeCache,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    pass_context,
    pass_environment,
    select_autoescape,
)
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context

from campaigner.core.locales import bcp47
from campaigner.core.spelling import did_you_mean, listed
from campaigner.errors import UserError
from campaigner.rendering import formats
from campaigner.rendering.bounds import MOST_STEPS, BoundedEnvironment
from campaigner.rendering.catalogs import Translator
from campaigner.rendering.placeholders import stray_percent


class FaultyTemplateError(UserError):
    """A template cannot be used as it is. `line` counts from 1; 0: none in particular."""

    def __init__(self, template: str, line: int, found: str, fix: str) -> None:
        self.template = template
        self.line = line
        self.found = found.rstrip(".")
        self.fix = fix
        super().__init__(f"templates/{template}{f':{line}' if line else ''}: {self.found}. {fix}")


@dataclass(frozen=True, kw_only=True)
class Voice:
    """In which language and zone a template speaks, and out of which catalogs.

    Make a new translator for each rendering whose untranslated strings matter.
    """

    locale: str
    zone: str
    translator: Translator


class TemplateEnvironment(BoundedEnvironment):
    """Jinja's environment with our folders, filters and `_()`. Make it with `build_environment`."""

    folders: tuple[Path, ...] = ()
    voice: Voice | None = None


def build_environment(template_folders: Sequence[Path]) -> TemplateEnvironment:
    """Return the environment; of two templates with one name the first folder's wins.

    HTML is escaped, text is not. One environment may be used by many threads.
    """
    environment = TemplateEnvironment(
        loader=FileSystemLoader([str(folder) for folder in template_folders]),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
        bytecode_cache=_InMemory(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.folders = tuple(template_folders)
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        _gettext, _ngettext, newstyle=True, pgettext=_pgettext, npgettext=_npgettext
    )
    environment.filters.update({name: _in_voice(name) for name in formats.FILTERS})
    return environment


def render(
    environment: TemplateEnvironment, name: str, variables: Mapping[str, Any], *, voice: Voice
) -> str:
    """Render one template. `lang` (BCP 47), `dir` and `locale` are always there.

    Raises FaultyTemplateError for a missing or faulty template and for an unknown variable.
    """
    # An environment of its own: imports are evaluated in this voice, and steps are its own.
    own = environment.overlay()
    own.voice = voice
    own.steps_left = MOST_STEPS
    known = {
        "locale": voice.locale,
        "lang": bcp47(voice.locale),
        "dir": Locale.parse(formats.display_locale(voice.locale)).text_direction,
        **variables,
    }
    try:
        return own.get_template(name).render(known)
    except TemplateNotFound as error:
        raise _not_found(own, name, error) from None
    except TemplateSyntaxError as error:
        found = f"this is not a template that can be read: {error.message}"
        fault = FaultyTemplateError(error.name or name, error.lineno, found, "Correct this line.")
        raise fault from None
    except (
        TemplateError,
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        SyntaxError,
        TypeError,
        ValueError,
    ) as error:
        place, line = _place(own, error)
        raise FaultyTemplateError(place or name, line, *_explain(error, known)) from None


def template_exists(environment: TemplateEnvironment, name: str) -> bool:
    """Whether a template of that name is in one of the folders."""
    try:
        environment.overlay().get_template(name)
    except TemplateNotFound:
        return False
    except (TemplateError, RecursionError, SyntaxError, ValueError):
        return True  # it is there, and faulty: rendering says how
    return True


def _explain(error: BaseException, known: Mapping[str, Any]) -> tuple[str, str]:
    match error:
        case UndefinedError() if found := re.fullmatch(r"'(\w+)' is undefined", str(error)):
            otherwise = f"Known are {listed(sorted(known))}."
            fix = did_you_mean(found[1], known.keys(), otherwise=otherwise)
            return f"'{found[1]}' is not known here", fix
        case SecurityError():
            return f"this is not allowed: {error}", "Write it more simply."
        case RecursionError() | MemoryError():
            return "it is nested too deeply, or uses itself", "Write it more simply."
        case _:
            return f"it cannot be carried out: {error}", "Correct this line."


def _place(environment: TemplateEnvironment, error: BaseException) -> tuple[str, int]:
    """Return template and line of the innermost frame that is a template's; ("", 0) if none is."""
    for frame in reversed(traceback.extract_tb(error.__traceback__, limit=-200)):
        for folder in environment.folders:
            path = Path(frame.filename)
            if path.is_relative_to(folder):
                return path.relative_to(folder).as_posix(), frame.lineno or 0
    return "", 0


def _not_found(
    environment: TemplateEnvironment, name: str, error: TemplateNotFound
) -> FaultyTemplateError:
    missing = str(error.name or name)
    fix = did_you_mean(
        missing, environment.list_templates(), otherwise="Put it into the folder templates/."
    )
    found = (
        "there is no such template" if missing == name else f"it uses '{missing}', which is missing"
    )
    return FaultyTemplateError(name, 0, found, fix)


def _translator(environment: TemplateEnvironment) -> Translator:
    assert environment.voice is not None, "templates are rendered by render() alone"
    return environment.voice.translator


def _clean(source: str) -> str:
    if stray_percent(source):
        raise ValueError(f"in the string '{source}' a % that stands for itself is written %%")
    return source


@pass_environment
def _gettext(environment: TemplateEnvironment, message: str) -> str:
    return _translator(environment).gettext(_clean(message))


@pass_environment
def _ngettext(environment: TemplateEnvironment, one: str, many: str, number: int) -> str:
    return _translator(environment).ngettext(_clean(one), _clean(many), number)


@pass_environment
def _pgettext(environment: TemplateEnvironment, context: str, message: str) -> str:
    return _translator(environment).pgettext(context, _clean(message))


@pass_environment
def _npgettext(
    environment: TemplateEnvironment, context: str, one: str, many: str, number: int
) -> str:
    return _translator(environment).npgettext(context, _clean(one), _clean(many), number)


def _in_voice(name: str) -> Any:
    """Return a filter that formats in the voice of the template it is used in."""
    apply = formats.FILTERS[name]

    # Passing the context keeps Jinja from working a filter out while it compiles,
    # in the language of whoever came first.
    @pass_context
    def in_voice(context: Context, value: Any, *args: Any, **kwargs: Any) -> str:
        voice = context.environment.voice  # type: ignore[attr-defined]
        return apply(value, *args, locale=voice.locale, zone=voice.zone, **kwargs)

    return in_voice


class _InMemory(BytecodeCache):
    """Compiled templates, kept while the process lives, until their source changes."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = (bucket.checksum, bucket.code)
