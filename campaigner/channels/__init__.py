"""The networks, one file each. A class is loaded only when an account needs it."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from campaigner.core.channel import Channel, Relay
from campaigner.errors import UserError

CHANNELS: Mapping[str, str] = {
    "x": "campaigner.channels.x:X",
    "mastodon": "campaigner.channels.mastodon:Mastodon",
    "email": "campaigner.channels.email:Email",
    "manual": "campaigner.channels.manual:Manual",
}


def load(name: str) -> Any:
    """Return the class that speaks to the channel `name`. Raises UserError for an unknown one."""
    try:
        module, _, attribute = CHANNELS[name].partition(":")
    except KeyError:
        known = ", ".join(sorted(CHANNELS))
        raise UserError(f"there is no channel '{name}'. Choose one of: {known}") from None
    return getattr(import_module(module), attribute)


def open_channel(
    name: str,
    *,
    base: str,
    secret: Callable[[str], str],
    handle: str = "",
    loopback_only: bool = False,
) -> Channel:
    """Make the channel `name` at a base address. `secret` looks a credential up by its name.

    Nothing is connected yet. Raises UserError for missing credentials, or for
    an address elsewhere with `loopback_only`.
    """
    channel: Channel = _made(name, handle or name, base, secret, loopback_only)
    return channel


def open_relay(*, base: str, secret: Callable[[str], str], loopback_only: bool = False) -> Relay:
    """Make the mail relay at a base address. Raises as `open_channel`."""
    relay: Relay = _made("email", base, base, secret, loopback_only)
    return relay


def _made(
    channel: str, name: str, base: str, secret: Callable[[str], str], loopback_only: bool
) -> Any:
    cls = load(channel)
    return cls(
        name=name,
        base=base,
        credentials={each: secret(each) for each in cls.SECRETS},
        loopback_only=loopback_only,
    )
