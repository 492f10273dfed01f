"""What is known of a command in each state, and what moves it on; no disk, no loop."""

import msgspec
import pytest

from actors import Refused
from oracle.model import Severity
from oracle.receipts import ANSWERED, KEEP_US, MOST_UNDER_WAY, UNDONE, Answered, Key, Receipts, answered_event

T0_US = 1_700_000_000_000_000
KEY = Key("ada", "k1", "d1")
OTHER = Key("ada", "k1", "d2")
YES = Answered(200, '{"done":true}')


class Clock:
    """Stands still until it is moved."""

    now_us = T0_US

    def __call__(self):
        return self.now_us


def receipts(clock=None, **how):
    return Receipts(clock or Clock(), b"secret", **how)


def row(key, kind="rule_created", answer=None, at_us=T0_US):
    """An event as history gives it."""
    if answer is None:
        return kind, key.command_id, None, at_us
    event = answered_event(key, "POST", "/x", answer, at_us)
    return event.kind, event.cause, msgspec.json.encode(event.data).decode(), at_us


# What happened to the command, then: is its effect there, is its answer there.
STATES = {
    "unknown": ([], False, None),
    "applied": ([row(KEY)], True, None),
    "applied and told": ([row(KEY), row(KEY)], True, None),
    "answered": ([row(KEY), row(KEY, answer=YES)], True, YES),
    "answered, and told late": ([row(KEY, answer=YES), row(KEY)], True, YES),
    "refused": ([row(KEY, answer=Answered(404, "{}"))], True, Answered(404, "{}")),
    "taken back": ([row(KEY), row(KEY, UNDONE)], False, None),
    "taken back, never stored": ([row(KEY, UNDONE)], False, None),
    "taken back and done": ([row(KEY), row(KEY, UNDONE), row(KEY)], True, None),
    "of somebody else": ([row(Key("bob", "k1", "d1"), answer=YES)], False, None),
    "its id used anew": ([row(OTHER, answer=YES), row(KEY)], True, None),
    "another taken back": ([row(KEY), row(OTHER, UNDONE)], True, None),
}


@pytest.mark.parametrize("state", STATES)
def test_what_history_tells_says_where_a_command_stands(state):
    rows, applied, answer = STATES[state]
    known = receipts()
    known.load(rows)
    assert known.applied(KEY.command_id) == applied
    assert known.find(KEY) == known.held(KEY) == answer


@pytest.mark.parametrize("state", ["applied", "answered", "refused"])
def test_an_id_belongs_to_one_request(state):
    known = receipts()
    known.load(STATES[state][0])
    with pytest.raises(Refused, match="k1") as caught:
        known.find(OTHER)
    assert caught.value.code == "reused"
    assert not known.applied(OTHER.command_id)
    assert known.find(Key("bob", "k1", "d2")) is None


def test_from_unknown_to_answered():
    known = receipts()
    assert known.find(KEY) is None
    turn = known.begin(KEY)
    assert known.find(KEY) is turn and known.under_way == 1
    with pytest.raises(Refused):
        known.find(OTHER)
    known.note_applied(KEY.command_id)
    assert known.applied(KEY.command_id)
    known.hold(KEY, YES)
    assert known.held(KEY) == YES
    known.stored(KEY)
    known.end(turn, YES)
    assert (turn.ended.is_set(), turn.answer, known.under_way) == (True, YES, 0)
    assert known.find(KEY) == YES


def test_an_answer_that_is_not_on_disk_is_not_given_and_not_lost():
    known = receipts()
    turn = known.begin(KEY)
    known.hold(KEY, YES)
    known.end(turn, None)
    assert known.find(KEY) is None
    assert known.held(KEY) == YES
    assert known.held(OTHER) is None


def test_a_command_of_which_nothing_is_known_may_be_another_one_next_time():
    known = receipts()
    known.end(known.begin(KEY), Answered(503, ""))
    assert known.find(OTHER) is None
    assert len(known) == 0


def test_the_oldest_are_forgotten_and_counted():
    known = receipts(most=3)
    for number in range(5):
        known.note_applied(Key("ada", str(number), "d").command_id)
    assert (len(known), known.forgotten) == (3, 2)
    assert [known.applied(Key("ada", str(number), "d").command_id) for number in range(5)] == [False, False, True, True, True]


def test_answers_take_so_many_bytes_and_no_more():
    known = receipts(most_bytes=50_000)
    for number in range(20):
        known.hold(Key("ada", str(number), "d"), Answered(200, "x" * 10_000))
    assert 3 <= len(known) <= 5 and known.bytes <= 50_000
    assert known.forgotten == 20 - len(known)
    for number in range(20):
        known.hold(Key("ada", str(number), "d"), Answered(200, ""))
    assert 20_000 <= known.bytes <= 25_000


def test_after_24_hours_they_go_quietly():
    clock = Clock()
    known = receipts(clock)
    known.note_applied(KEY.command_id)
    clock.now_us += KEEP_US
    known.note_applied(Key("ada", "k2", "d").command_id)
    assert known.applied(KEY.command_id)
    clock.now_us += 1
    known.note_applied(Key("ada", "k3", "d").command_id)
    assert not known.applied(KEY.command_id)
    assert (len(known), known.forgotten) == (2, 0)


def test_only_so_many_are_under_way():
    known = receipts()
    turns = [known.begin(Key("ada", str(number), "d")) for number in range(MOST_UNDER_WAY)]
    with pytest.raises(Refused) as caught:
        known.begin(KEY)
    assert caught.value.code == "full"
    known.end(turns[0], None)
    known.begin(KEY)


def test_ids_made_inside_and_those_of_clients_are_not_taken_for_each_other():
    known = receipts()
    known.note_applied("k1")
    known.note_applied("ada/k1/d1")
    assert known.applied("k1") and known.applied("ada/k1/d1")
    assert not known.applied(KEY.command_id) and known.find(KEY) is None
    assert not known.applied("")
    known.note_applied("")
    assert not known.applied("") and len(known) == 2


def test_a_caller_with_slashes_in_the_name_has_ids_of_its_own():
    known = receipts()
    known.note_applied(Key("a/b", "c", "d").command_id)
    assert known.find(Key("a", "b", "c/d")) is None
    assert not known.applied(Key("a", "b", "d").command_id)


def test_a_digest_counts_what_is_asked_and_not_how_it_is_written():
    known = receipts()
    asked = ("POST", "/x", {"a": 1}, {"b": [1, 2], "c": None})
    one = known.digest(*asked)
    assert one == known.digest("POST", "/x", {"a": 1}, {"c": None, "b": [1, 2]})
    others = [("PUT", *asked[1:]), ("POST", "/y", *asked[2:]), ("POST", "/x", {"a": 2}, asked[3]),
              (*asked[:3], {"b": [2, 1], "c": None}), (*asked[:3], None)]  # fmt: skip
    assert len({one, *(known.digest(*other) for other in others)}) == 6
    assert one != Receipts(Clock(), b"another").digest(*asked)


def test_an_answer_comes_back_as_it_was():
    answer = Answered(404, '{"detail":"ö"}', (("Retry-After", "2"),), "text/plain")
    known = receipts()
    known.load([row(KEY, answer=answer)])
    assert known.find(KEY) == answer
    event = answered_event(KEY, "POST", "/x", answer, T0_US)
    assert (event.kind, event.subject, event.severity) == (ANSWERED, "k1", Severity.low)
    assert {name: event.data[name] for name in ("by", "id", "method", "path", "status")} == {
        "by": "ada", "id": "k1", "method": "POST", "path": "/x", "status": 404}  # fmt: skip
