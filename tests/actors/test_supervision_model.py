"""Supervisors against a small reference model: who lives, in which order they start and stop, what is charged.

Hypothesis draws a supervisor and a script of faults and commands; at the end the script runs in virtual time, and after
each step the tree must look as the model says. Starts and stops take no time here; slow ones have tests of their own.
"""

import random

import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from trio.testing import MockClock, wait_all_tasks_blocked

from actors import Actor, Child, NobodyOwns, Supervisor, open_runtime, trio_clock
from actors.policy import charged_delay_s, expected_delay_s
from tests.actors.reference import Reference
from tests.soak import rounds

NAMES = ["a", "b", "c", "d"]
ERRORS = {"bug": RuntimeError, "outage": OSError}
SEED = 11


class Scripted(Actor):
    """Logs its starts and stops, and crashes as it is told or as its next starts are doomed to."""

    def __init__(self, log, doomed_starts):
        self.log = log
        self.doomed_starts = doomed_starts

    @property
    def listens(self):
        return (f"for:{self.name}",)

    async def start(self):
        self.log.append(("start", self.name))
        if self.doomed_starts.get(self.name):
            raise ERRORS[self.doomed_starts[self.name].pop()]("at start")

    def receive(self, message):
        if message in ERRORS:
            raise ERRORS[message]("told to")
        if message == "finish":
            self.finish()
        return "pong"

    async def stop(self):
        self.log.append(("stop", self.name))


names = st.sampled_from(NAMES)
restarts = st.sampled_from(["permanent", "transient", "temporary"])
errors = st.sampled_from(sorted(ERRORS))


class Supervision(RuleBasedStateMachine):
    """Draws the script; `teardown` plays it."""

    @initialize(
        strategy=st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]),
        exhausted=st.sampled_from(["escalate", "park"]),
        max_restarts=st.integers(0, 3),
        kinds=st.lists(restarts, min_size=1, max_size=3),
        ending=st.sampled_from(["leave", "cancel", "raise", "remove"]),
    )
    def a_supervisor(self, strategy, exhausted, max_restarts, kinds, ending):
        self.policy = {"strategy": strategy, "exhausted": exhausted, "max_restarts": max_restarts}
        self.kinds = dict(zip(NAMES, kinds, strict=False))
        self.ending = ending
        self.script = []

    @rule(name=names, what=errors, dooms=st.lists(errors, max_size=3), doomed=names)
    def crash(self, name, what, dooms, doomed):
        self.script.append(("crash", name, what, doomed, dooms))

    @rule(step=st.sampled_from(["kill", "restart", "remove", "finish", "ask"]), name=names)
    def command(self, step, name):
        self.script.append((step, name))

    @rule(name=names, kind=restarts, dooms=st.lists(errors, max_size=2))
    def add(self, name, kind, dooms):
        self.script.append(("add", name, kind, dooms))

    @rule(seconds=st.sampled_from([0.137, 0.371, 5.3, 101.7]))
    def wait(self, seconds):
        self.script.append(("wait", seconds))

    def teardown(self):
        if hasattr(self, "script"):
            trio.run(play, self.policy, self.kinds, self.script, self.ending, clock=MockClock(autojump_threshold=0))


async def play(policy, kinds, script, ending):
    log, doomed_starts, asked = [], {}, []

    def spec(name, kind):
        return Child(name, lambda: Scripted(log, doomed_starts), kind, expected=(OSError,))

    draw = random.Random(SEED)
    model = Reference(
        **policy,
        doomed_starts=doomed_starts,
        charged_delay_s=charged_delay_s,
        expected_delay_s=lambda streak: expected_delay_s(streak, draw.random()),
    )
    supervisor = Child("sup", lambda: Supervisor([spec(n, k) for n, k in kinds.items()], **policy), "temporary")
    try:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as askers, open_runtime([supervisor], clock=trio_clock(0), seed=SEED) as rt:
                now_s = trio.current_time()
                for name, kind in kinds.items():
                    model.add(now_s, name, kind)
                for step in script:
                    model.copy_dooms()
                    await act(rt, model, spec, askers, asked, doomed_starts, step)
                    await wait_all_tasks_blocked()
                    compare(rt, model, log, step)
                    await trio.sleep(0.0113)  # no two steps fall into one instant
                    model.advance(trio.current_time())
                    await wait_all_tasks_blocked()
                    compare(rt, model, log, "time")
                model.end_all()
                if ending == "remove" and rt.alive("sup"):
                    await rt.remove("sup")
                    assert rt.bus.listeners() == 0
                elif ending == "cancel":
                    scope.cancel()
                    await trio.sleep_forever()
                elif ending == "raise":
                    raise KeyError("the body's own")
    except* KeyError:
        assert ending == "raise"
    assert log == model.log
    assert rt.bus.listeners() == 0
    assert rt.timers.pending() == 0
    assert not rt._cells
    if ending != "cancel":
        assert all(answer in ("pong", "NobodyOwns", "ActorCrashed") for answer in asked), asked
    assert len(asked) == sum(step[0] == "ask" for step in script)
    mine = trio.lowlevel.current_task().child_nurseries
    assert not mine


async def act(rt, model, spec, askers, asked, doomed_starts, step):
    now_s = trio.current_time()
    match step:
        case ("wait", seconds):
            await trio.sleep(seconds)
            model.advance(trio.current_time())
        case ("crash", name, what, doomed, dooms):
            if model.is_up(name):
                doomed_starts[doomed] = list(dooms)
                model.copy_dooms()
                rt.tell(name, what)
                model.crash(now_s, name, what)
        case ("kill", name):
            if model.knows(name):
                rt.kill(name)
                model.kill(now_s, name)
        case ("restart", name):
            if model.knows(name):
                rt.restart(name)
                model.restart(now_s, name)
        case ("finish", name):
            if model.is_up(name):
                rt.tell(name, "finish")
                model.finish(now_s, name)
        case ("remove", name):
            if model.knows(name):
                await rt.remove(name)
                model.remove(name)
        case ("add", name, kind, dooms):
            if model.running and not model.knows(name):
                doomed_starts[name] = list(dooms)
                model.copy_dooms()
                rt.add(spec(name, kind), under="sup")
                model.add(now_s, name, kind)
        case ("ask", name):
            askers.start_soon(ask, rt, name, asked)


async def ask(rt, name, asked):
    try:
        asked.append(await rt.ask(name, "ping", timeout_s=10_000))
    except NobodyOwns:
        asked.append("NobodyOwns")
    except Exception as error:
        asked.append(type(error).__name__)
    except trio.Cancelled:
        asked.append("Cancelled")
        raise


def compare(rt, model, log, step):
    assert log == model.log, step
    assert rt.alive("sup") == model.running, step
    found = {n.name: (n.state, n.restarts) for n in rt.node("sup").children} if model.running else {}
    assert found == model.view(), step
    assert rt.bus.listeners() == len(found), step


TestSupervision = Supervision.TestCase
TestSupervision.settings = settings(max_examples=rounds(150, 5_000), stateful_step_count=15)
