"""Random actors of a running nested tree are killed, by seed: nothing is orphaned, no reply lost, nothing still listens."""

import random

import pytest
import trio
from trio.testing import MockClock

from actors import Actor, ActorCrashed, AskTimeout, Child, NobodyOwns, Supervisor, open_runtime, trio_clock
from tests.soak import rounds

LEAVES = [f"leaf:{branch}:{n}" for branch in range(3) for n in range(4)]
BRANCHES = [f"branch:{branch}" for branch in range(3)]
STRATEGIES = ["one_for_one", "one_for_all", "rest_for_one"]


class Leaf(Actor):
    """Answers in every way there is: at once, after a wait, through a helper, later, never."""

    @property
    def listens(self):
        return (f"for:{self.name}", "to:*")

    def __init__(self, dice):
        self.dice = dice

    async def start(self):
        if self.dice.random() < 0.1:
            raise RuntimeError("at start")
        if self.dice.random() < 0.3:
            self.helper(trio.sleep_forever)
        self.after(self.dice.random(), "tick")

    async def receive(self, message):
        match message:
            case "slow":
                await trio.sleep(self.dice.random())
            case "later":
                self.after(self.dice.random(), ("settle", self.reply_later()))
            case ("settle", reply):
                reply.answer("pong")
            case "help":
                self.helper(self.settle, self.reply_later())
            case "never":
                self.reply_later()
            case "boom":
                raise RuntimeError("told to")
        return "pong"

    async def settle(self, reply):
        await trio.sleep(self.dice.random())
        reply.answer("pong")

    async def stop(self):
        if self.dice.random() < 0.2:
            await trio.sleep(self.dice.choice([0.5, 10.0]))


class Swift(Leaf):
    """The kind of life that needs no scope: nothing in it can wait."""

    start = Actor.start
    stop = Actor.stop

    def receive(self, message):
        if message == "boom":
            raise RuntimeError("told to")
        return "pong"


def tree(dice):
    def leaf(name, n):
        kind = Swift if n % 2 else Leaf
        return Child(name, lambda: kind(dice), capacity=8, when_full=["refuse", "drop_oldest", "drop_newest"][n % 3])

    def branch(n):
        children = [leaf(name, k) for k, name in enumerate(LEAVES[4 * n : 4 * n + 4])]
        return Supervisor(children, STRATEGIES[n], max_restarts=1_000_000, window_s=5.0)

    def build(n):
        return lambda: branch(n)

    top = [Child(name, build(n)) for n, name in enumerate(BRANCHES)]
    return [Child("top", lambda: Supervisor(top, "rest_for_one", max_restarts=1_000_000, window_s=5.0))]


async def torment(seed, kills):
    dice = random.Random(seed)
    tasks_before = trio.lowlevel.current_statistics().tasks_living
    answers = {"asked": 0, "settled": 0}

    async def ask(rt, name, message):
        answers["asked"] += 1
        try:
            assert await rt.ask(name, message, timeout_s=3.0) == "pong"
        except (ActorCrashed, AskTimeout, NobodyOwns, trio.TooSlowError):
            pass
        except Exception as error:
            assert type(error).__name__ == "MailboxFull", error
        answers["settled"] += 1

    async with (
        trio.open_nursery() as askers,
        open_runtime(tree(dice), clock=trio_clock(0), seed=seed, max_restarts=1_000_000) as rt,
    ):
        for _ in range(kills):
            name = dice.choice([*LEAVES, *LEAVES, *BRANCHES, "top"])
            askers.start_soon(
                ask, rt, dice.choice(LEAVES), dice.choice(["slow", "later", "help", "never", "boom", "now"])
            )
            if rt.alive(name):
                dice.choice([rt.kill, rt.kill, rt.kill, rt.restart])(name)
            if dice.random() < 0.5:
                await trio.sleep(dice.choice([0.0, 0.01, 0.3, 3.0]))
        await trio.sleep(300)  # every nap and every pause is over
        assert {n.name: n.state for n in walk(rt.tree())} == dict.fromkeys(
            ["root", "top", *BRANCHES, *LEAVES], "running"
        )
        assert rt.bus.listeners() == 2 * len(LEAVES)
        assert answers["asked"] == answers["settled"]
        askers.start_soon(ask, rt, LEAVES[0], "never")
        await trio.lowlevel.checkpoint()
    assert answers["asked"] == answers["settled"] == kills + 1
    assert rt.bus.listeners() == 0
    assert rt.timers.pending() == 0
    assert not rt._cells
    assert trio.lowlevel.current_statistics().tasks_living == tasks_before


def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)


@pytest.mark.parametrize("seed", range(rounds(4, 40)))
def test_kills_leave_nothing_behind(seed):
    trio.run(torment, seed, 250, clock=MockClock(autojump_threshold=0))
