"""What is to be seen of a stream, and that it stays bounded."""

import pytest

from oracle.bookmark import Frame, Hole, Ready
from oracle.problems import Invalid
from oracle.widget.picture import LINES, POINTS, SERIES, TOPICS, Picture, kind_for

TS = "2026-11-27T06:30:00.25Z"


def frame(topic, data, *, ts=TS, snapshot=False):
    return Frame(topic, "x", topic, data, ts, "e", 1, snapshot, "e:1")


def quote(symbol, bid, n=0):
    ts = f"2026-11-27T06:30:{n % 60:02}.25Z"
    data = {"symbol": symbol, "bid": bid, "ask": bid + 2, "bid_size": 1.0, "ts": ts, "simulated": True}
    return frame(f"quote:{symbol}", data, ts=ts)


@pytest.mark.parametrize(("topics", "kind"), [
    (("quote:BTC-USD",), "chart"), (("sample:cpu:host", "quote:BTC-USD"), "chart"), (("quote:*",), "table"),
    (("state:*",), "table"), (("event:*",), "log"), (("quote:*", "life:*"), "log"),
])  # fmt: skip
def test_the_kind_fits_the_topics_unless_one_is_said(topics, kind):
    assert kind_for(topics) == kind == Picture(topics).kind
    assert Picture(topics, "table").kind == "table"
    with pytest.raises(Invalid, match="chart"):
        Picture(topics, "pie")
    with pytest.raises(Invalid, match="quote:BTC-USD"):
        Picture(())


def test_a_chart_draws_the_middle_of_a_quote_the_price_of_a_trade_or_the_field_that_was_named():
    chart = Picture(["quote:BTC-USD", "trade:BTC-USD"])
    for told in (quote("BTC-USD", 9.0), frame("trade:BTC-USD", {"price": 11.5, "size": 2}), frame("trade:BTC-USD", {"size": 2})):
        chart.take(told)
    assert chart.said()["newest"] == {"quote:BTC-USD": [1795761000250.0, 10.0], "trade:BTC-USD": [1795761000250.0, 11.5]}
    named = Picture(["state:account:desk"], "chart", "cash")
    named.take(frame("state:account:desk", {"value": {"cash": 7.0, "equity": 9.0}, "version": 1}))
    assert named.past() == {"state:account:desk": [[1795761000250.0, 7.0]]}


def test_a_table_has_the_newest_of_each_topic_and_a_log_what_is_news():
    table, log = Picture(["quote:*"]), Picture(["event:*"])
    for n in range(3):
        table.take(quote("BTC-USD", 9.0 + n, n))
    assert table.said()["rows"] == [["quote:BTC-USD", "06:30:02.25", "12", "bid=11.0 ask=13.0 bid_size=1.0"]]
    assert table.said()["simulated"] is True
    for n, old in ((1, True), (2, False), (3, False)):
        log.take(frame(f"event:odd:{n}", {"severity": "high", "summary": f"number {n}"}, snapshot=old))
    assert [line[1:] for line in log.said()["lines"]] == [[f"event:odd:{n}", "high", f"number {n}"] for n in (3, 2)]


def test_what_is_missing_and_what_became_of_the_stream_is_said():
    picture = Picture(["quote:BTC-USD"])
    assert picture.said()["state"] == "connecting"
    picture.take(Ready(None, "e:1"))
    picture.take(Hole("slow", 12, "e:9"))
    assert (picture.said()["state"], picture.said()["skipped"]) == ("live", 12)
    picture.take(Hole("beyond_end", None, "e:9"))
    assert "beyond_end" in picture.said()["reason"]
    picture.stands("reconnecting")
    assert picture.text().splitlines()[0] == "quote:BTC-USD: reconnecting, skipped 12"
    picture.take(quote("BTC-USD", 9.0))
    assert picture.text().splitlines() == ["quote:BTC-USD: live, skipped 12 [simulated]", "  quote:BTC-USD  10  (1 points)"]


def test_it_is_bounded_and_says_what_it_leaves_out():
    chart, table, log = Picture(["quote:*"], "chart"), Picture(["quote:*"]), Picture(["event:*"])
    for n in range(TOPICS + 50):
        table.take(quote(f"S{n}", 1.0))
        chart.take(quote(f"S{n}", 1.0))
        log.take(frame("event:a:b", {"summary": "x" * 10_000}))
    for n in range(2 * POINTS):
        chart.take(quote("S0", float(n), n))
    assert (len(table.said()["rows"]), table.said()["left_out"]) == (TOPICS, 50)
    assert (len(chart.past()), chart.said()["left_out"], len(chart.past()["quote:S0"])) == (SERIES, TOPICS + 50 - SERIES, POINTS)
    assert len(log.said()["lines"]) == LINES and max(len(line[3]) for line in log.said()["lines"]) <= 200
