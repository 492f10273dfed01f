"""Tasks are worked off by real programs: told, heard, bounded in time, memory and output, halted and ended whole."""

import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio

from actors.testing import probe
from oracle.model import Command
from oracle.runs import run_of
from oracle.settings import Data, Demo, Scheduler, Settings
from oracle.settings_runs import Runs, TaskCommand, Tasks
from oracle.system import open_system
from oracle.tasks.begun import Begun

ECHO = "import sys; print('first', flush=True); print(sys.stdin.read().upper())"
REPORT = (
    'print("hi"); print(\'{"type": "result", "result": "done it", "usage": {"input_tokens": 1000000, "output_tokens": 0}}\')'
)
FORKS = "import os, time\nif os.fork() == 0: time.sleep(600)\nprint(os.getpid(), flush=True)\ntime.sleep(600)"
COUNTS = "import time, itertools\nfor n in itertools.count():\n print(n, flush=True)\n time.sleep(0.01)"


def program(code, **bounds):
    return TaskCommand(command=(sys.executable, "-c", code), **bounds)


LATE = "import sys\n" + REPORT.partition("; ")[2] + "; sys.exit(int(sys.stdin.read()))"
BRACES = """print('{"a": 1}', flush=True); print('{"type": "result"\\n')"""
COMMANDS = {
    "stammers": program("for part in ('o', 'ne', chr(10), 'two' + chr(10) + 'th', 'ree'): print(part, end='', flush=True)"),
    "reports": program(LATE), "braces": program(BRACES),
    "echo": program(ECHO), "report": program(REPORT), "breaks": program("import sys; sys.exit('no such luck')"),
    "sleeps": program("import time; time.sleep(600)", timeout_s=0.3), "forks": program(FORKS), "counts": program(COUNTS),
    "eats": program("x = bytearray(400_000_000)", memory_mb=200), "talks": program("print('x' * 5_000)"),
    "missing": TaskCommand(command=("/no/such/program",)),
}  # fmt: skip


@asynccontextmanager
async def open_desk(folder, **more):
    settings = Settings(data=Data(folder=folder), demo=Demo(enabled=False), scheduler=Scheduler(enabled=False),
                        tasks=Tasks(commands=COMMANDS), **more)  # fmt: skip
    async with open_system(settings) as system:
        yield system


async def begun(system, agent, words="hello", **more):
    args = {"kind": "task", "params": {"input_message": words}, "agent": agent, **more}
    return await system.runtime.ask("runs", Command("start", args))


async def seen(system, run, *statuses):
    heard = probe(system.runtime, f"state:{run.ref}")
    with trio.fail_after(30):
        while (now := run_of(system.board.get(run.ref))).status not in statuses:
            await heard.next()
    heard.close()
    return now


async def over(system, run):
    return await seen(system, run, "completed", "failed", "stopped", "cancelled")


