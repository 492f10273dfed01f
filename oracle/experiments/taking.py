"""What a run is to be told of a report, decided by the one who keeps it: two reports at once are taken one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from oracle.experiments.figures import figures_of
from oracle.experiments.reports import ClientReport, RoundReport, known_round, with_client, with_round
from oracle.model import Sample
from oracle.runs.run import Run, Status

__all__ = ["Told", "begun_told", "client_told", "result_of", "round_told"]

Told = Callable[[Run, int], Mapping[str, Any] | None]
"""Given the run as it is and the time, what it is told (`decide` of a report, `oracle.runs.actor`). Raises Refused."""


def round_told(report: RoundReport) -> Told:
    """A round; the last one completes the experiment. Of a round that is known there is nothing to tell."""

    def told(run: Run, now_us: int) -> Mapping[str, Any] | None:
        if known_round(run, report):
            return None
        facts, total = with_round(run, report, now_us), figures_of(run).rounds_total
        last = report.round == total
        clients = f" with {len(report.clients)} clients" if report.clients else ""
        summary = f"Round {report.round} of {total}{clients}: accuracy {report.accuracy:g}, loss {report.loss:g}"
        data = {"round": report.round, "accuracy": report.accuracy, "loss": report.loss, "duration_s": report.duration_s,
                "bytes": report.bytes}  # fmt: skip
        end = {"status": Status.completed} if last else {}
        changes = {"attempts": 1, **({"result": result_of(facts)} if last else {})}  # it gets on: the count begins anew
        progress = 1.0 if last else round(facts["rounds"] / total, 4)
        samples = _samples(run, data, now_us)
        return {"facts": facts, "event": ["round", summary, data], "progress": progress, "samples": samples,
                "changes": changes, **end}  # fmt: skip

    return told


def begun_told() -> Told:
    """That somebody is at work, where it still waits for that."""

    def told(run: Run, now_us: int) -> Mapping[str, Any] | None:
        return {"status": Status.running} if run.status is Status.queued else None

    return told


def client_told(report: ClientReport) -> Told:
    """One client's word."""

    def told(run: Run, now_us: int) -> Mapping[str, Any]:
        return {"facts": with_client(run, report, now_us)}

    return told


def result_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What an experiment came to."""
    best = max((row["accuracy"] for row in facts.get("history", ())), default=None)
    return {"rounds": facts["rounds"], "accuracy": facts["accuracy"], "loss": facts["loss"], "best_accuracy": best}


def _samples(run: Run, data: Mapping[str, Any], now_us: int) -> list[Sample]:
    units = {"accuracy": "1", "loss": "1", "duration_s": "s", "bytes": "B"}
    names = {"duration_s": "round_duration"}
    return [Sample(names.get(name, name), run.ref, float(data[name]), unit, now_us, "runs")
            for name, unit in units.items() if data[name] is not None]  # fmt: skip
