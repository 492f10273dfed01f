"""Tasks that are worked off on this machine, by the programs that the settings allow, and by nothing else.

A program is run without a shell and with an environment of its own: what the task asks is its standard input, what it says is the
task's output. Its last line may be a report of what it cost, as command line agents write it, which is not told as output:
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
from oracle.tasks.begun import Begun
from oracle.tasks.prices import cost_usd
from oracle.tasks.program import Program

__all__ = ["DEMO", "commands_of", "task_work"]

DEMO = "demo"
"""The agent of the simulated market: a program that says that it is none."""
KEPT_CHARACTERS = 10_000  # of the output, in the result
LONGEST_REPORT = 1024 * 1024  # characters
LONGEST_LINE = 8 * 1024  # likewise, of one that is told whole
_DEMO = TaskCommand(command=(sys.executable, "-u", "-m", "oracle.tasks.demo_agent"), timeout_s=60.0, memory_mb=512)


def commands_of(settings: Settings) -> Mapping[str, TaskCommand]:
    """The programs that work tasks off here, by agent; where the market is simulated one that shows how that looks."""
    demo = {DEMO: _DEMO} if settings.demo.enabled and not settings.feeds else {}
    return {**demo, **settings.tasks.commands}


def task_work(settings: Tasks, command: TaskCommand, begun: Begun) -> Work:
    """The work of one agent's tasks; `begun` knows the programs that are at it."""

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        assert isinstance(pace, RunPace)
        run = pace.run
        env = {"ORACLE_TASK_ID": run.id, "ORACLE_AGENT": run.agent, "ORACLE_MODEL": run.model}
        async with Program(command.command, str(params.get("input_message", "")), command.memory_mb, env, begun) as program:
            said = _Said(pace)
            with trio.move_on_after(command.timeout_s) as limit:
                pace.halts_by(*_halting(program, limit))
                await said.hear(program)
                return await _outcome(settings, run, program, pace, said), ()
            await said.report()  # what it had begun to say
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


class _Said:
    """What a program says: told line by line as it comes, but for a last line that is its report."""

    def __init__(self, pace: RunPace) -> None:
        self._pace = pace
        self._line = ""  # the last one, as long as it goes on or may be a report
        self.end = ""
        """Of all that was told."""

    async def hear(self, program: Program) -> None:
        """Tell it to the end."""
        async for text in program.output():
            text = self._line + text
            held = text.rstrip().rfind("\n") + 1
            if not text.startswith("{", held):
                held = text.rfind("\n") + 1
            if len(text) - held > (LONGEST_REPORT if text.startswith("{", held) else LONGEST_LINE):
                held = len(text)
            self._line = text[held:]
            await self._tell(text[:held])

    async def report(self) -> dict[str, Any]:
        """What its last line says of itself; nothing where that is no report, and then it is told too."""
        line, self._line = self._line, ""
        try:
            report = msgspec.json.decode(line)
        except msgspec.MsgspecError:
            report = None
        if isinstance(report, dict) and report.get("type") == "result":
            return report
        await self._tell(line)
        return {}

    async def _tell(self, text: str) -> None:
        if text:
            await self._pace.say("stdout", text)
            self.end = (self.end + text)[-KEPT_CHARACTERS:]


async def _outcome(settings: Tasks, run: Run, program: Program, pace: RunPace, said: _Said) -> dict[str, Any]:
    status, report = await program.wait(), await said.report()
    errors = program.errors()
    if errors:
        await pace.say("stderr", errors + "\n")
    changes = _numbers(settings, run, report)
    if changes:  # what has failed has cost that too
        await pace.record("reported", f"{run.id} said what it cost", changes, **changes)
    if status != 0:
        why = errors.rpartition("\n")[2] or "it gave no reason"
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        raise Refused(f"it ended {how}: {why}", "failed")
    text = str(report.get("result") or said.end)[-KEPT_CHARACTERS:]
    if not said.end and text:  # all that it said was a report
        await pace.say("stdout", text + "\n")
    return {"text": text, "stdout": said.end or text, "exit_status": status}


def _numbers(settings: Tasks, run: Run, report: Mapping[str, Any]) -> dict[str, Any]:
    usage = report.get("usage") if isinstance(report.get("usage"), dict) else {}
    names = ("input_tokens", "output_tokens")
    tokens = {name: usage[name] for name in names if type(usage.get(name)) is int and usage[name] >= 0}
    cost = report.get("total_cost_usd")
    if not isinstance(cost, int | float) or not 0 <= cost < 1e9:
        cost = cost_usd(settings, run.model, tokens.get("input_tokens"), tokens.get("output_tokens"))
    return {**tokens, **({} if cost is None else {"cost_usd": float(cost)})}
