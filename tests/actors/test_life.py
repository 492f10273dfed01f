"""One life seen from outside: its states, its helpers, and what a refusal leaves behind."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors import (
    Actor,
    ActorCrashed,
    Child,
    NobodyOwns,
    Refused,
    RestartsExhausted,
    Supervisor,
    open_runtime,
    trio_clock,
)

T0_US = 1_700_000_000_000_000


def running(*children, **options):
    return open_runtime(children, clock=trio_clock(T0_US), seed=1, **options)


class Helped(Actor):
    """Starts a helper for each message; helpers note their beginning and their end."""

    def __init__(self, log):
        self.log = log

    def receive(self, message):
        if message == "look":
            return "seen"
        self.helper(self.work, message)
        return "helped"

    async def work(self, what):
        self.log.append(f"+{what}")
        try:
            await trio.sleep_forever()
        finally:
            self.log.append(f"-{what}")


class Orderly(Helped):
    """The same with an end to tell of."""

    async def stop(self):
        self.log.append("stop")


@pytest.mark.parametrize("kind", [Helped, Orderly])
async def test_each_helper_runs_once_and_ends_with_its_life(autojump_clock, kind):
    log = []
    async with running(Child("a", lambda: kind(log))) as rt:
        for what in "xyz":
            await rt.ask("a", what)
            await wait_all_tasks_blocked()
        assert log == ["+x", "+y", "+z"]
        began = trio.current_time()
        await rt.remove("a")
        assert trio.current_time() == began  # no helper had to be waited for
        assert sorted(log[-3:]) == ["-x", "-y", "-z"]
        assert ("stop" in log) is (kind is Orderly)


@pytest.mark.parametrize("kind", [Helped, Orderly])
async def test_a_kill_takes_the_helpers_along(autojump_clock, kind):
    log = []
    async with running(Child("a", lambda: kind(log))) as rt:
        await rt.ask("a", "x")
        await wait_all_tasks_blocked()
        rt.kill("a")
        await wait_all_tasks_blocked()
        assert log == ["+x", "-x"]
        assert rt.node("a").restarts == 1
        assert await rt.ask("a", "look") == "seen"


async def test_a_helper_asked_for_from_outside_a_message_runs(autojump_clock):
    log = []
    async with running(Child("a", lambda: Helped(log))) as rt:
        actor = rt._cells["a"].actor
        await wait_all_tasks_blocked()
        rt.listen("now", lambda published: actor.helper(actor.work, "x"))
        rt.publish(Said("now"))
        await wait_all_tasks_blocked()
        assert log == ["+x"]


class Said:
    """A message with a topic."""

    def __init__(self, topic):
        self.topic = topic


async def test_the_tree_shows_each_state_of_a_life(autojump_clock):
    class Slow(Actor):
        async def start(self):
            await trio.sleep(1)

        async def stop(self):
            await trio.sleep(1)

    async with running() as rt, trio.open_nursery() as nursery:
        rt.add(Child("a", Slow, capacity=7))
        assert (rt.node("a").state, rt.node("a").since_us, rt.node("a").capacity) == ("starting", 0, 7)
        await trio.sleep(0.5)
        assert rt.node("a").state == "starting"
        await trio.sleep(1)
        assert (rt.node("a").state, rt.node("a").since_us) == ("running", T0_US + 1_000_000)
        nursery.start_soon(rt.remove, "a")
        await trio.sleep(0.5)
        assert rt.node("a").state == "stopping"


@pytest.mark.parametrize("sync", [True, False])
async def test_a_refusal_leaves_nothing_for_the_next_message(autojump_clock, sync):
    seen = []

    class Strict(Actor):
        listens = ("bad",)

        def receive(self, message):
            if isinstance(message, Said) or message == "bad":
                raise Refused("never")
            seen.append((self.published, self.reply_later().message))

    class Patient(Strict):
        async def receive(self, message):
            super().receive(message)

    async with running(Child("a", Strict if sync else Patient)) as rt:
        with pytest.raises(Refused):
            await rt.ask("a", "bad")
        rt.tell("a", "tell")
        rt.publish(Said("bad"))
        rt.tell("a", "tell")
        await wait_all_tasks_blocked()
    assert seen == [(None, None), (None, None)]


async def test_a_budget_that_escalates_is_shared_and_names_its_cause(autojump_clock):
    class Fragile(Actor):
        def receive(self, message):
            raise ValueError(message)

    def make():
        return Supervisor([Child("a", Fragile), Child("b", Fragile)], max_restarts=1)

    with pytest.raises(RestartsExhausted) as failed:
        async with running(Child("sup", make), max_restarts=0) as rt:
            rt.tell("a", "first")
            await wait_all_tasks_blocked()
            rt.tell("b", "second")
            await trio.sleep_forever()
    assert isinstance(failed.value.__cause__, RestartsExhausted)
    assert repr(failed.value.__cause__.__cause__) == "ValueError('second')"


async def test_a_nap_that_is_cut_short_leaves_no_timer(autojump_clock):
    class Fragile(Actor):
        def receive(self, message):
            raise OSError(message)

    async with running(Child("a", Fragile, expected=(OSError,))) as rt:
        rt.tell("a", "lost")
        await wait_all_tasks_blocked()
        assert (rt.node("a").state, rt.timers.pending()) == ("backing_off", 1)
        rt.restart("a")
        await wait_all_tasks_blocked()
        assert (rt.node("a").state, rt.timers.pending()) == ("running", 0)


async def test_what_waits_at_a_forced_end_is_answered_or_a_dead_letter(autojump_clock):
    class Hung(Actor):
        async def receive(self, message):
            await trio.sleep_forever()

    async with running(Child("a", Hung, grace_s=1.0)) as rt, trio.open_nursery() as nursery:

        async def ask(message, error):
            with pytest.raises(error):
                await rt.ask("a", message, timeout_s=1e6)

        nursery.start_soon(ask, "in hand", ActorCrashed)
        await wait_all_tasks_blocked()
        nursery.start_soon(ask, "waiting", NobodyOwns)
        rt.tell("a", "told")
        await wait_all_tasks_blocked()
        await rt.remove("a")
        assert [(d.message, d.reason) for d in rt.dead_letters] == [
            ("in hand", "in hand at Cancelled"),
            ("told", "ended"),
        ]


async def test_a_life_that_listens_elsewhere_no_longer_hears_the_old_topics(autojump_clock):
    heard, patterns = [], [("new",), ("old",)]

    class Mover(Actor):
        def __init__(self):
            self.listens = patterns.pop()

        def receive(self, message):
            heard.append(message.topic)

    async with running(Child("a", Mover)) as rt:
        rt.restart("a")
        await wait_all_tasks_blocked()
        rt.publish(Said("old"))
        rt.publish(Said("new"))
        await wait_all_tasks_blocked()
        assert heard == ["new"]
        assert rt.bus.listeners() == 1
