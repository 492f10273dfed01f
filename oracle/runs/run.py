"""A run as a value, and which way its states lead."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from actors import Refused
from oracle.model import RunRow, ref

__all__ = ["MOVES", "OVER", "Run", "Status", "run_of", "value_of"]


class Status(enum.StrEnum):
    """Where a run is. The last four are ends: `stopped` keeps what it has found, `cancelled` is given up."""

    created = "created"  # nobody has said that it may begin
    queued = "queued"  # for a place to work at, or for who works it off
    running = "running"
    waiting = "waiting"  # for words of its user
    paused = "paused"
    completed = "completed"
    failed = "failed"
    stopped = "stopped"
    cancelled = "cancelled"


_ENDS = frozenset({Status.completed, Status.failed, Status.stopped, Status.cancelled})
MOVES: dict[Status, frozenset[Status]] = {
    Status.created: frozenset({Status.queued, Status.cancelled, Status.failed}),
    Status.queued: frozenset({Status.running, Status.cancelled, Status.failed}),
    Status.running: frozenset({Status.queued, Status.waiting, Status.paused, *_ENDS}),
    Status.waiting: frozenset({Status.queued, Status.running, *_ENDS}),
    Status.paused: frozenset({Status.queued, Status.running, Status.failed, Status.stopped, Status.cancelled}),
    Status.completed: frozenset(),
    Status.failed: frozenset(),
    Status.stopped: frozenset(),
    Status.cancelled: frozenset(),
}
OVER = frozenset(status for status, ways in MOVES.items() if not ways)


@attrs.frozen
class Run:
    """`progress` is 0 to 1, `result` a summary of what came out, `error` why it failed; times are UTC microseconds. What nobody
    said of cost and tokens is None."""

    id: str
    kind: str
    params: dict[str, Any]
    created_us: int
    status: Status = attrs.field(default=Status.queued, converter=Status)
    progress: float = 0.0
    result: dict[str, Any] | None = None
    error: str | None = None
    started_us: int | None = None
    finished_us: int | None = None
    name: str = ""
    owner: str = ""
    """Who it is for; budgets and analytics go by it."""
    agent: str = ""
    """Who is to work it off, where that is not the server."""
    model: str = ""
    session: str = ""
    conversation: str = ""
    source: str = ""
    """Where it came from: dashboard, api, webhook, github, ..."""
    reason: str = ""
    """Why it is in its present status, as far as somebody said."""
    requested: str = ""
    """The status that was asked for and that its worker has not acknowledged yet; empty for none."""
    not_before_us: int | None = None
    """It begins by itself then; None where it does not wait for a time."""
    worker: str = ""
    """Who has claimed it."""
    lease_until_us: int | None = None
    """Unless its worker is heard by then, it is queued again."""
    lease_s: float | None = None
    """How long its worker need not be heard, as it said last."""
    attempts: int = 0
    """How often somebody began to work it off."""
    chunks: int = 0
    """Pieces of output so far, as of its last change of state (`oracle.model.Chunk`)."""
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    duration_s: float | None = None
    """Seconds of work, as its worker said; else between start and end."""
    facts: dict[str, Any] = attrs.field(factory=dict)
    """What its kind knows of it by now: rounds, clients, the words it answers. Never changed in place."""
    revision: int = 0
    """Of its stored row, where it was changed after its end."""

    @property
    def ref(self) -> str:
        """Its name on the board."""
        return ref("run", self.id)

    @property
    def over(self) -> bool:
        """Whether it is at an end."""
        return self.status in OVER

    @property
    def allowed(self) -> dict[str, Any]:
        """The details of a refusal to move it: its status, and what it can become."""
        return {"status": str(self.status), "allowed": sorted(MOVES[self.status])}

    def expected_us(self, now_us: int) -> int | None:
        """When it is over if it goes on as fast as so far; None where nobody can tell, or it is not running."""
        if self.status is not Status.running or self.started_us is None or not 0 < self.progress <= 1:
            return None
        return now_us + round((now_us - self.started_us) * (1 - self.progress) / self.progress)

    def moved(self, to: Status, now_us: int, **facts: Any) -> Run:
        """The run in its next state. Raises Refused `illegal` where that does not follow."""
        if to not in MOVES[self.status]:
            raise Refused(f"Run '{self.id}' is {self.status}, which can't become {to}", "illegal", self.allowed)
        if to is Status.running:
            facts["started_us"] = self.started_us or now_us  # it keeps that over a pause
        elif to in OVER:
            facts["finished_us"] = now_us
            facts.setdefault("duration_s", self._lasted_s(now_us))
        reason = self.reason if self.requested == to else ""  # of who asked for it, where nobody says more
        return attrs.evolve(self, status=to, **{"requested": "", "reason": reason, **facts})

    def row(self) -> RunRow:
        """What is stored of it once it is over."""
        return RunRow(
            self.id, self.revision, self.kind, str(self.status), self.name, self.owner, self.agent, self.model, self.session,
            self.conversation, self.source, self.created_us, self.started_us, self.finished_us, self.duration_s, self.cost_usd,
            self.input_tokens, self.output_tokens, self.error is not None,
            **self.numbers(), value=value_of(self),
        )  # fmt: skip

    def numbers(self) -> dict[str, Any]:
        """The numbers that its kind keeps as facts, None for those it does not: {rounds, rounds_total, accuracy, loss, clients}
        (how many)."""
        clients = self.facts.get("clients")
        known = {name: self.facts.get(name) for name in ("rounds", "rounds_total", "accuracy", "loss")}
        return {**known, "clients": len(clients) if isinstance(clients, list) else None}

    def _lasted_s(self, now_us: int) -> float | None:
        return self.duration_s if self.duration_s is not None or self.started_us is None else (now_us - self.started_us) / 1e6


def value_of(run: Run) -> dict[str, Any]:
    """The run as the value of its State. It shares its parts, which nobody changes."""
    return {**attrs.asdict(run, recurse=False), "status": run.status.value}


def run_of(value: Mapping[str, Any]) -> Run:
    """The run of a State's value."""
    return Run(**value)
