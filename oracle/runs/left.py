"""What becomes of runs that the process before this one left behind."""

from __future__ import annotations

import attrs

from oracle.model import Command, Event
from oracle.runs.crew import Crew
from oracle.runs.kept import told
from oracle.runs.run import Run, Status

__all__ = ["after_cut_off", "owned_up"]

CUT_OFF = "interrupted: the process ended"


def after_cut_off(run: Run, crew: Crew, now_us: int) -> Run:
    """How one that is not over goes on; itself, where nothing of it was cut off."""
    kind = crew.kinds.get(run.kind)
    worked_here = kind is not None and kind.work_of(run) is not None
    if kind is not None and not worked_here:
        lease_us = int(max(crew.runs.lease_s, run.lease_s or 0.0) * 1e6)  # nobody could be heard meanwhile
        return run if run.lease_until_us is None else attrs.evolve(run, lease_until_us=now_us + lease_us)
    if kind is not None and (run.status is Status.created or (kind.again and run.status is Status.paused)):
        return run
    anew = kind is not None and kind.again and run.attempts < crew.runs.attempts
    if run.status is Status.queued and (anew or (kind is not None and kind.patient)):
        return run
    if anew:
        return run.moved(Status.queued, now_us, reason=CUT_OFF)
    return run.moved(Status.failed, now_us, error=CUT_OFF)


def owned_up(run: Run, now_us: int) -> Event:
    """Says so."""
    what = {Status.queued: "requeued", Status.failed: "failed"}.get(run.status, "kept")
    return told(what, run, Command(what, by="runs"), now_us, f"{run.id} is {run.status}: {CUT_OFF}")
