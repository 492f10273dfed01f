"""Tasks that agents work off: given, followed, and worked off (`/api/tasks`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from urllib.parse import urlencode

from oracle.sdk.pages import Pages, by_headers, by_page
from oracle.sdk.room import Asked, Paged, Room, Watched
from oracle.sdk.task import Task, TaskLogs, TaskNews
from oracle.sdk.thing import at, given
from oracle.sdk.watching import watched

__all__ = ["Tasks"]

K = TypeVar("K")
PLACE = "api/tasks"


class Tasks(Room[K]):
    """Tasks, and the agents that work them off."""

    @Paged
    def list(self, *, status: str | None = None, session_id: str | None = None, page_size: int = 50,
             offset: int = 0) -> Pages[Task]:  # fmt: skip
        """The newest first, with the beginning of their words. What is new meanwhile may come twice."""
        query = {"status": status, "session_id": session_id, "limit": page_size, "offset": offset}
        return Pages(self._oracle, PLACE, query, by_headers, Task.of)

    @Paged
    def table(self, *, status: str | None = None, session_id: str | None = None, subagent: str | None = None,
              sort_by: str = "created_at", sort_order: str = "desc", page_size: int = 50) -> Pages[Task]:  # fmt: skip
        """The same, sorted by any column, and of one agent."""
        query = {"status": status, "session_id": session_id, "subagent": subagent, "sort_by": sort_by, "sort_order": sort_order,
                 "page": 1, "page_size": page_size}  # fmt: skip
        return Pages(self._oracle, at(PLACE, "table"), query, by_page("tasks"), Task.of)

    @Asked
    async def create(self, /, input_message: str, *, task_id: str | None = None, assigned_agent: str | None = None,
                     source: str = "api", conversation_id: str | None = None, model: str | None = None,
                     flow_id: str | None = None, source_metadata: Mapping[str, Any] | None = None, command_id: str = "",
                     **fields: Any) -> Task:  # fmt: skip
        """A new task: its `task_id` and `conversation_id`. Sent again with its `command_id` it is the same one."""
        body = given(input_message=input_message, task_id=task_id, assigned_agent=assigned_agent, source=source, model=model,
                     conversation_id=conversation_id, flow_id=flow_id, source_metadata=source_metadata, **fields)  # fmt: skip
        return Task.of(await self._oracle.command("POST", PLACE, body, id=command_id))

    @Asked
    async def chat(self, message: str, *, session_id: str, conversation_id: str | None = None) -> Task:
        """A task out of something that a user says: its `task_id` and `conversation_id`."""
        query = {"session_id": session_id, "conversation_id": conversation_id}
        said = await self._oracle.command("POST", f"api/chat?{urlencode(given(**query))}", {"message": message})
        return Task.of(said["data"])

    @Asked
    async def get(self, task_id: str) -> Task:
        """One, with what it has put out so far."""
        return Task.of(await self._oracle.get(at(PLACE, task_id)))

    @Asked
    async def patch(self, /, task_id: str, *, command_id: str = "", **fields: Any) -> Task:
        """Say how it goes: status, output, error, cost_usd, input_tokens, output_tokens, duration_seconds, result, model."""
        return Task.of(await self._oracle.command("PATCH", at(PLACE, task_id), fields, id=command_id))

    @Asked
    async def stop(self, task_id: str) -> Any:
        """Have it given up; the answer says in `success` whether that was possible."""
        return await self._oracle.command("POST", at(PLACE, task_id, "stop"))

    @Asked
    async def claim(self, agent: str | None = None, *, worker: str | None = None, lease_s: float | None = None,
                    command_id: str = "") -> Task | None:  # fmt: skip
        """For workers: the oldest task that waits for this agent (None: for any), theirs until the lease is over; None for
        nothing to do."""
        body = given(agent=agent, worker=worker, lease_s=lease_s)
        said = await self._oracle.command("POST", at(PLACE, "claim"), body, id=command_id)
        return None if not said or said.get("task_id", said.get("task")) is None else Task.of(said.get("task") or said)

    @Asked
    async def output(self, /, task_id: str, text: str, *, command_id: str = "", **fields: Any) -> Any:
        """For workers: a piece of output, told to those who watch and kept."""
        return await self._oracle.command("POST", at(PLACE, task_id, "output"), {"output": text, **fields}, id=command_id)

    @Asked
    async def event(self, /, task_id: str, type: str, data: Mapping[str, Any] | None = None, *, command_id: str = "",
                    **fields: Any) -> Any:  # fmt: skip
        """For workers: an entry of the log, such as `task:tool_call`."""
        body = {"type": type, **given(data=data), **fields}
        return await self._oracle.command("POST", at(PLACE, task_id, "events"), body, id=command_id)

    @Asked
    async def logs(self, task_id: str) -> TaskLogs:
        """What it has put out, and whether more may come."""
        return TaskLogs.of(await self._oracle.get(at(PLACE, task_id, "logs")))

    @Asked
    async def full_logs(self, task_id: str, part: str = "full") -> Any:
        """Everything in its log, or a part: metadata, input, user-inputs, webhook-flow, agent-output, final-result,
        knowledge-interactions."""
        return await self._oracle.get(at(PLACE, task_id, "logs", part))

    @Watched
    def watch(self, task_id: str, *, patience_s: float = 60.0) -> AbstractAsyncContextManager[AsyncIterator[TaskNews]]:
        """Its output from the beginning and its statuses, as they come, until it is over; each piece once, over lost connections
        and restarts of the server, for `patience_s` seconds without an answer."""
        return watched(self, self._oracle, task_id, patience_s)

    @Asked
    async def agents(self) -> Any:
        """Who works tasks off."""
        return await self._oracle.get("api/agents")
