"""How many mails each relay of one run may have now: by shares, rates, warm-up and domains.

It asks the database for a rate once for many mails, and keeps in memory what
concerns this run alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigner.core.relays import Share, admitted, brought_up
from campaigner.core.warm_up import allowance, next_day
from campaigner.db import relays
from campaigner.db.meter import Meter
from campaigner.settings import AccountSettings, RelaySettings

LONGEST_REST = timedelta(seconds=10)  # of a connection that waits for a token; else it is closed
SOON = timedelta(milliseconds=20)


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """How many mails relays may have, by name, and when those that got fewer may ask again.

    `come_back`: when one may have more that is not worth waiting for.
    """

    counts: Mapping[str, int]
    later: dict[str, timedelta] = field(default_factory=dict)
    come_back: datetime | None = None


class Allowance:
    """What one run of an account may take of its relays. Names are as the relays' own."""

    def __init__(
        self,
        account: AccountSettings,
        usable: Mapping[str, RelaySettings],
        all_relays: Collection[str],
        *,
        now: datetime,
    ) -> None:
        self._account = account
        self._settings = usable
        self._all = all_relays
        self._meter = Meter()
        self._next_for: dict[tuple[str, str], datetime] = {}
        self._shares = {
            name: Share(weight=each.weight, given=0.0, heard_at=now)
            for name, each in usable.items()
        }

    def admit(self, session: Session, wanted: Mapping[str, int], *, now: datetime) -> Allowed:
        """Take of every rate what the relays want and may have."""
        self._shares = brought_up(self._shares, wanted, now=now)
        counts = admitted(self._shares, wanted, now=now)
        later = {name: SOON for name, count in counts.items() if count < wanted[name]}
        ends: list[datetime] = []
        left = self._left_today(session, now=now)
        for name, count in counts.items():
            rests_until = None
            if left is not None:
                if count > left:
                    count, rests_until = left, next_day(now)
                left -= count
            tokens, free_at = self._meter.take(
                session, name, per_second=self._settings[name].per_second, wanted=count, now=now
            )
            if tokens < count:
                rests_until = max(free_at, rests_until or free_at)
            if rests_until is not None:
                if rests_until - now <= LONGEST_REST:
                    later[name] = max(rests_until - now, timedelta(0))
                else:
                    later.pop(name, None)
                    ends.append(rests_until)
            counts[name] = tokens
        return Allowed(counts=counts, later=later, come_back=min(ends, default=None))

    def domain_takes(self, session: Session, relay: str, domain: str, *, now: datetime) -> bool:
        """Take one mail of a relay's rate for a domain, if it has one; False where none is left."""
        rate = self._settings[relay].domain_rates.get(domain)
        if rate is None:
            return True
        given, _ = self._meter.take(
            session, relay, domain=domain, per_second=rate, wanted=1, now=now
        )
        return given == 1

    def next_turn(self, relay: str, domain: str, *, mails: int, now: datetime) -> datetime:
        """Return when so many mails to a domain that takes no more now come to their turn."""
        rate = self._settings[relay].domain_rates[domain]
        until = max(self._next_for.get((relay, domain), now), now) + timedelta(seconds=1 / rate)
        self._next_for[relay, domain] = until + timedelta(seconds=(mails - 1) / rate)
        return until

    def has_domains(self, relay: str) -> bool:
        """Whether a relay has rates for readers' domains."""
        return bool(self._settings[relay].domain_rates)

    def count_given(self, counts: Mapping[str, int]) -> None:
        """Note what relays were given; committed by now."""
        for name, count in counts.items():
            share = self._shares[name]
            self._shares[name] = replace(
                share, given=share.given + count, under_way=share.under_way + count
            )

    def count_answered(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Note what relays answered."""
        for name, count in counts.items():
            share = self._shares[name]
            self._shares[name] = replace(share, under_way=share.under_way - count, heard_at=now)

    def _left_today(self, session: Session, *, now: datetime) -> int | None:
        """Return how many mails a new domain may still send today; None: as many as it likes."""
        if (first_day := self._account.warm_up) is None:
            return None
        if (most := allowance(first_day, now.date())) is None:
            return None
        return max(0, most - relays.given_today(session, self._all, now=now))
