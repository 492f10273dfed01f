"""The actors of runs over kinds of a test's own."""

from __future__ import annotations

from actors import Child, Supervisor
from oracle.history import inline
from oracle.runs import CREW, Kind, Pool, Runs
from oracle.runs.records import RunRecords
from oracle.runs.shelf import Shelf
from oracle.runs.wiring import crew_of
from oracle.settings_runs import Runs as Bounds


def crew_children(board, receipts, folder, store, runtime, bounds=None, begins=lambda run: True, **kinds):
    """The children for kinds, each a Kind, or work that one place is there for; `begins` says who may be worked off."""
    kinds = {name: one if isinstance(one, Kind) else Kind.of(one, "one") for name, one in kinds.items()}
    crew = crew_of(board, receipts, Shelf(folder / "runs"), kinds, {"one": Pool(1)}, bounds or Bounds(), store)
    crew.begins = begins
    records = RunRecords(board, store, runtime.now_us, run_sync=inline)
    return [Child(CREW, lambda: Supervisor((), exhausted="park")), Child("runs", lambda: Runs(crew, records))]
