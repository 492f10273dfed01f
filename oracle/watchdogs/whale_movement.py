"""Speaks when somebody moves very many coins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import attrs
from attrs.validators import ge, gt

from oracle.model import Event, Finding, Severity
from oracle.watchdogs.latch import Seen
from oracle.watchdogs.plausible import is_plausible
from oracle.watchdogs.universe import universe

__all__ = ["WhaleMovement"]

UNIVERSE = ("BTC", "ETH", "SOL", "USDT", "USDC")


@attrs.define
class WhaleMovement:
    """Watches transfers on chains. One worth more than `limit_usd` is high, from `critical_usd` on critical; each transaction
    speaks once."""

    limit_usd: float = attrs.field(default=1_000_000.0, validator=gt(0))  # US dollars
    critical_usd: float = attrs.field(default=10_000_000.0, validator=gt(0))  # US dollars
    interval_s: float = attrs.field(default=120.0, validator=ge(0.1))  # longest silence between checks, seconds
    memory_s: float = attrs.field(default=3_600.0, validator=gt(0))  # transactions of so long ago are known after a restart
    symbols: tuple[str, ...] = UNIVERSE  # coins, or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _seen: Seen = attrs.field(factory=Seen, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)

    listens = ("event:transfer:*",)
    patient = True

    def __attrs_post_init__(self) -> None:
        self._watches = universe(self.symbols)

    def update(self, event: Event, now: int) -> Iterator[Finding]:
        """Take a transfer (`oracle.facts.Transfer`) published at `now` (UTC microseconds)."""
        if not self._watches(event.subject):
            return
        worth = event.data.get("usd_value")
        if not is_plausible(worth) or worth < 0 or not is_plausible(event.data.get("amount", 0)):
            self.ignored["not_a_number"] += 1
            return
        if worth <= self.limit_usd:
            return
        if not self._seen.first(str(event.data.get("tx_hash") or event.id)):
            self.ignored["duplicate"] += 1
            return
        yield Finding(
            kind="whale_movement",
            subject=event.subject,
            severity=Severity.critical if worth >= self.critical_usd else Severity.high,
            summary=f"{event.subject} worth {worth / 1e6:,.1f} M USD was moved",
            data={key: event.data.get(key) for key in ("from", "to", "amount", "usd_value", "tx_hash")},
            ts_us=now,
            cause=event.id,
        )
