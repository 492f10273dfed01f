"""The subtle points of supervision, each by name and in virtual time."""

import random

import pytest
import trio

from actors import (
    Actor,
    ActorCrashed,
    AskTimeout,
    Child,
    Killed,
    NobodyOwns,
    Refused,
    RestartsExhausted,
    Supervisor,
    open_runtime,
    trio_clock,
)
from actors.policy import Intensity, charged_delay_s, expected_delay_s, leaves
from actors.testing import probe

T0_US = 1_700_000_000_000_000


class Noted(Actor):
    """Notes its starts and stops; crashes when told."""

    def __init__(self, log, start_s=0.0, stop_s=0.0):
        self.log, self.start_s, self.stop_s = log, start_s, stop_s

    async def start(self):
        self.log.append(f"({self.name}")
        await trio.sleep(self.start_s)
        self.log.append(f"+{self.name}")

    def receive(self, message):
        match message:
            case "boom":
                raise RuntimeError("boom")
            case "outage":
                raise OSError("outage")
            case "finish":
                self.finish()
        return message

    async def stop(self):
        self.log.append(f"-{self.name}")
        await trio.sleep(self.stop_s)


@pytest.fixture
def log():
    return []


@pytest.fixture
def family(log):
    """A spec of a supervisor `sup` over children a, b, c, which take `start_s` and `stop_s` seconds."""

    def build(strategy="one_for_one", names="abc", start_s=0.0, stop_s=0.0, kinds=None, sup=None, **policy):
        def child(name):
            return Child(
                name, lambda: Noted(log, start_s, stop_s), (kinds or {}).get(name, "permanent"), expected=(OSError,)
            )

        def make():
            return Supervisor([child(name) for name in names], strategy, **policy)

        return [Child("sup", make, **(sup or {}))]

    return build


def running(children, **options):
    return open_runtime(children, clock=trio_clock(T0_US), seed=1, **options)


async def soon():
    await trio.sleep(0.001)


# ---- strategies


async def test_one_for_one_leaves_siblings_alone(autojump_clock, log, family):
    async with running(family()) as rt:
        log.clear()
        rt.tell("b", "boom")
        await soon()
        assert log == ["(b", "+b"]
        assert [n.restarts for n in rt.node("sup").children] == [0, 1, 0]


async def test_one_for_all_stops_in_reverse_and_starts_each_after_its_elder(autojump_clock, log, family):
    async with running(family("one_for_all", start_s=1.0)) as rt:
        log.clear()
        rt.tell("b", "boom")
        await trio.sleep(10)
        assert log == ["-c", "-a", "(a", "+a", "(b", "+b", "(c", "+c"]
        assert [n.restarts for n in rt.node("sup").children] == [1, 1, 1]


@pytest.mark.parametrize(
    ("poisoned", "expected"), [("a", "-c -b (a +a (b +b (c +c"), ("b", "-c (b +b (c +c"), ("c", "(c +c")]
)
async def test_rest_for_one_touches_the_younger_only(autojump_clock, log, family, poisoned, expected):
    async with running(family("rest_for_one")) as rt:
        log.clear()
        rt.tell(poisoned, "boom")
        await soon()
        assert " ".join(log) == expected


async def test_a_temporary_sibling_is_not_started_again(autojump_clock, log, family):
    async with running(family("one_for_all", kinds={"b": "temporary"})) as rt:
        log.clear()
        rt.tell("a", "boom")
        await soon()
        assert log == ["-c", "-b", "(a", "+a", "(c", "+c"]
        assert not rt.alive("b")


async def test_a_temporary_crash_disturbs_nobody(autojump_clock, log, family):
    async with running(family("one_for_all", kinds={"b": "temporary"})) as rt:
        log.clear()
        rt.tell("b", "boom")
        await soon()
        assert log == []
        assert not rt.alive("b")


async def test_an_expected_crash_in_a_group_is_its_own_affair(autojump_clock, log, family):
    async with running(family("one_for_all")) as rt:
        log.clear()
        rt.tell("b", "outage")
        await trio.sleep(1)
        assert log == ["(b", "+b"]


