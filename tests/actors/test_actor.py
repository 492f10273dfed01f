"""Messages, answers, refusals, crashes and timers, through public doors and in virtual time."""

import pytest
import trio

from actors import (
    Actor,
    ActorCrashed,
    AskTimeout,
    Child,
    MailboxFull,
    NameTaken,
    NobodyOwns,
    Refused,
    RestartsExhausted,
    Supervisor,
    open_runtime,
    trio_clock,
)
from actors.testing import probe

T0_US = 1_700_000_000_000_000


class Counter(Actor):
    """Adds up what it is told; answers with the sum."""

    def __init__(self):
        self.total = 0

    def receive(self, message):
        match message:
            case "boom":
                raise RuntimeError("boom")
            case "no":
                raise Refused("not today", "closed")
            case int():
                self.total += message
        return self.total


class Slow(Counter):
    """The same, but each message takes a second."""

    async def receive(self, message):
        await trio.sleep(1)
        return super().receive(message)


@pytest.fixture
async def runtime():
    async with open_runtime([Child("counter", Counter), Child("slow", Slow)], clock=trio_clock(T0_US), seed=1) as rt:
        yield rt


async def test_an_ask_is_answered(autojump_clock, runtime):
    assert runtime.tell("counter", 2)
    assert await runtime.ask("counter", 3) == 5


async def test_an_async_handler_answers_too(autojump_clock, runtime):
    assert await runtime.ask("slow", 3) == 3


async def test_a_refusal_reaches_the_asker_and_the_actor_goes_on(autojump_clock, runtime):
    await runtime.ask("counter", 1)
    with pytest.raises(Refused) as no:
        await runtime.ask("counter", "no")
    assert (no.value.reason, no.value.code) == ("not today", "closed")
    assert await runtime.ask("counter", 0) == 1


async def test_a_refused_tell_is_a_dead_letter(autojump_clock, runtime):
    runtime.tell("counter", "no")
    await runtime.ask("counter", 0)
    assert runtime.dead_letter_count == 1
    assert runtime.dead_letters[0].reason == "refused: not today"


async def test_a_crash_fails_the_ask_in_hand_and_keeps_the_rest(autojump_clock, runtime):
    seen = probe(runtime, "life:counter")
    runtime.tell("counter", 1)
    runtime.tell("counter", "boom")
    runtime.tell("counter", 5)
    assert await runtime.ask("counter", 0) == 5  # a new life, the message behind the poison kept
    assert [m.what for m in seen.took()] == ["crashed", "started"]
    with pytest.raises(ActorCrashed) as crash:
        await runtime.ask("counter", "boom")
    assert isinstance(crash.value.__cause__, RuntimeError) and crash.value.__cause__.__traceback__ is not None
    assert await runtime.ask("counter", 0) == 0


async def test_an_ask_times_out_at_its_deadline(autojump_clock, runtime):
    began = trio.current_time()
    for _ in range(10):
        runtime.tell("slow", 1)
    with pytest.raises(AskTimeout):
        await runtime.ask("slow", 1, timeout_s=2.5)
    assert trio.current_time() - began == pytest.approx(2.5)


async def test_a_withdrawn_ask_is_skipped(autojump_clock, runtime):
    runtime.tell("slow", 1)
    with trio.move_on_after(0.5):
        await runtime.ask("slow", 100)
    assert await runtime.ask("slow", 0) == 1


async def test_asking_nobody_and_asking_oneself_raise(autojump_clock, runtime):
    with pytest.raises(NobodyOwns):
        await runtime.ask("nobody", 1)

    class Selfish(Actor):
        async def receive(self, message):
            return await self.ask("selfish", message)

    runtime.add(Child("selfish", Selfish))
    with pytest.raises(ActorCrashed, match="asks itself"):
        await runtime.ask("selfish", 1)


