"""Clients of `/ws/SESSION` and `/ws/task-stream`, as agent-bot's pages are: told how every task gets on, without asking.

On the first of them a client may act.

It sends `{"type": "chat.message", "message", "conversation_id"?}`, `{"type": "task.stop", "task_id"}` and `{"type": "task.input",
"task_id", "message"}`, which do what their routes do; what is refused is answered by an `error`. All else is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from actors import Published, Refused
from oracle.problems import Invalid
from web.agent_frames import CLI_TOPIC, STATUS_TOPICS, frame_of
from web.body import decode
from web.dialects import to_json
from web.errors import answer_invalid, answer_refusal, invalid
from web.hub import Attach
from web.listener import Listener, error_word
from web.routes import Family, Scope
from web.surfaces.agent_shapes import status_of
from web.task_wishes import Asker
from web.union import encoded
from web.visitor import BUSY, HUB, Visitor
from web.wire import text_frame

__all__ = ["PASSIVE_TOPICS", "STREAM_TOPICS", "Passive", "SessionSocket", "TaskStream"]

LONGEST = 1_000_000
MOST_WISHES = 8  # of one client that are under way
ACTS = frozenset({"chat.message", "task.stop", "task.input"})
PASSIVE_TOPICS = STATUS_TOPICS | {CLI_TOPIC}
STREAM_TOPICS = frozenset({"output:*", "state:run:*", "event:run_queued:*"})


@attrs.frozen
class Passive:
    """`task_status` of all tasks, without results, and `cli_status_update`."""

    def frame(self, published: Published) -> bytes | None:
        """One text message; None for what this stream does not tell."""
        frame = self._shown(frame_of(published.message))
        return None if frame is None else encoded(frame)

    def _shown(self, frame: dict[str, Any] | None) -> dict[str, Any] | None:
        if frame is None or frame["type"] not in ("task_status", "cli_status_update"):
            return None
        return {name: value for name, value in frame.items() if name not in ("result", "error")}

    def still(self, published: Published) -> bytes | None:
        """Nothing: a client asks for what there is."""
        return None

    def word(self, payload: bytes, place: str = "") -> bytes:
        """One text message."""
        return text_frame(payload)

    def skipped(self, count: int, reason: str) -> bytes:
        """`{type: "skipped", count, reason}`."""
        return to_json({"type": "skipped", "count": count, "reason": reason})


@attrs.frozen
class TaskStream(Passive):
    """`task:created`, `task:output {task_id, chunk}`, `task:completed` and `task:failed` of all tasks."""

    def _shown(self, frame: dict[str, Any] | None) -> dict[str, Any] | None:
        match frame:
            case {"type": "task_output", "task_id": task, "output": text, "timestamp": at}:
                return {"type": "task:output", "task_id": task, "chunk": text, "timestamp": at}
            case {"type": "task_status", "status": "queued" | "completed" | "failed" as status, "task_id": task, "timestamp": at}:
                return {"type": f"task:{'created' if status == 'queued' else status}", "task_id": task, "timestamp": at}
        return None


class SessionSocket(Listener):
    """`session` is who it says it is; who says nothing only listens."""

    def __init__(self, system: Any, visitor: Visitor, session: str, topics: frozenset[str], dialect: Passive) -> None:
        super().__init__(system, visitor)
        self._session = session
        self._topics = topics
        self._dialect = dialect
        self._wishes = 0

    async def start(self) -> None:
        """Tell everything from now on, and hear the client. Raises AskTimeout, MailboxFull, NobodyOwns."""
        self.outlet.dialect = self._dialect
        await self.ask(HUB, Attach(self.outlet, self._topics, self._dialect, self.runtime.bus.offset))
        self.listen()

    def about(self) -> dict[str, Any]:
        """Who it is, and what it was told."""
        return {**super().about(), "session": self._session}

    async def heard(self, said: str | bytes | None) -> None:
        """Do what it asks for."""
        if not self._session:
            return
        try:
            body = decode(said.encode() if isinstance(said, str) else said or b"")
        except (Invalid, Refused):
            return
        if not isinstance(body, dict) or body.get("type") not in ACTS:
            return
        if self._wishes >= MOST_WISHES:
            self.outlet.say(error_word("full", f"{MOST_WISHES} requests are under way; wait for an answer"))
            return
        self._wishes += 1
        self.helper(self._act, body)

    async def _act(self, body: dict[str, Any]) -> None:
        try:
            answer = await self._done(body)
        except Invalid as error:
            self._refuse(body, answer_invalid(error, Family.error).body)
        except Refused as error:
            self._refuse(body, answer_refusal(error, Family.error).body)
        except BUSY as error:
            self._refuse(body, answer_refusal(error, Family.error).body)
        else:
            self.outlet.say(to_json(answer))
        finally:
            self._wishes -= 1

    async def _done(self, body: dict[str, Any]) -> dict[str, Any]:
        who = self.visitor.who
        if not who.scope.includes(Scope.operate):
            raise Refused(f"scope {Scope.operate} is needed for that, this token has {who.scope}", "forbidden")
        ask = Asker(self.system, who.name)
        if body["type"] == "chat.message":
            message = _text(body, ("message", "content"))
            talk = _text(body, ("conversation_id",)) if body.get("conversation_id") else None
            run = await ask.chat(self._session, talk, message)
            return {"type": "task.created", "task_id": run.id, "conversation_id": run.conversation}
        run = await ask.find(_text(body, ("task_id",)))
        if body["type"] == "task.input":
            run = await ask.tell(run, _text(body, ("message", "content")))
            return {"type": "task.input", "task_id": run.id, "status": status_of(run)}
        stopped = await ask.stop(run)
        if stopped is None:
            raise Refused(f"Task '{run.id}' is {status_of(run)} and can't be stopped", "illegal")
        return {"type": "task.stop", "task_id": stopped.id, "status": status_of(stopped)}

    def _refuse(self, body: dict[str, Any], why: dict[str, Any]) -> None:
        self.outlet.say(to_json({"type": "error", "of": body["type"], **why}))


def _text(body: dict[str, Any], names: Iterable[str]) -> str:
    """A text of a message, by the first of its names that is there. Raises Invalid."""
    name = next((one for one in names if one in body), next(iter(names)))
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise invalid("string_type", ["body", name], f"Input should be a text of 1 to {LONGEST:,} characters", None)
    return value