async def test_a_crash_while_the_group_restarts_joins_it(autojump_clock, log):
    fail_next = []

    class Fragile(Noted):
        async def start(self):
            await super().start()
            if fail_next:
                raise fail_next.pop()

    children = [Child("a", lambda: Noted(log)), Child("b", lambda: Fragile(log)), Child("c", lambda: Noted(log))]
    async with running([Child("sup", lambda: Supervisor(children, "one_for_all"))]) as rt:
        fail_next.append(RuntimeError("again"))
        log.clear()
        rt.tell("c", "boom")
        await trio.sleep(1)
        assert log == ["-b", "-a", "(a", "+a", "(b", "+b", "-a", "(a", "+a", "(b", "+b", "(c", "+c"]


async def test_a_child_that_cannot_start_holds_nobody_up(autojump_clock, log):
    class Unreachable(Noted):
        async def start(self):
            raise OSError("no line")

    specs = [Child("feed", lambda: Unreachable(log), expected=(OSError,)), Child("web", lambda: Noted(log))]
    began = trio.current_time()
    async with running(specs) as rt:
        assert trio.current_time() == began
        assert rt.node("feed").state == "backing_off"
        assert log == ["(web", "+web"]


async def test_a_group_that_is_torn_while_it_first_starts_is_mended_before_the_next_child(autojump_clock, log):
    fail_next = [RuntimeError("first")]

    class Fragile(Noted):
        async def start(self):
            await super().start()
            if fail_next:
                raise fail_next.pop()

    children = [Child("a", lambda: Noted(log)), Child("b", lambda: Fragile(log)), Child("c", lambda: Noted(log))]
    async with running([Child("sup", lambda: Supervisor(children, "one_for_all"))]):
        assert log == ["(a", "+a", "(b", "+b", "-a", "(a", "+a", "(b", "+b", "(c", "+c"]


async def test_a_supervisor_that_fails_while_it_starts_never_says_started(autojump_clock, log):
    class Broken(Noted):
        async def start(self):
            raise RuntimeError("never")

    def make():
        return Supervisor([Child("a", lambda: Noted(log)), Child("b", lambda: Broken(log))], max_restarts=0)

    async with running([]) as rt:
        seen = probe(rt, "life:sup")
        rt.add(Child("sup", make, "temporary"))
        await soon()
        assert [m.what for m in seen.took()] == ["crashed", "stopped"]
        assert log == ["(a", "+a", "-a"]


async def test_an_elder_that_crashes_while_the_young_start_is_served_first(autojump_clock, log, family):
    async with running(family("rest_for_one", start_s=1.0)) as rt:
        log.clear()
        rt.tell("c", "boom")
        await trio.sleep(0.5)
        rt.tell("a", "boom")  # while c is starting
        await trio.sleep(10)
        assert log == ["(c", "+c", "-c", "-b", "(a", "+a", "(b", "+b", "(c", "+c"]


async def test_a_sibling_that_hangs_in_its_stop_is_cut_off_after_its_grace(autojump_clock, log, family):
    async with running(family("one_for_all", names="ab", stop_s=99.0)) as rt:
        began = trio.current_time()
        log.clear()
        rt.tell("a", "boom")
        while log != ["-b", "(a", "+a", "(b", "+b"]:
            await trio.sleep(0.5)
        assert trio.current_time() - began == pytest.approx(2.0, abs=0.6)


async def test_a_sibling_that_naps_goes_to_the_gate(autojump_clock, log, family):
    async with running(family("one_for_all", names="ab")) as rt:
        rt.tell("a", "outage")
        await soon()
        assert rt.node("a").state == "backing_off"
        log.clear()
        rt.tell("b", "boom")
        await soon()
        assert log == ["(a", "+a", "(b", "+b"]


async def test_a_name_removed_while_its_group_pauses_may_be_used_again(autojump_clock, log, family):
    async with running(family("one_for_all", names="ab")) as rt:
        rt.tell("a", "boom")
        await soon()
        rt.tell("a", "boom")  # the second in a row waits 0.1 s
        await soon()
        assert [n.state for n in rt.node("sup").children] == ["waiting", "waiting"]
        await rt.remove("a")
        rt.add(Child("a", lambda: Noted(log)), under="sup")
        await trio.sleep(1)
        assert {n.name: n.state for n in rt.node("sup").children} == {"b": "running", "a": "running"}


# ---- what is charged


async def test_charged_crashes_back_off_and_a_healthy_life_resets_the_streak(autojump_clock, log, family):
    async with running(family(names="a", max_restarts=9)) as rt:
        took = []
        for wait_s in (0, 0, 0, 0, 61, 0):
            await trio.sleep(wait_s)
            began = trio.current_time()
            rt.tell("a", "boom")
            await rt.ask("a", "alive")
            took.append(round(trio.current_time() - began, 6))
        assert took == [0.0, 0.1, 0.2, 0.4, 0.0, 0.1]


