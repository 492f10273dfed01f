"""Services, check-ups and incidents around a real history in a folder, without threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from actors import Child, Refused, Runtime, open_runtime, trio_clock
from oracle.board import Board
from oracle.exchange import HttpFailed
from oracle.history import History, Store
from oracle.model import Command, Event, Severity, event_id
from oracle.receipts import Receipts
from oracle.runs.run import Run, Status, value_of
from oracle.services import Telemetry, Vitals
from oracle.services.wiring import service_children
from oracle.settings_runs import Experiments

T0_US = 1_700_000_000_000_000


class Web:
    """Answers by URL: a status, or what goes wrong (HttpFailed); remembers what it was asked. Other URLs may not be reached."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = answers
        self.asked: list[str] = []

    def refusal(self, url: str) -> str | None:
        """As `oracle.http.Http` says it."""
        return None if url in self.answers else "it is at a private address"

    async def request(self, method: str, url: str, **_: Any) -> Any:
        """As `oracle.http.Http` does it."""
        self.asked.append(url)
        answer = self.answers[url]
        if isinstance(answer, HttpFailed):
            raise answer
        return SimpleNamespace(status=answer)


@attrs.define
class Attending:
    """What a test may look at."""

    runtime: Runtime
    board: Board
    store: Store
    vitals: Vitals
    pools: dict[str, Any]

    async def wish(self, who: str, verb: str, by: str = "ada", key: str = "", **args: Any) -> Any:
        """Ask one of the actors; `key` is the id of the command."""
        return await self.runtime.ask(who, Command(verb, args, by, key))

    async def says(self, service: str, **said: Any) -> None:
        """Telemetry of a service, and what comes of it."""
        await self.wish("services", "ingest", said=Telemetry(service=service, **said))
        await self.settled()

    async def settled(self) -> None:
        """Return once the incidents have seen what was published."""
        with pytest.raises(Refused, match="not found"):
            await self.wish("incidents", "acknowledge", id="nothing")

    def incidents(self, *fields: str) -> list[Any]:
        """Those on the board, by number."""
        values = sorted((state.value for state in self.board.kind("incident") if state.value), key=lambda one: one["number"])
        return [tuple(value[field] for field in fields) if fields else value for value in values]

    def finished(self, status: Status, kind: str = "experiment", ident: str = "exp_001") -> None:
        """What is published as a run ends."""
        now_us = self.runtime.now_us()
        run = Run(ident, kind, {}, now_us, status, name="Digits", error="out of memory" if status is Status.failed else None)
        self.board.put(run.ref, value_of(run), now_us)
        ident = event_id(f"run_{status}", run.ref, "runs", now_us)
        self.runtime.publish(Event(ident, f"run_{status}", run.ref, "runs", Severity.low, "", {}, now_us))


@asynccontextmanager
async def open_services(folder: Path, web: Any = None, history: Any = None, **settings: Any) -> AsyncIterator[Attending]:
    """History and services on `folder`, as a start after whatever ended there."""
    store = Store(folder)
    store.open()
    made: list[Attending] = []

    def children(runtime: Runtime) -> list[Child]:
        board = Board(runtime.bus)
        board.load(store.states())
        receipts = Receipts(runtime.now_us)
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        system = SimpleNamespace(
            settings=SimpleNamespace(experiments=Experiments(**settings)), board=board, receipts=receipts, store=store,
            http=web or Web(), vitals=Vitals(runtime.now_us()), pools={"experiments": SimpleNamespace(limit=0)})  # fmt: skip
        made.append(Attending(runtime, board, store, system.vitals, system.pools))
        keep = history or (lambda: History(store, threaded=False))
        return [Child("history", keep, capacity=100_000), *service_children(system)]

    try:
        async with open_runtime(children, clock=trio_clock(T0_US), seed=1) as runtime:
            made[0].runtime = runtime
            yield made[0]
    finally:
        store.close()


__all__ = ["T0_US", "Attending", "Web", "open_services"]
