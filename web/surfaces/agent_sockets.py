"""agent-bot's sockets beside `/ws`. Paths without parameters count before `/ws/{session_id}`."""

from __future__ import annotations

from web.errors import invalid
from web.frames import agent
from web.routes import WS, Auth, Call, Route, Scope
from web.session_socket import PASSIVE_TOPICS, STREAM_TOPICS, Passive, SessionSocket, TaskStream
from web.visitor import session

__all__ = ["ROUTES"]

MOST_CHARS = 200


async def session_stream(call: Call) -> None:
    """How every task gets on, and which command lines are open, told to everybody: `task_status` and `cli_status_update`.

    The client may send `chat.message {message, conversation_id?}`, `task.stop {task_id}` and `task.input {task_id, message}`,
    which do what the routes of that name do (scope operate).
    """
    ident, system, visitor = call.args["session_id"], call.system, call.visitor
    if len(ident) > MOST_CHARS:
        reason = f"String should have at most {MOST_CHARS} characters"
        raise invalid("string_too_long", ["path", "session_id"], reason, ident[:80])
    await session(system, visitor, lambda: SessionSocket(system, visitor, ident, PASSIVE_TOPICS, Passive()))


async def task_stream(call: Call) -> None:
    """What all tasks put out: `task:created`, `task:output {task_id, chunk}`, `task:completed`, `task:failed`."""
    system, visitor = call.system, call.visitor
    await session(system, visitor, lambda: SessionSocket(system, visitor, "", STREAM_TOPICS, TaskStream()))


ROUTES = (
    Route(WS, "/ws/task-stream", task_stream, Auth.token, Scope.read, tag="agent_bot", tells=agent.STREAM),
    Route(WS, "/ws/{session_id}", session_stream, Auth.token, Scope.read, tag="agent_bot", tells=agent.SESSION,
          hears=agent.HEARD),
)