async def test_outages_are_retried_for_ever_and_never_charged(autojump_clock, log, family):
    async with running(family(names="a", max_restarts=0)) as rt:
        draws = random.Random(1)
        for streak in range(1, 40):
            rt.tell("a", "outage")
            began = trio.current_time()
            await rt.ask("a", "alive", timeout_s=60)
            assert trio.current_time() - began == pytest.approx(expected_delay_s(streak, draws.random()))


async def test_a_group_of_errors_is_expected_only_if_all_its_leaves_are(autojump_clock):
    class Split(Actor):
        def receive(self, message):
            raise ExceptionGroup("several", [OSError("one"), *message])

    async with running([Child("split", Split, expected=(OSError,))]) as rt:
        rt.tell("split", [ExceptionGroup("inner", [ConnectionError("two")])])
        await soon()
        assert rt.node("split").state == "backing_off"
        await trio.sleep(70)
        rt.tell("split", [ValueError("three")])
        await soon()
        assert rt.node("split").state == "running"  # charged: the first restart is immediate
        assert rt.node("split").error == "OSError: one; ValueError: three"


async def test_exhausted_restarts_escalate_and_the_parent_restarts_the_whole_branch(autojump_clock, log, family):
    async with running(family(names="ab", max_restarts=1)) as rt:
        seen = probe(rt, "life:*")
        log.clear()
        rt.tell("a", "boom")
        await soon()
        rt.tell("a", "boom")
        await soon()
        assert log == ["(a", "+a", "-b", "(a", "+a", "(b", "+b"]
        assert rt.node("sup").restarts == 1
        assert rt.node("sup").error.startswith(
            "RestartsExhausted: sup: more than 1 crashes in 60 s, last a: RuntimeError"
        )
        assert [(m.name, m.what) for m in seen.took()] == [
            ("a", "crashed"), ("a", "started"), ("a", "crashed"), ("a", "failed"), ("b", "stopped"),
            ("sup", "crashed"), ("a", "started"), ("b", "started"), ("sup", "started"),
        ]  # fmt: skip


async def test_old_crashes_leave_the_window(autojump_clock, log, family):
    async with running(family(names="a", max_restarts=1, window_s=10.0, exhausted="park")) as rt:
        for _ in range(5):
            rt.tell("a", "boom")
            await trio.sleep(11)
        assert rt.node("a").restarts == 5
        rt.tell("a", "boom")
        await soon()
        rt.tell("a", "boom")
        await soon()
        assert rt.node("a").state == "failed"


async def test_parking_fails_one_and_keeps_a_budget_for_each(autojump_clock, log, family):
    async with running(family(names="ab", max_restarts=1, exhausted="park")) as rt:
        for name in "abab":
            rt.tell(name, "boom")
            await soon()
        assert [n.state for n in rt.node("sup").children] == ["failed", "failed"]
        with pytest.raises(NobodyOwns):
            await rt.ask("a", 1)
        rt.restart("a")
        await soon()
        assert [n.state for n in rt.node("sup").children] == ["running", "failed"]
        rt.tell("a", "boom")  # its budget is whole again, and its streak is over
        await soon()
        assert rt.node("a").state == "running"
        await rt.remove("b")
        assert not rt.alive("b")


async def test_a_failed_child_is_left_out_when_its_group_restarts(autojump_clock, log, family):
    async with running(family("one_for_all", max_restarts=0, exhausted="park")) as rt:
        rt.tell("a", "boom")
        await soon()
        rt._cells["sup"].actor.max_restarts = 5
        log.clear()
        rt.tell("c", "boom")
        await soon()
        assert log == ["-b", "(b", "+b", "(c", "+c"]
        assert rt.node("a").state == "failed"


# ---- ends


@pytest.mark.parametrize(
    ("kind", "alive", "restarts"), [("permanent", True, 1), ("transient", False, 0), ("temporary", False, 0)]
)
async def test_an_actor_may_finish(autojump_clock, log, family, kind, alive, restarts):
    async with running(family(names="a", kinds={"a": kind})) as rt:
        log.clear()
        rt.tell("a", "finish")
        assert await rt.ask("a", "pending") == "pending"  # handled before the end
        await soon()
        assert log[0] == "-a"
        assert rt.alive("a") is alive
        if alive:
            assert rt.node("a").restarts == restarts


