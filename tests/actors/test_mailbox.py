"""Mailboxes: bounds, what is lost and when, one reader; timers and their heap."""

import pytest
import trio

from actors import Actor, AskTimeout, Child, Mailbox, MailboxFull, Reply, open_runtime, trio_clock
from actors.bus import Published
from actors.timers import REBUILD_AT, Timers

T0_US = 1_700_000_000_000_000


class Said:
    """A message with a topic."""

    def __init__(self, topic):
        self.topic = topic


def published(time_us):
    return Published(time_us, time_us, "t", None)


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_a_gap_says_from_when_to_when_and_how_many(policy):
    mailbox = Mailbox(2, policy)
    for time_us in (10, 20, 30, 40):
        mailbox.put(published(time_us))
    lost = (10, 20, 2) if policy == "drop_oldest" else (30, 40, 2)
    assert mailbox.take_lost() == lost
    assert mailbox.take_lost() == (0, 0, 0)
    assert mailbox.dropped == 2


async def test_a_dropped_ask_fails_at_once(autojump_clock):
    class Busy(Actor):
        async def receive(self, message):
            await trio.sleep(1)

    async with open_runtime([Child("a", Busy, capacity=1, when_full="drop_oldest")], clock=trio_clock(T0_US)) as rt:
        rt.tell("a", "in hand")
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        async with trio.open_nursery() as nursery:

            async def ask():
                with pytest.raises(MailboxFull):
                    await rt.ask("a", 1)

            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            rt.tell("a", 2)
        assert trio.current_time() == began


def test_a_mailbox_holds_at_least_one():
    with pytest.raises(ValueError, match="at least 1"):
        Mailbox(0)


def test_a_closed_mailbox_takes_nothing():
    mailbox = Mailbox(2)
    mailbox.put(1)
    assert list(mailbox.close()) == [1]
    assert not mailbox.put(2)
    assert mailbox.put_all([1, 2]) == 0
    assert mailbox.dropped == 0


@pytest.mark.parametrize(("policy", "taken", "left"), [("refuse", 3, [0, 1, 2]), ("drop_oldest", 5, [2, 3, 4])])
def test_a_batch_beyond_the_bound_is_cut(policy, taken, left):
    mailbox = Mailbox(3, policy)
    assert mailbox.put_all(range(5)) == taken
    assert list(mailbox.queue) == left


async def test_a_batch_nobody_takes_is_dead_letters(autojump_clock):
    async with open_runtime([Child("a", Actor, capacity=2)], clock=trio_clock(T0_US)) as rt:
        assert rt.tell_all("a", [1, 2, 3]) == 2
        assert rt.tell_all("nobody", [4]) == 0
        assert [(d.message, d.reason) for d in rt.dead_letters] == [(3, "mailbox full"), (4, "nobody has this name")]


def test_what_is_taken_and_put_back_comes_first():
    mailbox = Mailbox(9)
    mailbox.put_all(range(5))
    assert list(mailbox.take(2)) == [0, 1]
    rest = mailbox.take(9)
    mailbox.put(9)
    rest.popleft()
    mailbox.put_back(rest)
    assert list(mailbox.queue) == [3, 4, 9]


async def test_a_long_queue_is_handled_256_at_a_time(autojump_clock):
    batches, handled = [], []

    class Batched(Actor):
        def receive(self, message):
            handled.append(message)

        def drained(self):
            batches.append(len(handled))

    async with open_runtime([Child("a", Batched)], clock=trio_clock(T0_US)) as rt:
        rt.tell_all("a", range(600))
    assert batches == [256, 512, 600]
    assert handled == list(range(600))


async def test_a_cancelled_reader_loses_nothing(autojump_clock):
    mailbox = Mailbox()
    with trio.move_on_after(1):
        await mailbox.wait()
    mailbox.put(1)
    await mailbox.wait()
    assert list(mailbox.queue) == [1]
    async with trio.open_nursery() as nursery:
        mailbox.take(9)
        nursery.start_soon(mailbox.wait)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        mailbox.put(2)  # in the instant of the cancel
    assert list(mailbox.queue) == [2]


async def test_an_overflow_reaches_the_actor_as_a_gap_with_times(autojump_clock):
    gaps = []

    class Listener(Actor):
        listens = ("tick:*",)

        def gap(self, from_us, to_us, dropped):
            gaps.append((from_us - T0_US, to_us - T0_US, dropped))

    async with open_runtime([Child("a", Listener, capacity=1, when_full="drop_oldest")], clock=trio_clock(T0_US)) as rt:
        await trio.sleep(1)
        for _ in range(3):
            rt.publish(Said("tick:A"))
        await trio.testing.wait_all_tasks_blocked()
        assert gaps == [(1_000_000, 1_000_000, 2)]
        assert rt.node("a").dropped == 2


async def test_the_oldest_waiting_message_has_its_age(autojump_clock):
    class Slow(Actor):
        async def receive(self, message):
            await trio.sleep(10)

    async with open_runtime([Child("a", Slow)], clock=trio_clock(T0_US)) as rt:
        await trio.sleep(100)
        assert rt.node("a").oldest_s == 0
        rt.tell_all("a", [1, 2])
        await trio.sleep(4)
        assert (rt.node("a").depth, rt.node("a").oldest_s) == (1, 4)


async def test_what_waits_between_two_lives_has_its_age_too(autojump_clock):
    class Fragile(Actor):
        def receive(self, message):
            raise OSError("line lost")

    async with open_runtime([Child("a", Fragile, expected=(OSError,))], clock=trio_clock(T0_US), seed=1) as rt:
        await trio.sleep(100)
        for _ in range(5):  # until its naps are long
            rt.tell("a", 1)
            await trio.sleep(20)
        rt.tell("a", 1)
        await trio.testing.wait_all_tasks_blocked()
        rt.tell("a", 2)
        assert rt.node("a").state == "backing_off"
        await trio.sleep(3)
        assert (rt.node("a").depth, rt.node("a").oldest_s) == (1, 3)


