"""A notebook, in a real kernel: what runs there lives between cells, is replaced by them, and outlives what goes wrong in one."""

from __future__ import annotations

import pytest

from tests.oracle.notebook.kernels import open_kernel

START = 'import oracle; rt = oracle.start(data="lab", demo={"enabled": False}, scheduler={"enabled": False})'

JUMP = """
import attrs
from oracle.model import Finding, Severity

LEAST = 10.0

def is_jump(price):
    return price >= LEAST

@rt.watchdog
@attrs.define
class Jump:
    factor: float = 1.0
    interval_s: float = 30.0
    listens = ("trade:*",)
    memory_s = 0.0

    def update(self, trade, now):
        if is_jump(trade.price * self.factor):
            yield Finding("jump", trade.symbol, Severity.low, f"WORD {trade.price:g}", {}, now)
"""
PUSH = """
def push(price):
    rt.push([{"kind": "trade", "symbol": "X-USD", "price": price, "size": 1.0}])

def heard(act):
    with rt.stream("event:jump:*") as told:
        act()
        return next(one.data["summary"] for one in told if getattr(one, "type", "") == "event")
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with open_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        assert not kernel.run(START).error
        assert not kernel.run(PUSH).error
        yield kernel


def test_it_is_there_in_the_next_cell_and_shows_how_it_is(kernel):
    shown = kernel.run("rt").data[-1]
    assert "running" in shown["text/plain"] and "actors" in shown["text/html"]
    assert kernel.run("assert oracle.start(data='lab', demo={'enabled': False}, scheduler={'enabled': False}) is rt").error == ""


def test_a_cell_that_raises_harms_nothing(kernel):
    assert kernel.run("1 / 0").error.startswith("ZeroDivisionError")
    assert kernel.run("print(rt.watchdogs.list()[0].running)").out == "True\n"


def test_it_is_awaited_too(kernel):
    assert kernel.run("print((await rt.aio.watchdogs.list())[0].running, await rt.aio.ask('web', 0))").out.startswith("True ")


def test_a_watchdog_of_a_cell_speaks_and_running_the_cell_again_replaces_it(kernel):
    first = kernel.run(JUMP.replace("WORD", "first"))
    assert first.out == "watchdog jump: running\n", first
    assert kernel.run("print(heard(lambda: push(12.0)))").out == "first 12\n"
    again = kernel.run(JUMP.replace("WORD", "second"))
    assert again.out == "watchdog jump: running, in the place of the one before\n"
    assert kernel.run("print(heard(lambda: push(13.0)))").out == "second 13\n"
    assert kernel.run("print([one.name for one in rt.watchdogs.list()].count('jump'))").out == "1\n"


def test_a_class_of_a_cell_is_tried_on_the_past_with_what_it_uses(kernel):
    assert not kernel.run(JUMP.replace("WORD", "tried").replace("@rt.watchdog", "").replace("Jump", "Tried")).error
    assert not kernel.run("push(5.0); push(20.0)").error
    found = kernel.run("found = rt.backtest(Tried); print([row['summary'] for row in found][-1]); found")
    assert found.out == "tried 20\n", found
    assert "<svg" in found.data[-1]["text/html"] and "X-USD" in found.data[-1]["text/html"]
    assert kernel.run("print(len(rt.backtest(Tried, factor=0.0)))").out == "0\n"


def test_what_crashes_in_a_worker_is_shown_with_its_line_of_the_cell(kernel):
    cell = kernel.run(
        JUMP.replace("@rt.watchdog", "").replace("Jump", "Broken").replace("is_jump(trade.price * self.factor)", "is_jump('x')")
        + "rt.backtest(Broken)"
    )
    assert cell.error.startswith("BacktestCrashed: broken crashed: TypeError"), cell
    assert "return price >= LEAST" in cell.trace, cell.trace


def test_what_an_actor_crashes_of_is_the_cause_in_the_cell(kernel):
    assert not kernel.run("""
from actors import Actor

class Divider(Actor):
    def receive(self, number):
        return 1 / number

rt.add(Divider)
""").error
    assert kernel.run("print(rt.ask('divider', 2))").out == "0.5\n"
    cell = kernel.run("rt.ask('divider', 0)")
    assert cell.error.startswith("ActorCrashed: divider crashed: ZeroDivisionError")
    assert "return 1 / number" in cell.trace and "direct cause" in cell.trace
    assert kernel.run("print(rt.ask('divider', 4))").out == "0.25\n", "it lives again"


def test_a_part_that_crashes_by_itself_is_told_of_at_the_end_of_a_cell(kernel):
    kernel.run("pass")  # what the tests before have left
    told = kernel.run("""
with rt.stream("event:actor_crashed:divider") as news:
    rt.tell("divider", "one")
    next(one for one in news if getattr(one, "type", "") == "event")
""").err
    assert "divider has crashed, and begins anew" in told and "return 1 / number" in told, told
    assert "actors/life.py" not in told, "the house's own lines are left out"
    assert kernel.run("pass").err == "", "once"


def test_an_interrupt_ends_the_call_and_not_the_runtime(kernel):
    assert not kernel.run("""
import trio

class Slow(Actor):
    ended = 0
    async def receive(self, message):
        if message == "sleep":
            await trio.sleep_forever()

rt.add(Slow)
""").error
    cell = kernel.run("print('asking', flush=True); rt.ask('slow', 'sleep', timeout_s=1000)", during=kernel.interrupt)
    assert cell.error.startswith("KeyboardInterrupt")
    streaming = "print('hearing', flush=True)\nfor one in rt.stream('event:never:*'): pass"
    assert kernel.run(streaming, during=kernel.interrupt).error.startswith("KeyboardInterrupt")
    assert kernel.run("print(rt.ask('divider', 2))").out == "0.5\n"
    assert not kernel.run("rt.remove('slow')").error, "it ends, by force, though it sleeps for ever"


def test_stopped_it_leaves_no_thread_and_begins_again(kernel):
    stopped = kernel.run("""
import threading
rt.stop()
print(rt, sorted({one.name for one in threading.enumerate() if "oracle" in one.name or one.name == "history"}))
""")
    assert stopped.out.endswith("stopped> []\n"), stopped
    assert kernel.run("rt.watchdogs.list()").error.startswith("Closed")
    assert not kernel.run(START).error
    assert kernel.run("print([one.name for one in rt.watchdogs.list()].count('jump'))").out == "0\n", "code does not outlive it"


def test_killed_it_leaves_nothing_locked_and_the_next_one_has_the_past(kernel):
    assert kernel.run(JUMP.replace("WORD", "before") + PUSH + "\nprint(heard(lambda: push(30.0)))").out.endswith("before 30\n")
    assert not kernel.run("push(1.0)").error  # answered once it and all before it are recorded
    kernel.kill()
    kernel.restart()
    assert not kernel.run(START).error
    past = kernel.run("print([row['summary'] for row in rt.history.events(kind='jump')])").out
    assert "before 30" in past
    assert kernel.run("print(rt.get('api/oracle/board', kind='watchdog')['items'][-1]['ref'])").out != "watchdog:jump\n"
