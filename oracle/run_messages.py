"""What runs put out, what is said in conversations, and how a run that is over is stored."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

__all__ = ["Chunk", "Message", "RunRow"]


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """A piece of what a run put out: the `n`-th of its run (from 1). `stream` is stdout, stderr, or the kind of an entry of its
    log (thinking, tool_call, user_input, ...), whose `text` is JSON then. A text may hold several lines."""

    retained: ClassVar[bool] = False
    run: str
    n: int
    stream: str
    text: str
    ts_us: int

    @property
    def topic(self) -> str:
        return f"output:{self.run}"


class Message(msgspec.Struct, frozen=True, gc=False):
    """What somebody said in a conversation. `role` is user, assistant or system; `run` the task it belongs to, or empty."""

    retained: ClassVar[bool] = False
    id: str
    conversation: str
    role: str
    content: str
    run: str
    metadata: dict[str, Any]
    ts_us: int

    @property
    def topic(self) -> str:
        return f"message:{self.conversation}"


class RunRow(msgspec.Struct, frozen=True, gc=False):
    """A run that is over, as it is stored for ever and never published. Of the rows of an `id` the one of the highest `revision`
    counts. `ts_us` is when it was created; a number that nobody said is None; `value` is all of it (`oracle.runs.Run`)."""

    id: str
    revision: int
    kind: str
    status: str
    name: str
    owner: str
    agent: str
    model: str
    session: str
    conversation: str
    source: str
    ts_us: int
    started_us: int | None
    finished_us: int | None
    duration_s: float | None
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    failed: bool  # it has an error
    rounds: int | None
    rounds_total: int | None
    clients: int | None
    accuracy: float | None
    loss: float | None
    value: dict[str, Any]
