"""Tasks that agents work off: given, followed, and worked off (`/api/tasks`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from urllib.parse import urlencode

from oracle.sdk.pages import Pages, by_headers, by_page
from oracle.sdk.room import Asked, Paged, Room, Watched
from oracle.sdk.task import Lease, Task, TaskLogs, TaskNews
from oracle.sdk.thing import at, given, maybe
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
        """For workers: say how it goes: status, output, error, cost_usd, input_tokens, output_tokens, duration_seconds, result,
        model, reason, worker."""
        return Task.of(await self._oracle.command("PATCH", at(PLACE, task_id), fields, id=command_id))

    @Asked
    async def stop(self, task_id: str) -> Any:
        """Have it given up; the answer says in `success` whether that was possible."""
        return await self._oracle.command("POST", at(PLACE, task_id, "stop"))

    @Asked
    async def say(self, task_id: str, message: str, *, command_id: str = "") -> Task:
        """Answer a task that waits for its user."""
        return Task.of(await self._oracle.command("POST", at(PLACE, task_id, "input"), {"message": message}, id=command_id))

    @Asked
    async def claim(self, worker: str, agent: str | None = None, *, lease_s: float | None = None,
                    command_id: str = "") -> Task | None:  # fmt: skip
        """For workers: the task that has waited longest for this agent (None: for any), theirs unless they are not heard for
        `lease_s` seconds; None for nothing to do."""
        body = given(worker=worker, agent=agent, lease_s=lease_s)
        return maybe(Task, await self._oracle.command("POST", f"{PLACE}/claim", body, id=command_id))

    @Asked
    async def heartbeat(self, task_id: str, worker: str, *, lease_s: float | None = None) -> Lease:
        """For workers: still at it. The answer says in `requested` what is wanted. Raises RemoteFailed with status 409 for one
        that has lost the task."""
        body = given(worker=worker, lease_s=lease_s)
        return Lease.of(await self._oracle.command("POST", at(PLACE, task_id, "heartbeat"), body))

    @Asked
    async def output(self, task_id: str, text: str, *, stream: str | None = None, sequence: int | None = None,
                     partial: bool | None = None, worker: str | None = None, command_id: str = "") -> Any:  # fmt: skip
        """For workers: a piece of output, told to those who watch and kept. A `sequence` that grows makes sending it again safe
        from one process to the next; `partial`: its last line goes on with the next piece."""
        body = given(output=text, stream=stream, sequence=sequence, partial=partial, worker=worker)
        return await self._oracle.command("POST", at(PLACE, task_id, "output"), body, id=command_id)

    @Asked
    async def log(self, task_id: str, *events: Mapping[str, Any], worker: str | None = None, command_id: str = "") -> Any:
        """For workers: entries of its log, such as `{"type": "task:tool_call", "data": {...}}`."""
        body = given(events=[*events], worker=worker)
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
    def watch(self, task_id: str, *, transport: str = "websocket",
              patience_s: float = 60.0) -> AbstractAsyncContextManager[AsyncIterator[TaskNews]]:  # fmt: skip
        """Its output from the beginning and its statuses, as they come, until it is over; each piece once, over lost connections
        and restarts of the server, for `patience_s` seconds without an answer."""
        return watched(self, self._oracle, task_id, transport=transport, patience_s=patience_s)

    @Asked
    async def agents(self) -> Any:
        """Who works tasks off."""
        return await self._oracle.get("api/agents")

    @Asked
    async def register_agent(self, name: str, *, agent_type: str = "custom", description: str = "") -> Any:
        """Put an agent on the list, or say something else of it."""
        body = {"agent_type": agent_type, "description": description}
        return await self._oracle.command("PUT", at("api/agents", name), body)

    @Asked
    async def drop_agent(self, name: str) -> Any:
        """Take one off it."""
        return await self._oracle.command("DELETE", at("api/agents", name))