def alive(pid):
    """Whether a process is there and not merely waiting to be buried."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


async def test_what_a_task_asks_is_read_and_what_the_program_says_is_told_and_kept(tmp_path):
    async with open_desk(tmp_path) as system:
        heard = probe(system.runtime, "output:*")
        done = await over(system, await begun(system, "echo", "shout this", conversation="conv-1"))
        assert (done.status, done.result["text"], done.result["exit_status"]) == ("completed", "first\nSHOUT THIS\n", 0)
        assert "".join(one.text for one in heard.took()) == "first\nSHOUT THIS\n"
        said = system.runtime.bus.retained("message:*")
        assert done.duration_s > 0 and not said
        with system.store.reading() as cursor:
            rows = cursor.execute("SELECT DISTINCT role, content FROM message").fetchall()
        assert rows == [("assistant", "first\nSHOUT THIS\n")]


@pytest.mark.parametrize(("agent", "words", "told", "status"), [
    ("report", "", "hi\n", "completed"), ("reports", "0", "done it\n", "completed"), ("reports", "3", "", "failed"),
])  # fmt: skip
async def test_a_program_says_what_it_cost_or_its_tokens_are_priced(tmp_path, agent, words, told, status):
    async with open_desk(tmp_path) as system:
        heard = probe(system.runtime, "output:*")
        done = await over(system, await begun(system, agent, words, model="claude-opus-4"))
        assert (done.status, done.input_tokens, done.cost_usd) == (status, 1_000_000, 15.0)
        assert "".join(one.text for one in heard.took()) == told  # the report itself is no output
        assert done.result is None or (done.result["text"], done.result["stdout"].strip()) == ("done it", told.strip())


async def test_lines_are_told_whole_however_they_are_written(tmp_path):
    async with open_desk(tmp_path) as system:
        heard = probe(system.runtime, "output:*")
        await over(system, await begun(system, "stammers"))
        pieces = [one.text for one in heard.took()]
        assert "".join(pieces) == "one\ntwo\nthree" and all(text.endswith("\n") for text in pieces[:-1])


async def test_a_last_line_that_is_no_report_is_told(tmp_path):
    async with open_desk(tmp_path) as system:
        heard = probe(system.runtime, "output:*")
        done = await over(system, await begun(system, "braces"))
        assert "".join(one.text for one in heard.took()) == done.result["stdout"] == '{"a": 1}\n{"type": "result"\n\n'


@pytest.mark.parametrize(("agent", "why"), [
    ("breaks", "it ended with status 1: no such luck"), ("sleeps", "it took longer than 0.3 s"),
    ("eats", "it ended with status 1"),
    ("missing", "/no/such/program can't be run: there is no such program here"),
])  # fmt: skip
async def test_what_goes_wrong_is_said(tmp_path, agent, why):
    async with open_desk(tmp_path) as system:
        done = await over(system, await begun(system, agent))
        assert done.status == "failed" and done.error.startswith(why)


async def test_one_that_is_called_off_ends_with_all_it_has_begun(tmp_path):
    async with open_desk(tmp_path) as system:
        heard = probe(system.runtime, "output:*")
        run = await begun(system, "forks")
        pid = int((await heard.next()).text)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert children and all(map(alive, [pid, *children]))
        await system.runtime.ask(run.ref, Command("cancel", {}))
        with trio.fail_after(10):
            while any(map(alive, [pid, *children])):
                await trio.lowlevel.checkpoint()
        assert run_of(system.board.get(run.ref)).status == "cancelled"


async def test_one_whose_watcher_was_killed_is_ended_by_the_next_and_nobody_else_is(tmp_path):
    async with open_desk(tmp_path) as system:
        run = await begun(system, "sleeps")
        await seen(system, run, "running")
        await over(system, run)
    folder = tmp_path / "programs"
    assert list(folder.iterdir()) == [], "what has ended is forgotten"
    left, other = (subprocess.Popen(["sleep", "600"], start_new_session=True) for _ in range(2))
    Begun(folder).note(left.pid)
    (folder / f"{other.pid}-1").touch()  # a number that was given anew
    async with open_desk(tmp_path):
        assert left.wait(10) == -signal.SIGKILL and other.poll() is None
        assert list(folder.iterdir()) == []
    other.kill()
    other.wait()


async def test_one_that_is_paused_halts_where_it_is_and_goes_on(tmp_path):
    async with open_desk(tmp_path) as system:
        heard = probe(system.runtime, "output:*")
        run = await begun(system, "counts")
        await heard.next()
        assert (await system.runtime.ask(run.ref, Command("pause", {}))).status == "paused"
        with trio.move_on_after(0.3):  # what it had said before may still come
            while True:
                await heard.next()
        with trio.move_on_after(0.2):
            await heard.next()
            raise AssertionError("it goes on")
        assert (await system.runtime.ask(run.ref, Command("resume", {}))).status == "running"
        with trio.fail_after(10):
            await heard.next()
        await system.runtime.ask(run.ref, Command("stop", {}))


async def test_output_beyond_the_limit_is_left_out_with_a_mark(tmp_path):
    async with open_desk(tmp_path, runs=Runs(output_limit_bytes=1024)) as system:
        heard = probe(system.runtime, "output:*")
        done = await over(system, await begun(system, "talks"))
        pieces = heard.took()
        assert sum(len(one.text) for one in pieces if one.stream == "stdout") == 1024
        assert [one.stream for one in pieces][-1] == "mark" and done.facts["output_dropped_bytes"] == 5_001 - 1024


async def test_the_demonstration_says_that_it_is_one(tmp_path):
    settings = Settings(data=Data(folder=tmp_path), demo=Demo(enabled=True), scheduler=Scheduler(enabled=False))
    quiet = attrs.evolve(settings, demo=Demo(enabled=False))
    from oracle.tasks.runner import DEMO, commands_of

    assert set(commands_of(settings)) == {DEMO} and not commands_of(quiet)
    async with open_system(attrs.evolve(quiet, tasks=Tasks(commands=dict(commands_of(settings))))) as system:
        done = await over(system, await begun(system, DEMO, "one two"))
        assert done.result["text"] == "[demo agent] You asked in 2 words: one two"
        assert all("[demo agent]" in line for line in done.result["stdout"].splitlines())


async def test_tasks_that_come_in_a_burst_all_wait_for_a_place(tmp_path):
    async with open_desk(tmp_path) as system:
        runs = [await begun(system, "forks") for _ in range(24)]
        waiting = [run for run in runs if system.board.get(run.ref)["status"] == "queued"]
        assert len(waiting) >= 24 - system.settings.tasks.at_once


async def test_what_was_cut_off_has_failed_with_a_word_and_what_waited_is_worked_off(tmp_path):
    async with open_desk(tmp_path) as system:
        cut = [await begun(system, "forks", conversation=f"conv-{n}") for n in range(system.settings.tasks.at_once)]
        for run in cut:
            await seen(system, run, "running")
        waits = await begun(system, "echo", "at last")
    async with open_desk(tmp_path) as system:
        assert (await over(system, waits)).result["text"] == "first\nAT LAST\n"
        for n, run in enumerate(cut):
            failed = run_of(system.board.get(run.ref))
            assert (failed.status, failed.error) == ("failed", "interrupted: the process ended")
            (said,) = await system.outputs.messages(f"conv-{n}")
            assert (said.role, said.content, said.run) == ("assistant", "interrupted: the process ended", run.id)
