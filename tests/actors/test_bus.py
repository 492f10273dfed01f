"""The bus: who hears what, in which order and at which time, and the gate."""

from functools import partial

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors import Bus, trio_clock
from actors import bus as bus_module


class Said:
    """A message with a topic."""

    def __init__(self, topic, retained=False):
        self.topic = topic
        self.retained = retained


def steady():
    return 1_000


def naive(pattern, topic):
    return pattern == topic or (pattern.endswith("*") and topic.startswith(pattern[:-1]))


segments = st.lists(st.sampled_from(["a", "b", "ab", ""]), min_size=1, max_size=3).map(":".join)
topics = segments.filter(bool)
patterns = st.one_of(topics, topics.map(lambda t: f"{t}:*"), st.just("*"))
steps = st.lists(
    st.tuples(st.sampled_from(["listen", "cancel", "publish"]), patterns, topics, st.integers(0, 9)), max_size=40
)


@given(steps)
def test_matching_agrees_with_a_naive_reference(script):
    bus, heard, present = Bus(steady), [], []

    def hear(token, published):
        heard.append((token, published.offset))

    for step, pattern, topic, place in script:
        match step:
            case "listen":
                token = object()
                present.append((token, pattern, bus.listen(pattern, partial(hear, token))))
            case "cancel" if present:
                subscription = present.pop(place % len(present))[2]
                subscription.cancel()
                subscription.cancel()
            case "publish":
                heard.clear()
                offset = bus.publish(Said(topic))
                assert set(heard) == {(token, offset) for token, pattern, _ in present if naive(pattern, topic)}
                assert len(heard) == len(set(heard))
    assert bus.listeners() == len(present)


@given(st.lists(st.tuples(topics, st.booleans())), patterns)
def test_the_retained_are_the_last_of_each_topic_in_offset_order(said, pattern):
    bus = Bus(steady)
    for topic, retained in said:
        bus.publish(Said(topic, retained))
    last = {topic: n for n, (topic, retained) in enumerate(said, 1) if retained}
    assert [p.offset for p in bus.retained(pattern)] == sorted(n for t, n in last.items() if naive(pattern, t))
    assert {t for t in last if bus.last(t).offset == last[t]} == set(last)


@pytest.mark.parametrize("pattern", ["", "a*", "*a", "a:*:b", "**", "a:**", "*:a"])
def test_malformed_patterns_are_refused(pattern):
    bus = Bus(steady)
    with pytest.raises(ValueError, match="malformed"):
        bus.listen(pattern, print)
    assert bus.listeners() == 0


@pytest.mark.parametrize("pattern", ["quote:A", "quote:*", "*"])
def test_a_warm_topic_hears_of_newcomers_and_forgets_leavers(pattern):
    bus, heard = Bus(steady), []
    bus.publish(Said("quote:A"))
    subscription = bus.listen(pattern, heard.append)
    bus.publish(Said("quote:A"))
    assert [p.offset for p in heard] == [2]
    subscription.cancel()
    bus.publish(Said("quote:A"))
    assert [p.offset for p in heard] == [2]


@pytest.mark.parametrize("pattern", ["quote:A", "quote:*", "*"])
def test_a_listener_may_leave_and_another_come_while_publishing(pattern):
    bus, heard = Bus(steady), []

    def once(published):
        heard.append(("once", published.offset))
        subscription.cancel()
        bus.listen(pattern, lambda p: heard.append(("next", p.offset)))

    subscription = bus.listen(pattern, once)
    bus.listen(pattern, lambda p: heard.append(("other", p.offset)))
    bus.publish(Said("quote:A"))
    assert heard == [("once", 1), ("other", 1)]
    bus.publish(Said("quote:A"))
    assert heard[2:] == [("other", 2), ("next", 2)]


def test_listeners_of_equal_patterns_are_told_apart():
    bus, heard = Bus(steady), []
    first, second = bus.listen("a", heard.append), bus.listen("a", heard.append)
    first.cancel()
    bus.publish(Said("a"))
    assert len(heard) == 1
    second.cancel()
    assert bus.listeners() == 0


def test_time_goes_on_when_the_clock_is_set_back():
    times, heard = iter([50, 20, 60]), []
    bus = Bus(lambda: next(times))
    bus.listen("*", heard.append)
    for _ in range(3):
        bus.publish(Said("a"))
    assert [(p.offset, p.time_us) for p in heard] == [(1, 50), (2, 50), (3, 60)]


def test_more_retained_topics_than_fit_evict_the_first_and_are_counted(monkeypatch):
    monkeypatch.setattr(bus_module, "RETAINED_TOPICS", 2)
    bus = Bus(steady)
    for topic in "abac":
        bus.publish(Said(topic, retained=True))
    assert [p.topic for p in bus.retained("*")] == ["b", "c"]
    assert bus.evicted == 1
    assert bus.last("a") is None


def test_more_topics_than_the_cache_holds_are_still_matched(monkeypatch):
    monkeypatch.setattr(bus_module, "CACHE_TOPICS", 2)
    bus, heard = Bus(steady), []
    bus.listen("c", heard.append)
    for topic in "abcabc":
        bus.publish(Said(topic))
    assert [p.offset for p in heard] == [3, 6]
    assert len(bus._cache) <= 2


async def test_the_gate_has_two_seconds_of_patience(autojump_clock):
    bus = Bus(trio_clock(0))
    began = trio.current_time()
    await bus.room()
    bus.close_gate()
    bus.close_gate()
    await bus.room()
    assert trio.current_time() - began == 2
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bus.room)
        await trio.sleep(0.5)
        bus.open_gate()
        bus.open_gate()
    assert trio.current_time() - began == 2.5
    await bus.room()
    assert trio.current_time() - began == 2.5


async def test_an_open_gate_is_still_a_checkpoint():
    with trio.CancelScope() as scope:
        scope.cancel()
        await Bus(steady).room()
        raise AssertionError("room must yield")
    assert scope.cancelled_caught