async def test_a_sync_actor_that_falls_behind_says_since_when(autojump_clock):
    ages = []

    class Late(Actor):
        def receive(self, message):
            if message in (256, 599):
                ages.append((self.runtime.node("a").depth, self.runtime.node("a").oldest_s))

    async with open_runtime([Child("a", Late)], clock=trio_clock(T0_US)) as rt:
        await trio.sleep(100)
        rt.tell_all("a", range(600))
        assert rt.node("a").depth == 600
    assert ages == [(88, 0), (0, 0)]


# ---- timers


async def test_settled_deadlines_leave_the_heap_when_they_are_many(autojump_clock):
    timers = Timers()
    kept = timers.after(50, lambda: None)
    for _ in range(10 * REBUILD_AT):
        timers.after(100, lambda: None).cancel()
    assert len(timers._heap) <= 2 * REBUILD_AT
    assert timers.pending() == 1
    assert not kept.done


async def test_timers_fire_in_order_of_time_and_a_nearer_one_wakes_the_sleeper(autojump_clock):
    timers, fired = Timers(), []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timers.run)
        began = trio.current_time()

        def note(what):
            return lambda: fired.append((what, trio.current_time() - began))

        timers.after(10, note("far"))
        await trio.sleep(1)
        timers.after(2, note("near"))
        timers.after(5, note("cancelled")).cancel()
        await trio.sleep(20)
        timers.after(1, note("last"))
        await trio.sleep(20)
        timers.close()
    assert fired == [("near", pytest.approx(3)), ("far", pytest.approx(10)), ("last", pytest.approx(22))]


async def test_closing_expires_asks_and_drops_timers(autojump_clock):
    timers, fired, reply = Timers(), [], Reply("question")
    timer = timers.after(1, lambda: fired.append(1))
    timers.expire_at(trio.current_time() + 1, reply)
    timers.close()
    await timers.run()  # ends at once
    assert (fired, timer.done, timers.pending()) == ([], True, 0)
    with pytest.raises(AskTimeout, match="no answer to str in time"):
        await reply.wait()


async def test_the_first_settlement_counts(autojump_clock):
    reply = Reply(1)
    reply.answer("first")
    reply.fail(ValueError("second"))
    reply.expire()
    assert await reply.wait() == "first"


class Counting(Actor):
    """Remembers what it was given, in which batches, and when."""

    listens = ("t:*",)

    def __init__(self, batches):
        self.batches = batches
        self.batch = []

    def receive(self, message):
        self.batch.append(message if isinstance(message, str) else message.topic)
        return len(self.batch)

    def drained(self):
        self.batches.append((trio.current_time(), self.batch))
        self.batch = []


async def test_a_patient_actor_is_woken_once_for_what_comes_within_its_patience(autojump_clock):
    batches = []
    child = Child("a", lambda: Counting(batches), patience_s=0.5)
    async with open_runtime([child], clock=trio_clock(T0_US)) as rt:
        began = trio.current_time()
        for number in range(5):
            rt.publish(Said(f"t:{number}"))
            await trio.sleep(0.2)
        await trio.sleep(2)
    assert [(round(at - began, 3), batch) for at, batch in batches if batch] == [
        (0.5, ["t:0", "t:1", "t:2"]), (1.1, ["t:3", "t:4"])]  # fmt: skip


async def test_whoever_asks_or_tells_a_patient_actor_does_not_wait_and_what_came_before_is_handled_first(autojump_clock):
    batches = []
    child = Child("a", lambda: Counting(batches), patience_s=60, capacity=5_000)
    async with open_runtime([child], clock=trio_clock(T0_US)) as rt:
        began = trio.current_time()
        rt.publish(Said("t:1"))
        await trio.testing.wait_all_tasks_blocked()
        assert not any(batch for _, batch in batches)
        assert await rt.ask("a", "asked") == 2
        rt.publish(Said("t:2"))
        rt.tell("a", "told")
        await trio.testing.wait_all_tasks_blocked()
        assert [batch for _, batch in batches if batch] == [["t:1", "asked"], ["t:2", "told"]]
        for number in range(2_000):
            rt.publish(Said(f"t:{number}"))
        await trio.testing.wait_all_tasks_blocked()
        assert sum(len(batch) for _, batch in batches) == 2_004, "more than a thousand wait for nothing"
        assert trio.current_time() == began


async def test_a_patient_mailbox_is_bounded_and_tells_what_it_lost(autojump_clock):
    gaps = []

    class Full(Counting):
        def gap(self, from_us, to_us, dropped):
            gaps.append(dropped)

    batches = []
    child = Child("a", lambda: Full(batches), patience_s=60, capacity=10, when_full="drop_oldest")
    async with open_runtime([child], clock=trio_clock(T0_US)) as rt:
        for number in range(25):
            rt.publish(Said(f"t:{number}"))
        await rt.ask("a", "asked")
        assert rt.node("a").dropped == 16
    assert gaps == [16]


async def test_what_waits_in_patience_at_the_end_is_handled(autojump_clock):
    batches = []
    async with open_runtime([Child("a", lambda: Counting(batches), patience_s=60)], clock=trio_clock(T0_US)) as rt:
        rt.publish(Said("t:1"))
        await trio.testing.wait_all_tasks_blocked()
    assert [batch for _, batch in batches if batch] == [["t:1"]]
