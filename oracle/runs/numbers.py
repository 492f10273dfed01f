"""Names that count: exp_001, exp_002, ..."""

from __future__ import annotations

import attrs

from oracle.board import Board
from oracle.model import Command, State, event_id

__all__ = ["numbered"]

RECENT = 256  # commands that are known by the number they were given


@attrs.frozen
class _Sequence:
    """The last number that was given, and which numbers the newest commands were given, by their marks."""

    last: int = 0
    recent: dict[str, int] = attrs.field(factory=dict)


def numbered(board: Board, prefix: str, command: Command, now_us: int) -> tuple[str, State | None]:
    """The name for what a command makes, and the count that is to be stored with it; None where the command has its name."""
    known = _Sequence(**(board.get(f"sequence:{prefix}") or {}))
    mark = event_id("sequence", prefix, "runs", 0, command.id) if command.id else ""
    if mark in known.recent:  # its answer was lost
        return f"{prefix}{known.recent[mark]:03d}", None
    number = known.last + 1
    given = {**known.recent, mark: number} if mark else known.recent
    value = {"last": number, "recent": dict(list(given.items())[-RECENT:])}
    return f"{prefix}{number:03d}", board.draft(f"sequence:{prefix}", value, now_us)
