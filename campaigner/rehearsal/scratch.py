"""A scratch copy of a workspace, opened: nothing in it leads anywhere but to one sandbox."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from campaigner.app import App
from campaigner.core.campaign import Campaign
from campaigner.errors import UserError
from campaigner.settings import AlertSettings, SandboxSettings, Settings

AUTHOR = "author"


def scratch_settings(settings: Settings, folder: Path, ports: SandboxSettings) -> Settings:
    """Return the settings of a scratch copy: its own database, and nothing beyond the sandbox.

    No account has a live address any more, so that none of them can be the
    one at which a secret would be looked up; and nobody is told of anything.
    """
    accounts = {
        name: account.model_copy(update={"live": ""}) for name, account in settings.accounts.items()
    }
    return settings.model_copy(
        update={
            "workspace": folder,
            "strategy": _strategy(settings, folder),
            "database": f"sqlite:///{folder / 'state' / 'campaigner.db'}",
            "state_dir": folder / "state" / "user",
            "accounts": accounts,
            "sandbox": ports,
            "alerts": AlertSettings(),
            "loopback_only": True,
            "failpoints": "",
            "failpoint_marks": None,
            "user": AUTHOR,
        }
    )


def _strategy(settings: Settings, folder: Path) -> str:
    """Return the strategy of the copy, or where it is if it lies elsewhere: it is only read."""
    name = settings.strategy
    return name if not name or (folder / name).is_file() else str(settings.workspace / name)


class RehearsedApp(App):
    """A scratch copy of a workspace, with one campaign, in some of its languages.

    `others` are the campaigns whose stories it tells, if it is a newsletter.
    """

    def __init__(
        self,
        settings: Settings,
        file: Path,
        *,
        locales: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(settings, clock=clock)
        self._locales = frozenset(locales)
        self.campaign = self._chosen(self.load_campaign(file))
        self.others = self._others(self.campaign)

    def readable_campaigns(self) -> list[Campaign]:
        return [self.campaign, *self.others]

    def _chosen(self, campaign: Campaign) -> Campaign:
        chosen = tuple(name for name in campaign.locales if name in self._locales)
        if self._locales - set(chosen):
            raise UserError(
                f"{campaign.id} is not in {', '.join(sorted(self._locales - set(chosen)))}. "
                f"Choose among {', '.join(campaign.locales)}"
            )
        return replace(campaign, locales=chosen or campaign.locales)

    def _others(self, campaign: Campaign) -> list[Campaign]:
        sources = campaign.newsletter.sources if campaign.newsletter else None
        if sources is None:
            return []
        return [
            other
            for other in super().readable_campaigns()
            if other.id != campaign.id and not other.has_editions
            if sources.campaigns is None or other.id in sources.campaigns
        ]
