"""What may be spent on tasks today, and how far that is spent: `/api/oracle/budgets`."""

from __future__ import annotations

from datetime import datetime

import attrs

from web.routes import Auth, Call, Family, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]


@attrs.frozen
class Spent:
    """What one owner has spent of a budget since 00:00 UTC; `used_up` once that is the limit."""

    owner: str
    spent_usd: float
    used_up: bool


@attrs.frozen
class BudgetShown:
    """A budget of the settings. It is of each owner by itself where `owner` is null, and of all agents together where `agent` is.
    `spent` are those who have spent something today, whoever spent most first; it begins anew at `resets_at`."""

    name: str
    limit_usd: float
    owner: str | None
    agent: str | None
    action: str
    resets_at: datetime
    spent: list[Spent]


async def budgets(call: Call) -> list[BudgetShown]:
    """How far the budgets of `tasks.budgets` are spent today."""
    known = call.system.budgets
    return [
        BudgetShown(
            name, one.limit_usd, one.owner or None, one.agent or None, one.action, iso(known.resets_us()),
            [Spent(owner, usd, usd >= one.limit_usd) for owner, usd in known.spenders(name)],
        ) for name, one in call.system.settings.tasks.budgets.items()
    ]  # fmt: skip


ROUTES = (
    Route("GET", "/api/oracle/budgets", budgets, Auth.token, Scope.read, Family.error, answer=list[BudgetShown], tag="oracle"),
)