async def test_a_permanent_actor_that_keeps_finishing_uses_its_budget_up(autojump_clock):
    class Done(Actor):
        async def start(self):
            self.finish()

    with pytest.raises(RestartsExhausted, match="finished, though it is permanent"):
        async with running([Child("done", Done)]):
            await trio.sleep_forever()


async def test_an_outer_cancel_kills_nobody_early(autojump_clock, log, family):
    """The feed's last words still reach the history, and a deadline of an ending actor still falls."""

    class History(Noted):
        def receive(self, message):
            self.log.append(message)
            return "written"

    class Feed(Noted):
        async def stop(self):
            await trio.sleep(1)
            self.log.append(await self.ask("history", "last words"))

    specs = [Child("history", lambda: History(log)), Child("feed", lambda: Feed(log))]
    with trio.move_on_after(5):
        async with running(specs):
            log.clear()
            await trio.sleep_forever()
    assert log == ["last words", "written", "-history"]


async def test_a_start_that_hangs_cannot_hold_up_an_outer_cancel(autojump_clock, log):
    specs = [
        Child("a", lambda: Noted(log)),
        Child("stuck", lambda: Noted(log, start_s=1e9)),
        Child("never", lambda: Noted(log)),
    ]
    began = trio.current_time()
    with trio.move_on_after(5):
        async with running(specs):
            raise AssertionError("it has not started")
    assert trio.current_time() - began == pytest.approx(7)  # five, and the grace of the stuck one
    assert log == ["(a", "+a", "(stuck", "-a"]


async def test_a_supervisor_that_ends_takes_no_children(autojump_clock, log, family):
    async with running(family(names="ab", stop_s=1.0)) as rt, trio.open_nursery() as nursery:
        nursery.start_soon(rt.remove, "sup")
        await soon()
        with pytest.raises(NobodyOwns, match="not supervising"):
            rt.add(Child("late", lambda: Noted(log)), under="sup")
        with pytest.raises(NobodyOwns, match="not supervising"):
            await rt.adopt(Child("socket:1", lambda: Noted(log)), under="sup")
        assert not rt.alive("late")


async def test_a_parent_that_is_told_to_end_ends_naps_at_once(autojump_clock, log, family):
    async with running(family(names="ab")) as rt:
        for _ in range(9):
            rt.tell("a", "outage")
            await trio.sleep(40)
        rt.tell("a", "outage")
        await soon()
        began = trio.current_time()
    assert trio.current_time() == began
    assert log[-1] == "-b"


async def test_adopted_children_end_with_their_supervisor(autojump_clock, log, family):
    async with running(family(names="a")) as rt, trio.open_nursery() as nursery:
        nursery.start_soon(rt.adopt, Child("socket:1", lambda: Noted(log)), "sup")
        await soon()
        log.clear()
        await rt.remove("sup")
        assert log == ["-socket:1", "-a"]
        assert rt.bus.listeners() == 0


async def test_an_adopted_child_is_no_reason_to_wait_when_its_group_restarts(autojump_clock, log, family):
    async with running(family("one_for_all", names="a")) as rt, trio.open_nursery() as nursery:
        nursery.start_soon(rt.adopt, Child("socket:1", lambda: Noted(log)), "sup")
        await soon()
        log.clear()
        rt.tell("a", "boom")
        await soon()
        assert log == ["-socket:1", "(a", "+a"]
        assert not rt.alive("socket:1")


@pytest.mark.parametrize("sync", [True, False])
async def test_a_killed_adopted_actor_raises_in_its_lender(autojump_clock, log, sync):
    async with running([]) as rt:

        async def lender():
            with pytest.raises(Killed):
                await rt.adopt(Child("socket:1", Actor if sync else lambda: Noted(log)))
            log.append("raised")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(lender)
            await soon()
            rt.kill("socket:1")
        assert log[-1] == "raised"
        assert "-socket:1" not in log


async def test_a_child_that_ends_by_itself_while_its_elders_are_stopped_is_not_waited_for(autojump_clock, log, family):
    async with running(family(names="ab", stop_s=1.0, kinds={"a": "temporary"})) as rt, trio.open_nursery() as nursery:
        nursery.start_soon(rt.remove, "sup")
        await trio.sleep(0.5)  # b is stopping
        rt.tell("a", "boom")
    assert log[-1] == "-b"


