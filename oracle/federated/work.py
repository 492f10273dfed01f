"""An experiment as a run, whose rounds are recorded one by one, each after it is on disk."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import trio

from actors import Refused
from oracle.federated.checkpoints import drop, keep, kept
from oracle.federated.course import Course
from oracle.federated.job import Training
from oracle.federated.pictures import missing
from oracle.federated.plan import Plan, plan_of
from oracle.federated.wire import Ready, RoundDone
from oracle.problems import Invalid
from oracle.runs.kind import Work
from oracle.runs.pace import RunPace
from oracle.runs.shelf import Shelf
from oracle.settings_runs import Experiments

__all__ = ["federated_work", "why_not"]


def why_not(params: dict[str, Any], experiments: Experiments) -> str:
    """Why an experiment can't be trained here, in words; empty where it can. Raises Invalid."""
    return missing(plan_of(params).configuration, experiments.mnist_folder)


def federated_work(shelf: Shelf, experiments: Experiments, now_us: Callable[[], int]) -> Work:
    """The work of experiments of the scenario `basic_fl`. A round is recorded once its checkpoint is on the shelf; one that was
    cut off goes on from there."""

    async def work(params: dict[str, Any], pace: RunPace) -> tuple[dict[str, Any], Sequence[Any]]:
        try:
            plan = plan_of(params)
        except Invalid as error:
            raise Refused(str(error), "invalid") from error
        if why := missing(plan.configuration, experiments.mnist_folder):
            raise Refused(why, "unavailable")
        run = pace.run
        last = await trio.to_thread.run_sync(kept, shelf, run)
        course = Course(plan, run, pace, now_us)
        training = await Training.begun(plan, experiments.mnist_folder, last and last.checkpoint)
        try:
            ready = await training.ready()
            await course.begin(ready)
            if last is not None:
                await course.note(last)
            while last is None or last.round < plan.configuration.rounds:
                last = await training.round(pace)
                await trio.to_thread.run_sync(keep, shelf, run, last)
                await course.note(last, training.wall_s)
        finally:
            await training.close()
        await trio.to_thread.run_sync(drop, shelf, run.id)
        return course.result(ready), [*course.history, _model(plan, ready, last)]

    return work


def _model(plan: Plan, ready: Ready, last: RoundDone) -> dict[str, Any]:
    """The trained net, as the last row of the result."""
    return {"model": plan.configuration.model, "parameters": ready.parameters, "format": "float32, little endian, base64",
            "weights": base64.b64encode(last.checkpoint.weights).decode()}  # fmt: skip
