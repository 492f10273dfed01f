"""The books rebuilt from what is stored, to compare with those that are in force; and which fills they hold.

It reads on from where it was, so that comparing every few minutes costs what is new.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from oracle.trading.ledger import Account, Fill, Position, settle

__all__ = ["Rebuilt"]


@attrs.define
class Rebuilt:
    """The account and the positions that the stored fills make. `fills`: the ids of those counted; `seq`: how far it read."""

    account: Account | None = None
    positions: dict[str, Position] = attrs.field(factory=dict)
    fills: set[str] = attrs.field(factory=set)
    seq: int = 0

    def take(self, rows: Iterable[tuple[int, str, dict[str, Any]]]) -> None:
        """Take in more of `Records.ledger`, in its order."""
        for seq, kind, data in rows:
            self.seq = seq
            if kind == "account_opened":
                self.account = Account(**data["account"])
                self.positions = {one["symbol"]: Position(**one) for one in data["positions"]}
            elif data["id"] not in self.fills and self.account is not None:
                self._settle(self.account, Fill(**{name: data[name] for name in _FIELDS}))

    def _settle(self, account: Account, fill: Fill) -> None:
        self.fills.add(fill.id)
        after = settle(account, self.positions.get(fill.symbol), fill)
        self.account = after.account
        if after.position is None:
            self.positions.pop(fill.symbol, None)
        else:
            self.positions[fill.symbol] = after.position


_FIELDS = [field.name for field in attrs.fields(Fill)]
