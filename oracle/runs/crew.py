"""What the desk and the actors of runs share, and what outlives their lives."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence

import attrs

from oracle.board import Board
from oracle.history.statistics import Statistics
from oracle.model import Event
from oracle.receipts import Receipts
from oracle.runs.kind import Kind
from oracle.runs.pool import Pool
from oracle.runs.run import Run, Status
from oracle.runs.shelf import Shelf
from oracle.settings_runs import Runs as Bounds

__all__ = ["CREW", "Crew", "Put"]

CREW = "run_actors"
"""The supervisor of those at work."""
AT_WORK = frozenset({Status.running, Status.waiting, Status.paused})
KEPT = 200  # of a kind, runs that are over and stay on the board; the oldest go with their results


@attrs.define
class Put:
    """What a run has put out: how many pieces, of how many bytes, and how many bytes were left out."""

    pieces: int = 0
    size: int = 0
    dropped: int = 0


@attrs.define
class Crew:
    """`admit` raises Refused for a run that must not be taken in, `begins` says whether one that is queued may begin now, `spend`
    hears how much more one has cost (US dollars), and gives what is to be published of that."""

    board: Board
    receipts: Receipts
    shelf: Shelf
    kinds: Mapping[str, Kind]
    pools: Mapping[str, Pool]
    runs: Bounds
    statistics: Statistics
    outputs: dict[str, Put] = attrs.field(factory=dict)
    """Of runs that are not over, by id."""
    admit: Callable[[Run], None] = lambda run: None
    begins: Callable[[Run], bool] = lambda run: True
    spend: Callable[[Run, float], Sequence[Event]] = lambda run, more_usd: ()
    epoch: str = ""
    """In which the desk has looked after what was left behind."""
    claimable: OrderedDict[str, Run] = attrs.field(factory=OrderedDict)
    """Those that wait for somebody to claim them, in the order they came."""
    live: int = 0
    over: dict[str, deque[str]] = attrs.field(factory=lambda: defaultdict(deque))
    """Of each kind, those that are over and on the board, oldest first."""

    def put(self, ident: str) -> Put:
        """What a run has put out so far."""
        return self.outputs.setdefault(ident, Put())

    def pool_of(self, run: Run) -> Pool | None:
        """Where it needs a place to be worked off here, if it does."""
        kind = self.kinds.get(run.kind)
        return self.pools[kind.pool] if kind and kind.pool and kind.work_of(run) else None

    def places_of(self, run: Run) -> Pool | None:
        """Where it takes a place while it is worked off, be that here or elsewhere."""
        kind = self.kinds.get(run.kind)
        return self.pools[kind.pool] if kind and kind.pool and kind.shared else self.pool_of(run)

    def seat(self, run: Run) -> None:
        """One that others work off has its place while they do."""
        if (pool := self.places_of(run)) is None or self.pool_of(run) is not None:
            return
        if run.status in AT_WORK:
            pool.hold(run.id)
        else:
            pool.leave(run.id)

    def ended(self, run: Run, now_us: int) -> list[str]:
        """It is over: forget all but its State; gives those whose results go with theirs."""
        self.outputs.pop(run.id, None)
        self.claimable.pop(run.id, None)
        if (pool := self.places_of(run)) is not None:
            pool.leave(run.id)
        self.live -= 1
        return self.keep(run, now_us)

    def keep(self, run: Run, now_us: int) -> list[str]:
        """One more that is over; the oldest beyond what is kept leave the board."""
        mine, gone = self.over[run.kind], []
        mine.append(run.id)
        while len(mine) > KEPT:
            gone.append(mine.popleft())
            self.board.put(f"run:{gone[-1]}", None, now_us)
        return gone
