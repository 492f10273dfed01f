"""What may be spent on tasks from midnight to midnight (UTC), and what happens when it is.

What a task costs counts at the moment it is reported. What the records say at a start is what tasks cost that ended today or are
at work: of one that worked over midnight all of it counts, so that a start never lets anybody spend more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from actors import Refused
from oracle.board import Board
from oracle.history import Store, costs
from oracle.history.failure import translated
from oracle.history.page import Filter
from oracle.history.retention import DAY_US
from oracle.model import Event, Severity, event_id
from oracle.runs.run import OVER, Run
from oracle.settings_runs import Budget

__all__ = ["EXCEEDED", "Budgets", "budgets_of"]

EXCEEDED = "budget_exceeded"
KIND = "task"
_TOLD = "SELECT id FROM event WHERE kind = ? AND ts_us >= ?"


class Budgets:
    """`budgets` by name; `spent` is (owner, agent, US dollars) of today, `told` the ids of the events that were published today.

    A budget of no owner is of each owner by itself, one of no agent of all agents together. It is used up once its limit is
    reached; one of nothing lets nobody begin.
    """

    def __init__(
        self, budgets: Mapping[str, Budget], now_us: Callable[[], int], spent: Iterable[tuple[str, str, float]] = (),
        told: Collection[str] = (),
    ) -> None:
        self._budgets = dict(budgets)
        self._now_us = now_us
        self._day_us = 0
        self._spent: dict[tuple[str, str], float] = {}  # by budget and owner
        self._turn()
        self._told = set(told)
        for owner, agent, usd in spent:
            self._add(owner, agent, usd)

    def spent_usd(self, name: str, owner: str) -> float:
        """What an owner has spent of a budget today."""
        self._turn()
        return self._spent.get((name, owner), 0.0)

    def spenders(self, name: str) -> list[tuple[str, float]]:
        """Who has spent something of a budget today, and how many US dollars; whoever spent most first."""
        self._turn()
        found = [(owner, round(usd, 9)) for (one, owner), usd in self._spent.items() if one == name and usd]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def resets_us(self) -> int:
        """When everybody begins at nothing again (UTC microseconds)."""
        self._turn()
        return self._day_us + DAY_US

    def admit(self, run: Run) -> None:
        """Raise Refused `budget` for a new task of somebody whose budget is used up, unless it may wait."""
        name = self._used_up(run, "refuse")
        if name is None:
            return
        budget, wait_s = self._budgets[name], self._left_s()
        raise Refused(
            f"the budget '{name}' of {budget.limit_usd:g} USD a day is used up: new tasks are taken in from 00:00 UTC on",
            "budget", {"budget": name, "limit_usd": budget.limit_usd, "spent_usd": round(self.spent_usd(name, run.owner), 9),
             "retry_after_s": wait_s},
        )  # fmt: skip

    def begins(self, run: Run) -> bool:
        """Whether a task that is queued may be worked off now."""
        return self._used_up(run, "pause") is None

    def spend(self, run: Run, more_usd: float) -> list[Event]:
        """A task has cost so much more; gives what is to be published: that a budget is used up, once a day for each owner."""
        self._turn()
        if run.kind == KIND and more_usd:
            self._add(run.owner, run.agent, more_usd)
        return list(self._due())

    # ---- private

    def _used_up(self, run: Run, action: str) -> str | None:
        if run.kind != KIND:
            return None
        theirs = ((name, one) for name, one in self._budgets.items() if one.action == action and _fits(one, run.owner, run.agent))
        return next((name for name, one in theirs if self.spent_usd(name, run.owner) >= one.limit_usd), None)

    def _add(self, owner: str, agent: str, usd: float) -> None:
        for name, budget in self._budgets.items():
            if _fits(budget, owner, agent):
                self._spent[name, owner] = self._spent.get((name, owner), 0.0) + usd

    def _due(self) -> Iterable[Event]:
        for (name, owner), usd in self._spent.items():
            if usd >= self._budgets[name].limit_usd:
                event = self._event(name, owner, usd)
                if event.id not in self._told:
                    self._told.add(event.id)
                    yield event

    def _event(self, name: str, owner: str, usd: float) -> Event:
        budget, subject = self._budgets[name], f"budget:{name}"
        after = {"refuse": "new tasks are refused", "pause": "queued tasks wait"}[budget.action]
        whose = f" of {owner}" if owner else ""
        said = f"The budget '{name}'{whose} is used up: {usd:.2f} of {budget.limit_usd:.2f} USD spent today"
        return Event(
            event_id(EXCEEDED, subject, "tasks", self._day_us, owner), EXCEEDED, subject, "tasks", Severity.high,
            f"{said}; {after} until 00:00 UTC",
            {"budget": name, "owner": owner, "agent": budget.agent, "limit_usd": budget.limit_usd, "spent_usd": round(usd, 9),
             "action": budget.action}, self._now_us(),
        )  # fmt: skip

    def _turn(self) -> None:
        now_us = self._now_us()
        if (day_us := now_us - now_us % DAY_US) != self._day_us:
            self._day_us = day_us
            self._spent.clear()
            self._told = set()

    def _left_s(self) -> int:
        return max(1, -(-(self._day_us + DAY_US - self._now_us()) // 1_000_000))


def budgets_of(budgets: Mapping[str, Budget], store: Store, board: Board, now_us: Callable[[], int]) -> Budgets:
    """The budgets as they stand by the records; reads nothing where there are none. Raises Broken."""
    if not budgets:
        return Budgets({}, now_us)
    now = now_us()
    midnight_us = now - now % DAY_US
    live = [v for state in board.kind("run") if (v := state.value) and v["kind"] == KIND and v["status"] not in OVER]
    ended = Filter().one_of("kind", KIND).between("finished_us", midnight_us, None)
    with translated(), store.reading() as cursor:
        spent: Sequence[tuple[str, str, float]] = costs.spent(cursor, ended, live)
        told = {ident for (ident,) in cursor.execute(_TOLD, [EXCEEDED, midnight_us]).fetchall()}
    return Budgets(budgets, now_us, spent, told)


def _fits(budget: Budget, owner: str, agent: str) -> bool:
    return budget.owner in ("", owner) and budget.agent in ("", agent)
