"""One experiment's training, in a process of its own, as its parent talks with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import trio

from actors import Refused
from oracle.border import unstructure
from oracle.federated.plan import Plan
from oracle.federated.wire import Begin, Checkpoint, No, Ready, RoundDone, Step, Trained
from oracle.runs.pace import Pace
from oracle.work_process import DIED, WorkProcess

__all__ = ["Training"]

_SAID = msgspec.json.Decoder(Ready | Trained | RoundDone | No)


class Training:
    """Rounds, one after the other; the newest has really taken `wall_s`, without what it was held. Close it whatever happens:
    that ends the process at once, whatever it is at."""

    def __init__(self, plan: Plan, process: WorkProcess, begin: Begin) -> None:
        self._rounds = plan.configuration.rounds
        self._process = process
        self._begin = begin
        self._done = 0 if begin.checkpoint is None else begin.checkpoint.round
        self.wall_s = 0.0

    @classmethod
    async def begun(cls, plan: Plan, mnist_folder: Path | None, checkpoint: Checkpoint | None) -> Training:
        """A training that goes on from a checkpoint, or begins."""
        process = await WorkProcess.begun("oracle.federated.worker", _SAID)
        folder = "" if mnist_folder is None else str(mnist_folder)
        return cls(plan, process, Begin(unstructure(plan), folder, checkpoint))

    async def ready(self) -> Ready:
        """How it stands before its first round. Raises Refused: `unavailable` where there is nothing to learn, `failed`."""
        said = await self._asked(self._begin)
        assert isinstance(said, Ready)
        return said

    async def round(self, pace: Pace) -> RoundDone:
        """The next round; after any piece it may be held. Raises Refused `failed` with what the process died of."""
        self.wall_s = 0.0
        while True:
            await pace.turn()
            began_s = trio.current_time()
            said = await self._asked(Step())
            self.wall_s += trio.current_time() - began_s
            if isinstance(said, RoundDone):
                self._done = said.round
                return said
            pace.note((self._done + said.share) / self._rounds)

    async def close(self) -> None:
        """End it."""
        await self._process.close()

    async def _asked(self, what: Begin | Step) -> Any:
        try:
            await self._process.send(what)
            said = await self._process.hear()
        except DIED:
            raise await self._process.failure() from None
        if isinstance(said, No):
            raise Refused(said.reason, said.code)
        return said
