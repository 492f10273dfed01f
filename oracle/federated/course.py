"""What becomes known of an experiment while it trains, and in which words its run records it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from oracle.federated.checkpoints import checkpoint_name
from oracle.federated.plan import Plan
from oracle.federated.wire import Client, Ready, RoundDone
from oracle.model import Sample
from oracle.runs.pace import RunPace
from oracle.runs.run import Run

__all__ = ["Course"]

SOURCE = "runs"
SUMMED = ("bytes", "duration_s", "network_s", "compute_s")


class Course:
    """The rounds of a run, in its facts: `history` has a row for each, `clients` one for each client."""

    def __init__(self, plan: Plan, run: Run, pace: RunPace, now_us: Callable[[], int]) -> None:
        self._what = plan.configuration
        self._run, self._pace, self._now_us = run, pace, now_us
        self.history: list[dict[str, Any]] = list(run.facts.get("history", ()))
        self._clients: dict[str, dict[str, Any]] = {row["id"]: row for row in run.facts.get("clients", ())}

    async def begin(self, ready: Ready) -> None:
        """Say what is trained, unless that is known from before an end of the process."""
        if self._clients and self._run.facts.get("notes") == ready.notes:
            return
        self._hear(ready.clients, ready.drawn)
        data = {"notes": ready.notes, "parameters": ready.parameters, "training": ready.training, "held_out": ready.held_out}
        facts = {"rounds": len(self.history), "rounds_total": self._what.rounds, "notes": ready.notes,
                 "clients": list(self._clients.values()), "checkpoint": checkpoint_name(self._run.id)}  # fmt: skip
        summary = (f"{len(ready.clients)} clients have {ready.training} pictures between them; a {self._what.model} of "
                   f"{ready.parameters} parameters is judged on {ready.held_out} others")  # fmt: skip
        await self._pace.record("prepared", "; ".join([summary, *ready.notes]), data, facts=facts)

    async def note(self, done: RoundDone, wall_s: float | None = None) -> None:
        """Record a round, unless it is known; it really took `wall_s`."""
        if done.round <= len(self.history):
            return
        at_us, total = self._now_us(), self._what.rounds
        row = _row(done, wall_s, at_us)
        self.history = [*self.history, row]
        self._hear(done.clients, done.drawn, done.round, at_us)
        facts = {"rounds": done.round, "rounds_total": total, "accuracy": done.accuracy, "loss": done.loss,
                 "history": self.history, "clients": list(self._clients.values())}  # fmt: skip
        loss = "no number any more" if done.loss is None else f"{done.loss:.4f}"
        summary = (f"Round {done.round} of {total} with {done.participants} clients, {done.dropped} dropped out: "
                   f"accuracy {done.accuracy:.4f}, loss {loss}")  # fmt: skip
        data = {**row, "clients": [_client(one) for one in done.clients if one.status != "idle"]}
        changes = {"facts": facts, "progress": round(done.round / total, 4), "attempts": 1}  # it gets on: the count begins anew
        await self._pace.record("round", summary, data, samples=list(self._samples(row)), **changes)

    def result(self, ready: Ready) -> dict[str, Any]:
        """What came of it all."""
        last = self.history[-1]
        return {
            "rounds": last["round"], "accuracy": last["accuracy"], "loss": last["loss"],
            "best_accuracy": max(row["accuracy"] for row in self.history), "parameters": ready.parameters, "notes": ready.notes,
            **{name: round(sum(row[name] for row in self.history), 6) for name in SUMMED},
        }  # fmt: skip

    def _hear(self, clients: Sequence[Client], drawn: Sequence[str], round_: int = -1, at_us: int | None = None) -> None:
        """The clients as their readers see them: those drawn for the next round are at work, and those of this round were heard
        now."""
        for one in clients:
            status = "training" if one.id in drawn else one.status
            heard_us = at_us if one.last_round == round_ else self._clients.get(one.id, {}).get("last_update_us")
            self._clients[one.id] = {**_client(one), "status": status, "last_update_us": heard_us}

    def _samples(self, row: dict[str, Any]) -> Iterator[Sample]:
        for name, key, unit in (("accuracy", "accuracy", "1"), ("loss", "loss", "1"), ("round_duration", "duration_s", "s"),
                                ("bytes", "bytes", "B")):  # fmt: skip
            if row[key] is not None:
                yield Sample(name, self._run.ref, float(row[key]), unit, row["ts_us"], SOURCE)


def _row(done: RoundDone, wall_s: float | None, at_us: int) -> dict[str, Any]:
    return {
        "round": done.round, "accuracy": done.accuracy, "loss": done.loss, "clients": done.participants, "dropped": done.dropped,
        "bytes": done.bytes, "duration_s": round(done.duration_s, 6), "network_s": round(done.network_s, 6),
        "compute_s": round(done.compute_s, 6), "wall_s": None if wall_s is None else round(wall_s, 3), "ts_us": at_us,
    }  # fmt: skip


def _client(one: Client) -> dict[str, Any]:
    return {"id": one.id, "status": one.status, "accuracy": one.accuracy, "loss": one.loss}
