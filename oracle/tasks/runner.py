"""Tasks that are worked off on this machine, by the programs that the settings allow, and by nothing else.

A program is run without a shell and with an environment of its own: what the task asks is its standard input, what it says is the
task's output. The last line of its output may be a report of what it cost, as command line agents write it:
`{"type": "result", "result": TEXT, "total_cost_usd": 0.05, "usage": {"input_tokens": 1000, "output_tokens": 500}}`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import trio

from actors import Refused
from oracle.runs.kind import Work
from oracle.runs.pace import Pace, RunPace
from oracle.runs.run import Run
from oracle.settings import Settings
from oracle.settings_runs import TaskCommand, Tasks
from oracle.tasks.prices import cost_usd
from oracle.tasks.program import Program

__all__ = ["DEMO", "commands_of", "task_work"]

DEMO = "demo"
"""The agent of the simulated market: a program that says that it is none."""
KEPT_CHARACTERS = 10_000  # of the output, in the result
_DEMO = TaskCommand(command=(sys.executable, "-u", "-m", "oracle.tasks.demo_agent"), timeout_s=60.0, memory_mb=512)


def commands_of(settings: Settings) -> Mapping[str, TaskCommand]:
    """The programs that work tasks off here, by agent; where the market is simulated one that shows how that looks."""
    demo = {DEMO: _DEMO} if settings.demo.enabled and not settings.feeds else {}
    return {**demo, **settings.tasks.commands}


def task_work(settings: Tasks, command: TaskCommand) -> Work:
    """The work of one agent's tasks."""

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        assert isinstance(pace, RunPace)
        run = pace.run
        env = {"ORACLE_TASK_ID": run.id, "ORACLE_AGENT": run.agent, "ORACLE_MODEL": run.model}
        async with Program(command.command, str(params.get("input_message", "")), command.memory_mb, env) as program:
            with trio.move_on_after(command.timeout_s) as limit:
                pace.halts_by(*_halting(program, limit))
                said = await _heard(program, pace)
                return await _outcome(settings, run, program, pace, said), ()
            raise Refused(f"it took longer than {command.timeout_s:g} s", "failed")

    return work


def _halting(program: Program, limit: trio.CancelScope) -> tuple[Callable[[], None], Callable[[], None]]:
    """Ways to halt a program and to have it go on; while it is halted its time does not run."""
    left_s = 0.0

    def stop() -> None:
        nonlocal left_s
        left_s, limit.deadline = limit.deadline - trio.current_time(), math.inf
        program.stop()

    def go() -> None:
        limit.deadline = trio.current_time() + left_s
        program.go()

    return stop, go


async def _heard(program: Program, pace: RunPace) -> str:
    """The end of all it says."""
    said = ""
    async for text in program.output():
        await pace.say("stdout", text)
        said = (said + text)[-4 * KEPT_CHARACTERS :]
    return said


async def _outcome(settings: Tasks, run: Run, program: Program, pace: RunPace, said: str) -> dict[str, Any]:
    status = await program.wait()
    errors = program.errors()
    if errors:
        await pace.say("stderr", errors + "\n")
    if status != 0:
        why = errors.rpartition("\n")[2] or "it gave no reason"
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        raise Refused(f"it ended {how}: {why}", "failed")
    report = _report(said)
    text = str(report.get("result") or said)[-KEPT_CHARACTERS:]
    changes = _numbers(settings, run, report)
    if changes:
        await pace.record("reported", f"{run.id} said what it cost", changes, **changes)
    return {"text": text, "stdout": said[-KEPT_CHARACTERS:], "exit_status": status}


def _report(said: str) -> dict[str, Any]:
    """What its last line says of itself; nothing where that is no report."""
    last = said.rstrip().rpartition("\n")[2]
    try:
        report = msgspec.json.decode(last)
    except msgspec.MsgspecError:
        return {}
    return report if isinstance(report, dict) and report.get("type") == "result" else {}


def _numbers(settings: Tasks, run: Run, report: Mapping[str, Any]) -> dict[str, Any]:
    usage = report.get("usage") if isinstance(report.get("usage"), dict) else {}
    names = ("input_tokens", "output_tokens")
    tokens = {name: usage[name] for name in names if type(usage.get(name)) is int and usage[name] >= 0}
    cost = report.get("total_cost_usd")
    if not isinstance(cost, int | float) or not 0 <= cost < 1e9:
        cost = cost_usd(settings, run.model, tokens.get("input_tokens"), tokens.get("output_tokens"))
    return {**tokens, **({} if cost is None else {"cost_usd": float(cost)})}
