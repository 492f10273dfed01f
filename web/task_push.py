"""What a worker that speaks on a socket says of its task: the frames that clients are told, the other way round.

`{"type": "task_output", "task_id", "output", "stream"?, "sequence"?, "partial"?, "worker"?}` is what `POST /api/tasks/ID/output`
takes, and `{"type": "task_status", "task_id", "status", ...}` what `PATCH /api/tasks/ID` does.
"""

from __future__ import annotations

from typing import Any

from oracle.border import structure
from web.errors import invalid
from web.surfaces.agent_shapes import checked_id, status_of
from web.surfaces.agent_tasks import Report, update_of
from web.surfaces.agent_work import Piece, text_of
from web.task_wishes import Asker

__all__ = ["TASK_FRAMES", "push_task"]

TASK_FRAMES = frozenset({"task_output", "task_status"})


async def push_task(ask: Asker, body: dict[str, Any]) -> dict[str, Any]:
    """Do what one frame says; what is to be acknowledged. Raises Invalid, Refused, and what an ask does."""
    ident = body.get("task_id")
    if not isinstance(ident, str):
        raise invalid("string_type", ["body", "task_id"], "Input should be a valid string", ident)
    run = await ask.find(checked_id(ident, "body", "task_id"))
    if body["type"] == "task_output":
        piece = structure(Piece, body, extras="drop", path=("body",))
        fresh = await ask.put_out(run, piece.stream, text_of(piece), piece.sequence, piece.worker or "")
        return {"task_id": run.id, "sequence": piece.sequence, "duplicate": not fresh}
    moved = await ask.update(run, update_of(structure(Report, body, extras="drop", path=("body",))))
    return {"task_id": moved.id, "status": status_of(moved)}
