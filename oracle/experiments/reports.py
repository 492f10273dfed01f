"""What runners report of an experiment, and what becomes known of its run by it: decisions without any waiting or writing.

A round is known by its number. The same report again changes nothing; another one of a number that is known is refused, since
the first was acknowledged and may have been acted upon.
"""

from __future__ import annotations

import hashlib
from typing import Any

import attrs
import msgspec
from attrs.validators import ge, gt, max_len, optional

from actors import Refused
from oracle.experiments.limits import named
from oracle.runs.run import Run, Status
from oracle.validators import between

__all__ = ["ClientReport", "RoundReport", "known_round", "with_client", "with_round"]

MOST_CLIENTS = 1_000
TAKING = (Status.queued, Status.running)
"""While a run is one of these its rounds are taken: the first one of a queued run says that somebody is at work. A runner that
has acknowledged a pause has none under way."""
HEARING = (*TAKING, Status.paused)
"""Likewise what its clients say."""


@attrs.frozen
class ClientReport:
    """How one client is. What is left out stays as it was."""

    id: str = attrs.field(validator=named)
    status: str = attrs.field(default="training", validator=named)
    accuracy: float | None = attrs.field(default=None, validator=optional(between(0, 1)))
    loss: float | None = attrs.field(default=None, validator=optional(ge(0)))


@attrs.frozen
class RoundReport:
    """What a round came to: of the global model on data that it was not trained on, and of its clients. `bytes` went over the
    network, both ways; `worker` is who has claimed the experiment, where somebody has."""

    round: int = attrs.field(validator=gt(0))
    accuracy: float = attrs.field(validator=between(0, 1))
    loss: float = attrs.field(validator=ge(0))
    clients: tuple[ClientReport, ...] = attrs.field(factory=tuple, validator=max_len(MOST_CLIENTS))
    duration_s: float | None = attrs.field(default=None, validator=optional(between(0, 31_536_000)))
    bytes: int = attrs.field(default=0, validator=between(0, 2**53))
    worker: str = attrs.field(default="", validator=max_len(64))

    @property
    def digest(self) -> str:
        """The same for the same content, whoever reports it."""
        content = msgspec.json.encode(attrs.asdict(attrs.evolve(self, worker="")))
        return hashlib.blake2b(content, digest_size=12).hexdigest()


def known_round(run: Run, report: RoundReport) -> bool:
    """Whether this very report was taken before. Raises Refused `conflict` where another of its number was."""
    known = next((row for row in run.facts.get("history", ()) if row["round"] == report.round), None)
    if known is not None and known.get("digest") != report.digest:
        raise Refused(f"round {report.round} of experiment '{run.id}' is known with other content", "conflict",
                      {"round": report.round})  # fmt: skip
    return known is not None


def with_round(run: Run, report: RoundReport, now_us: int) -> dict[str, Any]:
    """The facts that a further round changes. Raises Refused `illegal` where the run takes none."""
    if run.status not in TAKING:
        raise Refused(f"experiment '{run.id}' is {run.status}: it takes no rounds", "illegal", {"status": str(run.status)})
    row = {"round": report.round, "accuracy": report.accuracy, "loss": report.loss, "clients": len(report.clients),
           "duration_s": report.duration_s, "bytes": report.bytes, "ts_us": now_us, "digest": report.digest}  # fmt: skip
    history = sorted([*run.facts.get("history", ()), row], key=lambda one: int(one["round"]))
    newest = history[-1]
    facts = {"history": history, "rounds": newest["round"], "accuracy": newest["accuracy"], "loss": newest["loss"]}
    return {**facts, "clients": _merged(run.facts.get("clients", ()), report.clients, now_us)}


def with_client(run: Run, report: ClientReport, now_us: int) -> dict[str, Any]:
    """The facts that one client's word changes. Raises Refused `illegal` where the run is over."""
    if run.status not in HEARING:
        raise Refused(f"experiment '{run.id}' is {run.status}: its clients are no longer heard", "illegal",
                      {"status": str(run.status)})  # fmt: skip
    return {"clients": _merged(run.facts.get("clients", ()), (report,), now_us)}


def _merged(known: Any, reported: tuple[ClientReport, ...], now_us: int) -> list[dict[str, Any]]:
    rows = {row["id"]: row for row in known}
    for one in reported:
        before = rows.get(one.id, {"accuracy": None, "loss": None})
        said = {name: value for name, value in attrs.asdict(one).items() if value is not None}
        rows[one.id] = {**before, **said, "last_update_us": now_us}
    if len(rows) > MOST_CLIENTS:
        raise Refused(f"an experiment may have at most {MOST_CLIENTS} clients", "invalid", {"clients": MOST_CLIENTS})
    return list(rows.values())