async def test_names_are_unique_and_free_again_after_the_end(autojump_clock, runtime):
    with pytest.raises(NameTaken):
        runtime.add(Child("counter", Counter))
    await runtime.remove("counter")
    assert not runtime.alive("counter")
    assert not runtime.tell("counter", 1)
    runtime.add(Child("counter", Counter))
    assert await runtime.ask("counter", 7) == 7


@pytest.mark.parametrize(("policy", "kept"), [("refuse", [0, 1]), ("drop_newest", [0, 1]), ("drop_oldest", [3, 4])])
async def test_a_full_mailbox_answers_by_its_policy(autojump_clock, policy, kept):
    got, gaps = [], []

    class Taker(Actor):
        def receive(self, message):
            got.append(message)

        def gap(self, from_us, to_us, dropped):
            gaps.append(dropped)

    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        rt.add(Child("taker", Taker, capacity=2, when_full=policy))
        taken = [rt.tell("taker", n) for n in range(5)]
        if policy == "refuse":
            with pytest.raises(MailboxFull):
                await rt.ask("taker", 9)
        await trio.testing.wait_all_tasks_blocked()
        assert got == kept
        assert rt.node("taker").dropped == (4 if policy == "refuse" else 3)
        assert gaps == ([] if policy == "refuse" else [3])
        assert taken == [True, True, *[policy == "drop_oldest"] * 3]


async def test_a_timer_fires_in_its_life_and_dies_with_it(autojump_clock):
    fired = []

    class Ticker(Actor):
        async def start(self):
            self.after(10, "tick")

        def receive(self, message):
            if message == "boom":
                raise RuntimeError("boom")
            fired.append(trio.current_time() - began)

    began = trio.current_time()
    async with open_runtime([Child("ticker", Ticker)], clock=trio_clock(T0_US)) as rt:
        await trio.sleep(5)
        rt.tell("ticker", "boom")
        await trio.sleep(30)
    assert fired == [pytest.approx(15)]


async def test_helpers_live_and_die_with_their_life(autojump_clock):
    ticks = []

    class Pulse(Actor):
        async def start(self):
            self.helper(self.beat)

        async def beat(self):
            try:
                while True:
                    await trio.sleep(1)
                    ticks.append("tick")
                    if len(ticks) == 3:
                        raise OSError("line lost")
            finally:
                ticks.append("end")

        def receive(self, message):
            return message

    async with open_runtime([Child("pulse", Pulse, expected=(OSError,))], clock=trio_clock(T0_US), seed=1) as rt:
        await trio.sleep(3.2)
        assert ticks == ["tick", "tick", "tick", "end"]
        assert rt.node("pulse").state == "backing_off"
        await trio.sleep(2)
        assert await rt.ask("pulse", "alive") == "alive"
    assert ticks[-1] == "end"


async def test_a_late_helper_opens_the_nursery_when_first_needed(autojump_clock):
    done = trio.Event()

    class Later(Actor):
        def receive(self, message):
            self.helper(self.work)
            return "started"

        async def work(self):
            done.set()

    async with open_runtime([Child("later", Later)], clock=trio_clock(T0_US)) as rt:
        assert await rt.ask("later", 1) == "started"
        await done.wait()
        assert await rt.ask("later", 1) == "started"


async def test_an_answer_may_come_later(autojump_clock):
    class Desk(Actor):
        def receive(self, message):
            if message == "later":
                self.kept = self.reply_later()
                self.after(3, "settle")
            else:
                self.kept.answer("now")

    async with open_runtime([Child("desk", Desk)], clock=trio_clock(T0_US)) as rt:
        assert await rt.ask("desk", "later") == "now"


async def test_pending_messages_are_handled_before_an_orderly_stop(autojump_clock):
    log = []

    class Last(Actor):
        async def receive(self, message):
            await trio.sleep(0.1)
            log.append(message)

        async def stop(self):
            log.append("stop")

    async with open_runtime([Child("last", Last)], clock=trio_clock(T0_US)) as rt:
        for n in range(3):
            rt.tell("last", n)
    assert log == [0, 1, 2, "stop"]


