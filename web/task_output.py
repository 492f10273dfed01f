"""What a task has put out, as one text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from oracle.model import Chunk
from oracle.runs.run import Run
from web.agent_frames import LINES, SPOKEN, spoken

__all__ = ["CLIPPED_CHARS", "clipped", "has_output", "output_of", "pieces_of", "with_newline"]

CLIPPED_CHARS = 65_536  # of a result, which is told whole to everybody who looks at the task
PAGE = 10_000
TOLD = tuple(sorted(LINES | SPOKEN))


def clipped(text: str) -> str:
    """The text, or as much of it as a result may have, with a mark that says so."""
    if len(text) <= CLIPPED_CHARS:
        return text
    return f"{text[:CLIPPED_CHARS]}\n[cut off here: {len(text):,} characters are more than the {CLIPPED_CHARS:,} of a result]\n"


def with_newline(text: str) -> str:
    """Lines, the last of which ends too: what comes after it begins a new one."""
    return text if text.endswith("\n") else f"{text}\n"


async def pieces_of(system: Any, run: Run, streams: Iterable[str] = ()) -> AsyncIterator[Chunk]:
    """The pieces of a task's output, in order; of these streams, or of all. Raises Refused where they can't be read."""
    after, wanted = 0, tuple(streams)
    while True:
        page = await system.outputs.chunks(run, after, PAGE, wanted)
        for one in page:
            yield one
        if len(page) < PAGE:
            return
        after = page[-1].n


async def has_output(system: Any, run: Run) -> bool:
    """Whether it has put out something that clients are told as its output."""
    return bool(await system.outputs.chunks(run, 0, 1, TOLD))


async def output_of(system: Any, run: Run) -> str:
    """Everything that clients were told as its output, one after the other."""
    return "".join([one.text if one.stream in LINES else with_newline(spoken(one)) async for one in pieces_of(system, run, TOLD)])
