"""What `oracle top` makes of what it saw, of the keys, and of the size of the terminal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from soak import rounds

from oracle.bookmark import Frame, Hole
from web.top.choice import SORTS, Choice
from web.top.keys import keys_of
from web.top.panes import head, panes
from web.top.screen import screen
from web.top.seen import Look, Seen
from web.verbs.top import SORTS as OFFERED

NOW_US = 1_795_449_600_000_000
MOST = (20, 0, 3, 9)


def node(name, *children, state="running", **more):
    said = {"name": name, "kind": "Thing", "state": state, "restarts": 0, "depth": 0, "rate_per_s": 0.0, "about": {},
            "last_error": None, "since": "2026-11-23T15:00:00Z", "children": list(children)}  # fmt: skip
    return said | more


def look(offset=100, messages=50, epoch="abc", **more):
    feed = {"connected": True, "stale": False, "messages": messages, "last_frame": "2026-11-23T15:59:57Z", "last_error": None}
    tree = node("root", node("rules", node("rule:a", restarts=2, rate_per_s=3.5), node("rule:b", depth=7)),
                node("feeds", node("feed:sim", about=feed), node("feed:off", state="backing_off", last_error="no\nroute 世界")))
    alerts = [
        {"name": "calm", "enabled": True, "phase": "inactive", "since": None, "held_by": None, "trigger_count": 0, "comment": "",
         "fault": None},
        {"name": "loud", "enabled": True, "phase": "firing", "since": "2026-11-23T14:00:00Z", "held_by": None, "trigger_count": 4,
         "comment": "", "fault": None},
        {"name": "hushed", "enabled": True, "phase": "pending", "since": "2026-11-23T15:59:00Z", "held_by": "silence",
         "trigger_count": 1, "comment": "", "fault": None},
    ]  # fmt: skip
    silences = [{"matchers": {"alert_id": "hushed", "kinds": None}, "since": "2026-11-23T15:00:00Z",
                 "until": "2026-11-23T17:00:00Z", "comment": "lunch"}]  # fmt: skip
    return Look("http://127.0.0.1:8000/", "1.2.3", f"{epoch}:{offset}", (), tree, alerts, silences, **more)


def event(number, severity="low", **more):
    return {"id": f"evt_{number}", "ts": "2026-11-23T15:59:58Z", "severity": severity, "kind": "jump", "summary": f"it {number}",
            **more}  # fmt: skip


def frame(data):
    return Frame("event:jump:X", "event", "event:jump", data, data["ts"], "abc", 1, False, "abc:1")


def texts(pane):
    return [[cell.text.strip() for cell in row] for row in pane.rows]


def test_the_command_offers_what_there_is():
    assert OFFERED == SORTS


def test_rates_are_measured_between_two_looks_at_one_run():
    seen = Seen()
    seen.looked(look(), 10.0)
    assert (seen.rate, seen.feed_rates) == (None, {})
    seen.looked(look(300, 90), 14.0)
    assert (seen.rate, seen.feed_rates) == (50.0, {"feed:sim": 10.0})
    seen.looked(look(5, 1, epoch="def"), 15.0)
    assert (seen.rate, seen.feed_rates) == (None, {})


def test_it_says_since_when_nobody_answers_and_what_the_stream_left_out():
    seen = Seen()
    seen.looked(look(), 10.0)
    assert [cell.text for cell in head(seen, NOW_US)[1]] == ["all parts are ready"]
    seen.lost("refused", NOW_US - 70_000_000)
    seen.lost("refused again", NOW_US)
    seen.told(Hole("too_slow", 40, ""))
    seen.told(Hole("unknown_epoch", None, ""))
    first, second = head(seen, NOW_US)
    assert "reconnecting for 1 min" in [cell.text for cell in first]
    assert [cell.text for cell in second] == ["40 skipped, 1 holes of unknown size", "refused again"]
    seen.looked(look(), 12.0)
    assert "live" in [cell.text for cell in head(seen, NOW_US)[0]]


def test_an_event_is_told_once_and_only_the_newest_are_kept():
    seen = Seen()
    seen.happened([event(1), event(2)])
    seen.told(frame(event(2, severity="high")))
    seen.told(frame(event(3, simulated=True)))
    assert [one["id"] for one in seen.events] == ["evt_3", "evt_2", "evt_1"]
    assert texts(panes(seen, Choice(), NOW_US)[3])[0] == ["15:59:58", "low", "jump", "simulated: it 3"]
    seen.happened(event(number) for number in range(10, 2_000))
    assert len(seen.events) == 500 and seen.events[0]["id"] == "evt_1999"


def test_actors_are_shown_as_a_tree_or_sorted_or_of_a_kind_or_folded():
    seen = Seen()
    seen.looked(look(), 1.0)

    def names(choice):
        return [row[0] for row in texts(panes(seen, choice, NOW_US)[0])]

    assert names(Choice()) == ["root", "rules", "rule:a", "rule:b", "feeds", "feed:sim", "feed:off"]
    assert names(Choice(sort="rate"))[0] == "rule:a" and names(Choice(sort="depth"))[0] == "rule:b"
    assert names(Choice(sort="name"))[0] == "feed:off" and names(Choice(sort="restarts"))[0] == "rule:a"
    assert names(Choice(kinds=("rule",))) == ["rule:a", "rule:b"]
    folded = texts(panes(seen, Choice(folded=True), NOW_US)[0])
    assert folded[1] == ["rules +2", "running", "7", "3.5", "2", ""]
    assert [row[0] for row in folded] == ["root", "rules +2", "feeds +2", "feed:off"]
    assert names(Choice(word="RULE:")) == ["rule:a", "rule:b"]


def test_feeds_and_alerts_say_how_they_are_in_words():
    seen = Seen()
    seen.looked(look(), 1.0)
    _, feeds, alerts, _ = panes(seen, Choice(), NOW_US)
    assert [row[:3] for row in texts(feeds)] == [["sim", "connected", "3 s"], ["off", "backing off", "never"]]
    assert [row[:3] for row in texts(alerts)] == [
        ["loud", "firing", "2 h"], ["hushed", "silenced", "1 min"], ["calm", "inactive", "never"],
        ["silence of alert_id hushed", "silenced", "1 h"],
    ]  # fmt: skip


@pytest.mark.parametrize(("keys", "expected"), [
    ("q", Choice(over=True)),
    (["tab", "tab", "backtab"], Choice(pane=1)),
    (["left"], Choice(pane=3)),
    (["s", "s"], Choice(sort=SORTS[2])),
    ("s" * len(SORTS), Choice()),
    (["f"], Choice(folded=True)),
    (["down", "pagedown", "up"], Choice(tops=(10, 0, 0, 0))),
    (["tab", "down"], Choice(pane=1)),
    (["end", "tab", "tab", "end"], Choice(pane=2, tops=(20, 0, 3, 0))),
    (["down", "home"], Choice()),
    ([*"/q s", "backspace", "enter", "f"], Choice(word="q ", folded=True)),
    ([*"/btc", "escape"], Choice()),
    ([*"/btc", "enter", "escape"], Choice()),
    ([*"/a", "eof"], Choice(word="a", over=True)),
    (["z", "insert"], Choice()),
])  # fmt: skip
def test_each_key_does_one_thing(keys, expected):
    choice = Choice()
    for key in keys:
        choice = choice.pressed(key, MOST)
    assert choice == expected


@pytest.mark.parametrize(("said", "heard"), [
    ("q/a", ["q", "/", "a"]), ("\x1b[A\x1bOB\x1b[5~\x1b[1;5C", ["up", "down", "pageup"]), ("\x1b", ["escape"]),
    ("\t\r\x7f\x1b[Z", ["tab", "enter", "backspace", "backtab"]), ("\x04", ["eof"]), ("ж\x00", ["ж"]), ("", []),
])  # fmt: skip
def test_what_a_terminal_says_becomes_keys(said, heard):
    assert list(keys_of(said)) == heard


@settings(max_examples=rounds(40, 2_000), deadline=None)
@given(width=st.integers(20, 300), height=st.integers(3, 90), keys=st.lists(st.sampled_from(
    ["tab", "down", "end", "pagedown", "f", "s", "/", "a", "enter"]), max_size=12), summary=st.text(max_size=60))  # fmt: skip
def test_what_is_shown_fits_whatever_the_terminal_has(width, height, keys, summary):
    seen, choice, most = Seen(), Choice(), (0,) * 4
    seen.looked(look(), 1.0)
    seen.happened([event(1, summary=summary), *(event(number) for number in range(2, 60))])
    for key in [*keys, "nothing"]:
        text, most = screen(head(seen, NOW_US), panes(seen, choice, NOW_US), choice, width, height)
        choice = choice.pressed(key, most)
        lines = text.plain.split("\n")
        assert len(lines) <= height
        assert {cell_len(line) for line in lines} == {width}
