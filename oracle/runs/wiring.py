"""Settings in, the desk and the actors of runs out; the one table of the kinds of runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from actors import Child, Supervisor
from oracle.alerts import CHANNELS
from oracle.alerts.preview import preview_work
from oracle.backtest import backtest_work
from oracle.board import Board
from oracle.experiments import KIND as EXPERIMENT
from oracle.experiments import trained_here
from oracle.federated.work import federated_work
from oracle.history import Store
from oracle.history.lines import Lines
from oracle.history.pieces import ends
from oracle.receipts import Receipts
from oracle.runs.crew import CREW, Crew, Put
from oracle.runs.desk import Runs
from oracle.runs.kind import Kind, Work
from oracle.runs.pool import Pool
from oracle.runs.run import Run, Status, run_of
from oracle.runs.shelf import Shelf
from oracle.schedule.work import job_work
from oracle.services import config_of
from oracle.settings import Settings
from oracle.settings_runs import Runs as Bounds
from oracle.tasks.begun import Begun
from oracle.tasks.reply import last_words
from oracle.tasks.runner import commands_of, task_work
from oracle.trading.backtest.work import KIND, strategy_work

__all__ = ["crew_of", "pools_of", "run_children"]

TASKS_WAITING = 10_000  # deliveries of webhooks come in bursts, and who sends one does not come back
EXPERIMENTS = 10  # at work at once, unless the configuration says otherwise


def pools_of(settings: Settings) -> dict[str, Pool]:
    """The places to work at, by name."""
    return {
        "computing": Pool(settings.runs.computing), "jobs": Pool(settings.runs.jobs), "experiments": Pool(EXPERIMENTS),
        "tasks": Pool(settings.tasks.at_once, TASKS_WAITING),
    }  # fmt: skip


def run_children(system: Any) -> list[Child]:
    """The supervisor of those at work, and then the desk, which begins them; `system` is an `oracle.system.System`."""
    kinds, bounds = kinds_of(system), system.settings.runs
    crew = crew_of(system.board, system.receipts, system.shelf, kinds, system.pools, bounds, system.store)
    crew.admit, crew.begins, crew.spend = system.budgets.admit, system.budgets.begins, system.budgets.spend
    return [
        Child(CREW, lambda: Supervisor((), exhausted="park"), grace_s=5.0),
        Child("runs", lambda: Runs(crew, system.records), capacity=10_000),
    ]


def crew_of(board: Board, receipts: Receipts, shelf: Shelf, kinds: Mapping[str, Kind], pools: Mapping[str, Pool], bounds: Bounds,
            store: Store) -> Crew:  # fmt: skip
    """What they share, knowing how far the output of those on the board goes."""
    runs = [run_of(state.value) for state in board.kind("run") if state.value]
    dropped = {run.id: run.facts.get("output_dropped_bytes", 0) for run in runs if not run.over}
    outputs = {ident: Put(pieces, size, dropped[ident]) for ident, (pieces, size) in ends(store, list(dropped)).items()}
    return Crew(board, receipts, shelf, kinds, pools, bounds, store.statistics, outputs)


def kinds_of(system: Any) -> Mapping[str, Kind]:
    """What there is to be run, by name."""
    settings, queries, runtime = system.settings, system.queries, system.runtime
    lines = Lines(system.store)
    job = job_work(system.board, queries, runtime, settings.trading, settings.risk)
    backtest = backtest_work(queries, system.tape, lines, system.watchdogs, runtime.now_us)
    training = federated_work(system.shelf, settings.experiments, runtime.now_us)
    begun = Begun(settings.data.folder / "programs")
    begun.end_all()
    works = {name: task_work(settings.tasks, command, begun) for name, command in commands_of(settings).items()}
    return {
        "job": Kind.of(job, "jobs"),
        "backtest": Kind.of(backtest, "computing"),
        KIND: Kind.of(strategy_work(queries, settings, runtime.now_us), "computing"),
        "alert_preview": Kind.of(preview_work(queries, system.tape, lines, CHANNELS, runtime.now_us), "computing"),
        EXPERIMENT: Kind(
            lambda run: training if trained_here(run.params) else None, "experiments", Status.created, again=True, shared=True,
            timely=lambda: config_of(system.board).features.experiment_scheduling,
        ),
        "task": Kind(partial(_of_agent, works), pool="tasks", patient=True, last_words=last_words),
    }


def _of_agent(works: Mapping[str, Work], run: Run) -> Work | None:
    return works.get(run.agent)