async def test_what_ended_in_time_leaves_no_timer(autojump_clock, log, family):
    async with running(family("one_for_all")) as rt:
        rt.tell("a", "boom")
        await soon()
        await rt.remove("b")
        assert rt.timers.pending() == 0


async def test_a_name_that_is_used_again_has_a_budget_of_its_own(autojump_clock, log, family):
    async with running(family(names="ab", max_restarts=1, exhausted="park")) as rt:
        rt.tell("a", "boom")
        await soon()
        await rt.remove("a")
        rt.add(Child("a", lambda: Noted(log)), under="sup")
        await soon()
        rt.tell("a", "boom")
        await soon()
        assert rt.node("a").state == "running"


async def test_who_hears_of_a_failure_finds_it_in_the_tree(autojump_clock, log, family):
    async with running(family(names="a", max_restarts=0, exhausted="park")) as rt:
        states = []
        rt.listen("life:a", lambda p: states.append((p.message.what, rt.node("a").state)))
        rt.tell("a", "boom")
        await soon()
        assert states[-1] == ("failed", "failed")


# ---- commands


async def test_a_killed_supervisor_ends_its_children_in_order_and_starts_anew(autojump_clock, log, family):
    async with running(family(names="ab")) as rt:
        rt.add(Child("dynamic", lambda: Noted(log)), under="sup")
        await soon()
        log.clear()
        rt.kill("sup")
        await soon()
        assert log == ["-dynamic", "-b", "-a", "(a", "+a", "(b", "+b"]
        assert rt.node("sup").error == "Killed: sup was killed"


async def test_kills_are_never_charged(autojump_clock):
    """Who ends lives on purpose, however often, uses up nobody's budget."""
    tree = [
        Child("parking", lambda: Supervisor([Child("a", Actor)], max_restarts=1, exhausted="park")),
        Child("b", Actor),
    ]
    async with open_runtime(tree, clock=trio_clock(T0_US), max_restarts=1) as rt:
        for name in ("a", "b", "parking") * 5:
            rt.kill(name)
            await trio.testing.wait_all_tasks_blocked()
            assert rt.node(name).state == "running"
        assert (rt.node("b").restarts, rt.node("parking").restarts) == (5, 5)


async def test_a_kill_does_not_outlive_its_life(autojump_clock):
    """The handler crashes in the instant of the kill: that is one crash, not two."""

    class Doomed(Actor):
        def receive(self, message):
            self.runtime.kill(self.name)
            raise RuntimeError("first")

    async with running([Child("doomed", Doomed)]) as rt:
        rt.tell("doomed", 1)
        await trio.sleep(1)
        rt.restart("doomed")
        await trio.sleep(1)
        assert rt.node("doomed").error == "RuntimeError: first"
        assert rt.node("doomed").state == "running"


async def test_a_killed_life_has_no_orderly_stop(autojump_clock, log, family):
    async with running(family(names="a")) as rt:
        log.clear()
        rt.tell("a", "wakes it")
        rt.kill("a")  # in the same instant
        await soon()
        assert log == ["(a", "+a"]


@pytest.mark.parametrize("sync", [True, False])
async def test_a_kill_leaves_pending_messages_to_the_next_life(autojump_clock, sync):
    got = []

    class Taker(Actor):
        def receive(self, message):
            got.append((self, message))

    class Slow(Taker):
        async def receive(self, message):
            super().receive(message)

    async with running([Child("taker", Taker if sync else Slow)]) as rt:
        first = rt._cells["taker"].actor
        rt.kill("taker")
        rt.tell("taker", 1)
        await soon()
        assert [message for _, message in got] == [1]
        assert got[0][0] is not first
        assert rt.node("taker").restarts == 1


async def test_a_restart_cuts_off_a_life_that_hangs_but_not_the_next(autojump_clock, log, family):
    async with running(family(names="a", stop_s=99.0)) as rt:
        rt.restart("a")
        rt.restart("a")  # once is enough
        await trio.sleep(1.9)
        assert rt.node("a").restarts == 0
        await trio.sleep(30)
        assert rt.node("a").restarts == 1
        assert rt.node("a").error is None


