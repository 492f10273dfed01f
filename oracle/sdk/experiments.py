"""Experiments: what they are, what can be done with them, and how they go (`/api/v1/experiments`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, TypeVar

from oracle.sdk.experiment import Controlled, Experiment, Round, Update, Wanted
from oracle.sdk.monitor import monitored
from oracle.sdk.pages import Pages, by_offset
from oracle.sdk.room import Asked, Paged, Room, Trio, Watched
from oracle.sdk.thing import at, given, maybe

__all__ = ["Experiments"]

K = TypeVar("K")
PLACE = "api/v1/experiments"


class Experiments(Room[K]):
    """Experiments in federated learning. Where it `starts` them they begin as they are created."""

    starts: ClassVar[bool] = False

    @Paged
    def list(self, status: str | None = None, *, sort: str = "created_at:desc", page_size: int = 50,
             offset: int = 0) -> Pages[Experiment]:  # fmt: skip
        """Those of a status, or all; `sort` is FIELD:asc or FIELD:desc. While new ones come, a list that begins with the newest
        tells some of them twice."""
        query = {"status": status, "sort": sort, "limit": page_size, "offset": offset}
        return Pages(self._oracle, PLACE, query, by_offset("experiments"), Experiment.of)

    @Asked
    async def create(self: Experiments[Trio], wish: Mapping[str, Any] | None = None, /, *, command_id: str = "",
                     start: bool | None = None, **fields: Any) -> Experiment:  # fmt: skip
        """A new experiment, as a dict or by fields: name, scenario, configuration, network_settings, policies, scheduled_at. It
        waits to be started, unless `start` is set, or it is scheduled. Sent again with its `command_id` it is the same one."""
        body = {**(wish or {}), **fields}
        made = Experiment.of((await self._oracle.command("POST", PLACE, body, id=command_id))["experiment"])
        if (self.starts if start is None else start) and body.get("scheduled_at") is None:
            # it starts once in its life: whoever sends the whole again hears what was answered to the first
            await self._control(made.id, "start", "", f"start:{made.id}")
        return made

    @Asked
    async def get(self, id: str) -> Experiment:
        """One, with its configuration, metrics, clients and timeline."""
        return Experiment.of((await self._oracle.get(at(PLACE, id)))["experiment"])

    @Asked
    async def start(self, id: str, reason: str = "") -> Controlled:
        """Let it begin. Raises RemoteFailed with status 409, as the following do, where it can't from where it is."""
        return await self._control(id, "start", reason)

    @Asked
    async def pause(self, id: str, reason: str = "") -> Controlled:
        """Let it rest after the round that is under way."""
        return await self._control(id, "pause", reason)

    @Asked
    async def resume(self, id: str, reason: str = "") -> Controlled:
        """Let it go on."""
        return await self._control(id, "resume", reason)

    @Asked
    async def stop(self, id: str, reason: str = "") -> Controlled:
        """End it, and keep what it has found."""
        return await self._control(id, "stop", reason)

    @Asked
    async def abort(self, id: str, reason: str = "") -> Controlled:
        """Give it up."""
        return await self._control(id, "abort", reason)

    @Watched
    def monitor(self, id: str, *, transport: str = "websocket",
                patience_s: float = 60.0) -> AbstractAsyncContextManager[AsyncIterator[Update]]:  # fmt: skip
        """How it goes: how it is now, then each round once and each change of its status, until it is over; over lost
        connections and restarts of the server, for `patience_s` seconds without an answer. Raises RemoteFailed, with status 404
        where there is none of that id."""
        return monitored(self, self._oracle, id, transport=transport, patience_s=patience_s)

    @Asked
    async def wait(self: Experiments[Trio], id: str) -> Experiment:
        """Wait until it is over; how it is then."""
        async with monitored(self, self._oracle, id) as updates:
            async for _ in updates:
                pass
        return await self.get(id)

    @Asked
    async def rounds(self, id: str) -> tuple[Round, ...]:
        """Its rounds so far."""
        return tuple(map(Round.of, (await self._oracle.get(at(PLACE, id, "rounds")))["rounds"]))

    @Asked
    async def results(self, id: str) -> Any:
        """What it came to."""
        return await self._oracle.get(at(PLACE, id, "results"))

    @Asked
    async def claim(self, worker: str, *, lease_s: float = 60.0, scenario: str | None = None,
                    command_id: str = "") -> Experiment | None:  # fmt: skip
        """For runners: the experiment that has waited longest, theirs unless they are not heard for `lease_s` seconds; None for
        nothing to do. `scenario`: of this one only."""
        body = given(worker=worker, lease_s=lease_s, scenario=scenario)
        said = await self._oracle.command("POST", f"{PLACE}/claim", body, id=command_id)
        return maybe(Experiment, said["experiment"])

    @Asked
    async def heartbeat(self, id: str, worker: str, *, lease_s: float = 60.0) -> Wanted:
        """For runners: still at it. The answer says in `requested` what they are to bring about, and then to report. Raises
        RemoteFailed with status 409 for one that has lost the experiment."""
        body = {"worker": worker, "lease_s": lease_s}
        return Wanted.of(await self._oracle.command("POST", at(PLACE, id, "heartbeat"), body))

    @Asked
    async def report_round(self, id: str, round: int, *, accuracy: float, loss: float,
                           clients: tuple[Mapping[str, Any], ...] = (), duration_s: float | None = None, bytes: int = 0,
                           worker: str = "") -> Wanted:  # fmt: skip
        """For runners: what a round came to; the last one completes the experiment. The same round again changes nothing; another
        one of its number is refused. `bytes` went over the network."""
        body = given(round=round, accuracy=accuracy, loss=loss, clients=[*clients], duration_s=duration_s, bytes=bytes,
                     worker=worker or None)  # fmt: skip
        return Wanted.of(await self._oracle.command("POST", at(PLACE, id, "rounds"), body))

    @Asked
    async def report_client(self, /, id: str, client: str, **fields: Any) -> Any:
        """For runners: how one of the clients is, by `status`, `accuracy` and `loss`."""
        return await self._oracle.command("POST", at(PLACE, id, "clients", client), fields)

    @Asked
    async def report_status(self, id: str, status: str, *, worker: str = "", reason: str = "",
                            error: str | None = None) -> Wanted:  # fmt: skip
        """For runners: what has become of it: running, paused, completed, failed, stopped or aborted."""
        body = given(status=status, worker=worker or None, reason=reason or None, error=error)
        return Wanted.of(await self._oracle.command("POST", at(PLACE, id, "status"), body))

    async def _control(self, id: str, action: str, reason: str, command_id: str = "") -> Controlled:
        body = given(action=action, reason=reason or None)
        return Controlled.of(await self._oracle.command("POST", at(PLACE, id, "control"), body, id=command_id))
