"""Campaign files: `campaigns/*.yaml` → `core.campaign.Campaign`, or every problem with its line.

A fault never hides another: what cannot be read is left empty, the rest is
read on, and all is raised in the end. What needs a template or a catalog to
be known (lengths, untranslated strings, the template itself) is not checked here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar
from zoneinfo import ZoneInfo

from campaigner.core.campaign import (
    Approval,
    Audience,
    Campaign,
    Digest,
    Item,
    Missing,
    Newsletter,
    Partner,
    Schedule,
)
from campaigner.core.placeholders import PARTNER
from campaigner.core.segments import ANYTHING, Vocabulary
from campaigner.core.spelling import counted, listed
from campaigner.core.strategy import Strategy
from campaigner.loading import shapes
from campaigner.loading.audiences import read_audience
from campaigner.loading.items import ID, ItemReader, read_embargo, read_id
from campaigner.loading.kinds import check_channels, check_content, check_readers, has_editions
from campaigner.loading.library import Library
from campaigner.loading.links import read_rules
from campaigner.loading.newsletters import read_digest, read_newsletter
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.schedules import (
    check_slots,
    count_dates,
    read_schedule,
)
from campaigner.loading.times import read_duration
from campaigner.loading.wordings import (
    Languages,
    Wordings,
    read_locale,
    read_variables,
    variable_names,
)
from campaigner.loading.yaml import MapNode, Node, ScalarNode, read_yaml
from campaigner.settings import AccountSettings

REQUIRED = ("id", "title", "owner", "projects", "accounts", "source_locale", "locales", "schedule")
KNOWN = (
    *REQUIRED, "not_after", "missing_translation", "approval", "template", "variables", "items",
    "digest", "newsletter", "topics", "audience", "embargo_until", "utm",
)  # fmt: skip
LATE_ITEM = timedelta(days=1)
LATE_EDITION = timedelta(days=2)
TEMPLATE = "social/post.txt"

Word = TypeVar("Word", bound=StrEnum)


def load_campaign(
    path: Path,
    *,
    strategy: Strategy,
    accounts: Mapping[str, AccountSettings],
    partners: Mapping[str, Partner] | None = None,
    library: Library | None = None,
    utm: Mapping[str, str] | None = None,
    vocabulary: Vocabulary = ANYTHING,
) -> Campaign:
    """Read and check one campaign file. Pictures are looked for beside it, and other campaigns.

    `partners`, `library`, `utm` and `vocabulary` (what a segment may name)
    are the workspace's own; the campaign's rules for links win over `utm`.

    Raises FileError with all problems: what is wrong, and what to do, by line.
    """
    problems = Problems(path)
    root = read_yaml(path, problems)
    fields = shapes.fields(problems, root, "the campaign", known=KNOWN, required=REQUIRED)
    if not isinstance(root, MapNode):
        problems.raise_any()
    reader = _Reader(
        problems=problems,
        fields=fields,
        root=root,
        strategy=strategy,
        accounts=accounts,
        partners=partners or {},
        library=library or Library(),
        utm=utm or {},
        vocabulary=vocabulary,
    )
    campaign = reader.campaign()
    problems.raise_any()
    if campaign is None:  # only if a part is missing without having been told
        raise AssertionError(f"{path} has no problem and no campaign")
    return campaign


@dataclass(frozen=True, kw_only=True)
class _Reader:
    problems: Problems
    fields: Mapping[str, Node]
    root: Node
    strategy: Strategy
    accounts: Mapping[str, AccountSettings]
    partners: Mapping[str, Partner]
    library: Library
    utm: Mapping[str, str]
    vocabulary: Vocabulary

    def campaign(self) -> Campaign | None:
        """Read every field, whatever the others are; None if there is no schedule to put in."""
        id = self._id()
        source = read_locale(self.problems, self._scalar("source_locale")) or ""
        locales = self._locales()
        named = self._unique("accounts")
        accounts = self._accounts(named, locales)
        variables = self.fields.get("variables")
        languages = Languages(source=source, all=tuple(locales))
        partners = frozenset(PARTNER + partner for partner in self.partners)
        constant = Wordings(
            problems=self.problems, languages=languages, names=partners, constant=True
        )
        names = partners | self.library.names | variable_names(variables)
        wordings = replace(constant, names=names, constant=False)
        schedule = read_schedule(
            self.problems, self.fields.get("schedule"), has_editions=has_editions(self.fields)
        )
        # Without a zone that is told; what is wrong with an embargo is told too.
        zone = schedule.zone if schedule else ZoneInfo("UTC")
        check_content(self.problems, self.root, self.fields)
        items, digest, newsletter = self._content(wordings, constant, id, accounts, zone)
        check_channels(self.problems, self.fields, named, accounts)
        audience = Audience()
        if check_readers(self.problems, self.fields):
            audience = read_audience(self.problems, self.fields, self.vocabulary)
        self._check_dates(schedule, items)
        check_slots(self.problems, self.fields.get("schedule"), schedule, accounts)
        late = read_duration(self.problems, self.fields.get("not_after"), "not_after")
        build = partial(
            Campaign,
            id=id,
            title=self._text("title"),
            owner=self._text("owner"),
            projects=self._projects(),
            accounts=tuple(accounts),
            locales=tuple(locales),
            source_locale=source,
            template=self._template(),
            variables={
                **read_variables(constant, variables, campaign=id),
                **self.library.used(wordings.asked),
            },
            partners=self.partners,
            utm={**self.utm, **read_rules(self.problems, self.fields.get("utm"))},
            embargo_until=read_embargo(self.problems, self.fields, zone),
            items=items,
            digest=digest,
            newsletter=newsletter,
            audience=audience,
            not_after=late or (LATE_EDITION if has_editions(self.fields) else LATE_ITEM),
            missing=self._word("missing_translation", Missing) or Missing.HOLD,
            approval=self._word("approval", Approval) or Approval.FOUR_EYES,
        )
        return None if schedule is None else build(schedule=schedule)

    def _check_dates(self, schedule: Schedule | None, items: Sequence[Item]) -> None:
        if has_editions(self.fields) or schedule is None:
            return
        if (dates := count_dates(schedule)) is None or dates >= len(items):
            return
        found = f"the schedule has {counted(dates, 'date')} for {counted(len(items), 'item')}"
        fix = "Add dates, or take items out: each item needs one of its own."
        self.problems.add(self.fields["schedule"].line, found, fix)

    def _scalar(self, name: str) -> ScalarNode | None:
        return shapes.text(self.problems, self.fields.get(name), name)

    def _text(self, name: str) -> str:
        value = self._scalar(name)
        return value.text if value else ""

    def _word(self, name: str, words: type[Word]) -> Word | None:
        return shapes.word(self.problems, self.fields.get(name), name, words)

    def _id(self) -> str:
        id = read_id(self.problems, self.fields.get("id"))
        stem = self.problems.path.stem
        if id is not None and ID.fullmatch(id.text) and id.text != stem:
            found = f"the id {quoted(id.text)} is not the name of the file"
            fix = f"Write `id: {stem}`, or name the file {id.text}.yaml."
            self.problems.add(id.line, found, fix)
        return id.text if id else ""

    def _unique(self, name: str) -> dict[str, ScalarNode]:
        """Return the texts of a list, in order; one that comes twice is told."""
        out: dict[str, ScalarNode] = {}
        for value in shapes.texts(self.problems, self.fields.get(name), name):
            if value.text in out:
                found = f"{quoted(value.text)} is named twice in `{name}`"
                self.problems.add(value.line, found, "Keep one.")
            else:
                out[value.text] = value
        return out

    def _projects(self) -> tuple[str, ...]:
        projects = self._unique("projects")
        for value in projects.values():
            entry = self.strategy.find(value.text)
            if entry is not None and value.text not in self.strategy.paths:
                under = [project.id for project in self.strategy.projects_under(value.text)]
                found = (
                    f"{quoted(value.text)} is not a project but a part of the strategy above them"
                )
                self.problems.add(value.line, found, f"Name projects of it: {listed(under)}.")
                continue
            shapes.one_of(
                self.problems, value, "project", self.strategy.paths.keys(), where="in the strategy"
            )
        return tuple(projects)

    def _locales(self) -> dict[str, ScalarNode]:
        """Return the locales; none if one cannot be read: nothing is then checked against them."""
        out: dict[str, ScalarNode] = {}
        written = list(self._unique("locales").values())
        read = [read_locale(self.problems, value) for value in written]
        for locale, value in zip(read, written, strict=True):
            if locale in out:
                found = f"{quoted(value.text)} names {locale} for the second time"
                self.problems.add(value.line, found, "Keep one of the two.")
            elif locale is not None:
                out[locale] = value
        return {} if None in read else out

    def _accounts(
        self, named: Mapping[str, ScalarNode], locales: Mapping[str, ScalarNode]
    ) -> dict[str, AccountSettings]:
        """Return the accounts that exist. Each must serve a locale, and each locale be served."""
        out: dict[str, AccountSettings] = {}
        for name, value in named.items():
            if not shapes.one_of(
                self.problems, value, "account", self.accounts.keys(), where="in campaigner.toml"
            ):
                continue
            out[name] = self.accounts[name]
            if locales and locales.keys().isdisjoint(out[name].locales):
                served = listed(out[name].locales)
                found = f"account {quoted(name)} serves {served}, none of this campaign's locales"
                fix = "Remove it, or add one of its locales to `locales`."
                self.problems.add(value.line, found, fix)
        served_by_any = {locale for account in out.values() for locale in account.locales}
        for locale, value in locales.items():
            # Where an account could not be read, it may have been the one for this locale.
            if len(out) == len(named) and out and locale not in served_by_any:
                found = f"no account of this campaign serves {locale}"
                fix = "Add an account that does, or remove the locale."
                self.problems.add(value.line, found, fix)
        return out

    def _content(
        self,
        wordings: Wordings,
        constant: Wordings,
        id: str,
        accounts: Mapping[str, AccountSettings],
        zone: ZoneInfo,
    ) -> tuple[tuple[Item, ...], Digest | None, Newsletter | None]:
        """Return the items, the digest, or the newsletter with the items that are its stories."""
        items, folder = self.fields.get("items"), self.problems.path.parent
        reader = ItemReader(
            wordings=wordings,
            names=constant,
            campaign=id,
            channels=frozenset(account.channel for account in accounts.values()),
            folder=folder,
            zone=zone,
            shared=self.library.hashtags,
            posts="newsletter" not in self.fields,
        )
        newsletter = self.fields.get("newsletter")
        return (
            reader.items(items) if items is not None else (),
            read_digest(wordings, self.fields.get("digest"), campaign=id),
            read_newsletter(wordings, constant, newsletter, campaign=id, folder=folder),
        )

    def _template(self) -> str:
        value = self._scalar("template")
        if value is None:
            return TEMPLATE
        path = PurePosixPath(value.text)
        if path.is_absolute() or ".." in path.parts or "\\" in value.text:
            fix = f"Name a file in a folder of templates/, like {TEMPLATE}."
            self.problems.add(value.line, f"{quoted(value.text)} is no template's name", fix)
        return value.text