async def test_a_restart_ends_a_nap_and_ignores_who_is_about_to_start(autojump_clock, log, family):
    async with running(family("one_for_all", names="ab")) as rt:
        rt.tell("a", "outage")
        await soon()
        rt.restart("a")
        await soon()
        assert rt.node("a").state == "running"
        for _ in range(2):
            rt.tell("b", "boom")
            await soon()
        assert rt.node("a").state == "waiting"
        log.clear()
        rt.restart("a")
        await trio.sleep(1)
        assert log == ["(a", "+a", "(b", "+b"]


async def test_a_wish_to_a_supervisor_is_refused_even_while_its_group_pauses(autojump_clock, log, family):
    async with running(family("one_for_all", names="a")) as rt:
        for _ in range(3):
            rt.tell("a", "boom")
            await trio.sleep(0.15)
        assert rt.node("a").state == "waiting"
        assert rt.tell("sup", "hello")
        with pytest.raises(Refused, match="supervisor"):
            await rt.ask("sup", "hello")
        assert rt.dead_letters[-1].reason == "supervisors take no messages"


async def test_a_removal_given_up_still_ends_the_actor_after_its_grace(autojump_clock, log, family):
    async with running(family(names="a", stop_s=99.0)) as rt:
        with trio.move_on_after(0.5):
            await rt.remove("a")
        await trio.sleep(2)
        assert not rt.alive("a")


async def test_the_root_is_not_removed_but_may_be_killed(autojump_clock, log, family):
    with pytest.raises(Killed):
        async with running(family()) as rt:
            with pytest.raises(ValueError, match="root"):
                await rt.remove("root")
            rt.kill("root")
            await trio.sleep_forever()
    assert log[-3:] == ["-c", "-b", "-a"]
    with pytest.raises(NobodyOwns):
        await rt.ask("root", 1)


async def test_an_open_ask_ends_with_the_runtime(autojump_clock):
    class Silent(Actor):
        def receive(self, message):
            self.reply_later()

    async with trio.open_nursery() as nursery:

        async def ask():
            with pytest.raises(AskTimeout):
                await rt.ask("silent", 1, timeout_s=1e6)

        async with running([Child("silent", Silent)]) as rt:
            nursery.start_soon(ask)
            await soon()
        assert rt.timers.pending() == 0


async def test_a_crash_counts_what_was_handled_and_keeps_order(autojump_clock):
    got = []

    class Taker(Actor):
        def receive(self, message):
            if message == "no":
                raise Refused("no")
            got.append(message)
            if message == 2:
                self.tell(self.name, "own")
                raise RuntimeError("boom")

    async with running([Child("taker", Taker)]) as rt:
        assert rt.tell_all("taker", ["no", 1, 2, 3, "no", 4]) == 6
        await soon()
        assert got == [1, 2, 3, 4, "own"]
        assert rt.node("taker").handled == 7
        assert [(d.message, d.reason) for d in rt.dead_letters] == [
            ("no", "refused: no"), (2, "in hand at RuntimeError"), ("no", "refused: no"),
        ]  # fmt: skip


async def test_a_crashing_ask_names_the_actor(autojump_clock, log, family):
    async with running(family(names="a")) as rt:
        with pytest.raises(ActorCrashed, match="a crashed: RuntimeError: boom"):
            await rt.ask("a", "boom")


# ---- policy, pure


def test_the_backoffs_are_bounded():
    assert [charged_delay_s(n) for n in (0, 1, 2, 3, 4, 10, 11, 1000)] == [0, 0, 0.1, 0.2, 0.4, 25.6, 30, 30]
    for streak, ceiling_s in ((1, 0.5), (2, 1.0), (3, 2.0), (7, 30.0), (1000, 30.0)):
        assert expected_delay_s(streak, 0.0) == ceiling_s / 2
        assert expected_delay_s(streak, 0.5) == ceiling_s * 0.75
        assert expected_delay_s(streak, 1.0) == ceiling_s


def test_intensity_counts_a_sliding_window():
    budget = Intensity(2, 10.0)
    assert [budget.charge(t) for t in (0, 1, 2, 10.5, 11.5, 30)] == [True, True, False, False, False, True]
    assert Intensity(1, 10.0).charge(5) is True
    edge = Intensity(1, 10.0)
    assert [edge.charge(t) for t in (0, 10.0)] == [True, False]  # the window is closed


def test_leaves_flattens_groups():
    one, two = OSError(1), ValueError(2)
    assert leaves(ExceptionGroup("x", [one, ExceptionGroup("y", [two])])) == [one, two]
    assert leaves(one) == [one]
