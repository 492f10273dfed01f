"""How `oracle tail` shows a message to people."""

import re

import pytest

from oracle.bookmark import Frame, Hole, Ready
from oracle.model import Severity
from web.commands.tail import Filter, line, notice


def frame(data, type="trade", topic="trade:BTC-USD"):
    return Frame(topic, type, topic, data, "2026-11-27T06:12:00.042920Z", "abc", 7, False, "abc:7")


EVENT = frame({"id": "evt_1", "kind": "jump", "subject": "BTC", "severity": "high", "summary": "BTC rose 6 %", "simulated": True},
              "event", "event:jump:BTC")  # fmt: skip
TRADE = frame({"symbol": "BTC-USD", "price": 12.5, "side": "", "ts": "2026-11-27T06:12:00Z", "source": "x", "simulated": False})
STATE = frame({"ref": "rule:a", "value": {"on": True, "why": "a b"}, "version": 3}, "state", "state:rule:a")
GONE = frame({"ref": "rule:a", "value": None, "version": 4}, "state", "state:rule:a")


def marked(ink, text):
    return f"<{ink}>{text}</>"


@pytest.mark.parametrize(("message", "shown"), [
    (EVENT, "06:12:00.042 event:jump:BTC high BTC rose 6 % (simulated)"),
    (TRADE, '06:12:00.042 trade:BTC-USD price=12.5 side=""'),
    (STATE, '06:12:00.042 state:rule:a on=true why="a b"'),
    (GONE, "06:12:00.042 state:rule:a value=null"),
])
def test_a_line_says_when_where_and_what(message, shown):
    assert " ".join(line(message).split()) == shown


def test_colours_only_repeat_what_the_words_say():
    shown = line(EVENT, marked)
    assert "<red>high    </>" in shown and "<dim>(simulated)</>" in shown
    assert re.sub("<[^>]*>", "", shown) == line(EVENT)


@pytest.mark.parametrize(("only", "passed"), [
    (Filter(), [EVENT, TRADE, STATE, GONE]),
    (Filter(Severity.high), [EVENT]),
    (Filter(Severity.critical), []),
    (Filter(grep=re.compile("PRICE=12|rose", re.IGNORECASE)), [EVENT, TRADE]),
    (Filter(Severity.low, re.compile("fell")), []),
])
def test_a_filter_lets_pass_what_it_says(only, passed):
    assert [message for message in (EVENT, TRADE, STATE, GONE) if only.passes(message)] == passed


def test_what_happened_to_the_stream_is_said():
    assert notice(Ready(None, "")) == "" and notice(Ready(3, "")) == "resumed, 3 messages caught up"
    assert notice(Hole("too_slow", 5, "")) == "5 messages were skipped (too_slow)"
    assert "messages are missing here (incomplete)" in notice(Hole("incomplete", None, ""))