async def test_a_hung_actor_is_cut_off_after_its_grace(autojump_clock):
    class Hung(Actor):
        async def receive(self, message):
            await trio.sleep_forever()

    began = trio.current_time()
    async with open_runtime([Child("hung", Hung, grace_s=3)], clock=trio_clock(T0_US)) as rt:
        rt.tell("hung", 1)
        await trio.sleep(1)
        assert rt.node("hung").state == "running"
    assert trio.current_time() - began == pytest.approx(4)


async def test_children_start_in_order_and_stop_in_reverse(autojump_clock):
    log = []

    class Noted(Actor):
        async def start(self):
            await trio.sleep(1)
            log.append(f"+{self.name}")

        async def stop(self):
            log.append(f"-{self.name}")

    tree = [
        Child("a", Noted),
        Child("sup", lambda: Supervisor([Child("b", Noted), Child("c", Noted)])),
        Child("d", Noted),
    ]
    async with open_runtime(tree, clock=trio_clock(T0_US)) as rt:
        assert [n.name for n in rt.tree().children] == ["a", "sup", "d"]
        assert [n.name for n in rt.node("sup").children] == ["b", "c"]
    assert log == ["+a", "+b", "+c", "+d", "-d", "-c", "-b", "-a"]


async def test_an_outer_cancel_still_stops_in_reverse_order(autojump_clock):
    log = []

    class Noted(Actor):
        async def stop(self):
            await trio.sleep(1)
            log.append(self.name)

    with trio.move_on_after(5):
        async with open_runtime([Child("history", Noted), Child("feed", Noted)], clock=trio_clock(T0_US)):
            await trio.sleep_forever()
    assert log == ["feed", "history"]


async def test_more_crashes_than_the_budget_end_the_runtime(autojump_clock):
    with pytest.raises(RestartsExhausted, match="counter"):
        async with open_runtime([Child("counter", Counter)], clock=trio_clock(T0_US)) as rt:
            for _ in range(6):
                rt.tell("counter", "boom")
            await trio.sleep_forever()


async def test_a_parked_child_stays_visible_and_an_operator_may_restart_it(autojump_clock):
    tree = [Child("sup", lambda: Supervisor([Child("a", Counter), Child("b", Counter)], exhausted="park"))]
    async with open_runtime(tree, clock=trio_clock(T0_US)) as rt:
        for _ in range(6):
            rt.tell("a", "boom")
        await trio.sleep(60)
        assert rt.node("a").state == "failed"
        assert rt.node("a").error == "RuntimeError: boom"
        with pytest.raises(NobodyOwns):
            await rt.ask("a", 1)
        assert await rt.ask("b", 1) == 1
        rt.restart("a")
        await trio.testing.wait_all_tasks_blocked()
        assert await rt.ask("a", 2) == 2


async def test_kill_and_restart_begin_a_new_life(autojump_clock, runtime):
    await runtime.ask("counter", 5)
    runtime.kill("counter")
    await trio.sleep(0.01)
    assert await runtime.ask("counter", 1) == 1
    runtime.restart("counter")
    await trio.sleep(0.01)
    assert await runtime.ask("counter", 2) == 2
    assert runtime.node("counter").restarts == 2
    assert runtime.node("counter").error == "Killed: counter was killed"


async def test_an_adopted_actor_lives_in_the_lenders_task(autojump_clock, runtime):
    async def lender(task_status):
        task_status.started()
        await runtime.adopt(Child("socket:1", Counter))

    async with trio.open_nursery() as nursery:
        await nursery.start(lender)
        await trio.testing.wait_all_tasks_blocked()
        assert await runtime.ask("socket:1", 4) == 4
        assert [n.name for n in runtime.tree().children][-1] == "socket:1"
        nursery.cancel_scope.cancel()
    assert not runtime.alive("socket:1")
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="boom")):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runtime.adopt, Child("socket:2", Counter))
            await trio.testing.wait_all_tasks_blocked()
            runtime.tell("socket:2", "boom")
    assert not runtime.alive("socket:2")
