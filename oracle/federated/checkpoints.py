"""The newest round of each experiment, whole, in a file of its own: training goes on from there after any end of the process."""

from __future__ import annotations

import msgspec

from oracle.federated.wire import RoundDone
from oracle.runs.run import Run
from oracle.runs.shelf import Shelf

__all__ = ["checkpoint_name", "drop", "keep", "kept"]


class _Kept(msgspec.Struct, frozen=True):
    """`created_us` tells a run from another one that had its name in a history that is no more."""

    created_us: int
    done: RoundDone


def checkpoint_name(ident: str) -> str:
    """What the file of a run is called on the shelf."""
    return f"{ident}~checkpoint"


def keep(shelf: Shelf, run: Run, done: RoundDone) -> None:
    """Keep a round in the place of the one before. Blocks, until it is on disk."""
    shelf.put(checkpoint_name(run.id), [_Kept(run.created_us, done)])


def kept(shelf: Shelf, run: Run) -> RoundDone | None:
    """The round to go on from: the newest that the run knows of, or the next, where that was kept and no more. None where there
    is no such file, and all is computed once more. Blocks."""
    try:
        rows, _ = shelf.get(checkpoint_name(run.id), 0, 1)
        found = msgspec.convert(rows[0], _Kept) if rows else None
    except msgspec.MsgspecError:
        return None
    if found is None or found.created_us != run.created_us or found.done.round > run.facts.get("rounds", 0) + 1:
        return None
    return found.done


def drop(shelf: Shelf, ident: str) -> None:
    """The run is over, and so is its training. Blocks."""
    shelf.drop(checkpoint_name(ident))
