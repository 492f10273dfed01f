"""Pictures: every line and mark is where its number is, whatever the numbers are, and nothing that is said breaks the markup."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Refused
from oracle.notebook.drawing import HEIGHT, WIDTH, Mark, Panel, drawn
from oracle.notebook.results import Events, Performance
from oracle.sdk.trade import Backtest
from tests.soak import rounds

SVG = "{http://www.w3.org/2000/svg}"
DAY_US = 86_400_000_000
FINITE = st.floats(-1e12, 1e12)


def lines(drawing):
    """The points of each line of a picture."""
    root = ElementTree.fromstring(drawing.svg)
    return [[tuple(map(float, pair.split(","))) for pair in line.get("points").split()] for line in root.iter(f"{SVG}polyline")]


@settings(max_examples=rounds(40, 2_000))
@given(values=st.lists(st.one_of(FINITE, st.just(math.nan)), max_size=40), text=st.text(max_size=20))
def test_all_of_it_is_on_the_picture_in_its_place(values, text):
    points = [(n * DAY_US, value) for n, value in enumerate(values)]
    drawing = drawn([Panel(text, points, [Mark(DAY_US, "mark", "high")])], "picture")
    finite = [value for value in values if math.isfinite(value)]
    drawn_points = lines(drawing)
    assert sum(map(len, drawn_points)) == len(finite)
    for line in drawn_points:
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
        assert [x for x, _ in line] == sorted(x for x, _ in line)
        for (_, y), value in zip(line, finite, strict=True):
            assert abs(y - line[0][1]) < 0.2 or (y < line[0][1]) == (value > finite[0]), "higher is further up"


def test_of_many_points_the_extremes_stay():
    points = [(n, 0.0) for n in range(100_000)]
    points[43_210] = (43_210, 9.0)
    points[43_211] = (43_211, -9.0)
    (line,) = lines(drawn([Panel("x", points)], "x"))
    assert len(line) <= 1_400
    heights = [y for _, y in line]
    assert min(heights) < 60 < 110 < max(heights)


ROWS = [{"ts": "2026-01-01T00:00:01Z", "ts_us": DAY_US, "severity": "high", "kind": "jump", "subject": "X-USD",
         "summary": "<b>rose</b>", "live": True}]  # fmt: skip


def test_events_show_their_rows_escaped_and_their_prices():
    summary = {"events": 1, "live": 1, "both": 1, "messages": {"jump": 1234}}
    events = Events("jump", summary, ROWS, {"X-USD": [(DAY_US, 5.0)]}, simulated=True)
    html = events._repr_html_()
    assert "jump: 1 events in 1,234 messages; live there were 1, both: 1 (simulated)" in html
    assert "&lt;b&gt;rose" in html and "<b>" not in html and "X-USD (simulated)" in html and "live too" in html
    assert repr(events).splitlines()[1] == "  2026-01-01 00:00:01  high      <b>rose</b>"
    assert len(events) == 1 and events[0]["kind"] == "jump" and [row["subject"] for row in events] == ["X-USD"]
    with pytest.raises(Refused, match=r"there are no prices of 'Y' here, but of X-USD; symbols=\['Y'\]"):
        events.plot("Y")


def test_nothing_found_says_so_and_is_no_empty_picture():
    html = Events("jump", {"events": 0}, [])._repr_html_()
    assert "jump: 0 events" in html and "nothing is stored of this time" in html


def test_a_strategy_s_drawdown_is_that_of_its_equity(tmp_path):
    curve = [{"date": f"2024-01-0{n + 1}", "equity": value} for n, value in enumerate([100.0, 110.0, 99.0, 121.0])]
    performance = Performance.of(Backtest.of({
        "strategy_name": "Mine", "start_date": "2024-01-01", "end_date": "2024-01-04", "total_return_pct": 21.0,
        "metadata": {"simulated": True}, "equity_curve": curve, "trades": [{"symbol": "X"}]}))  # fmt: skip
    assert [round(fall, 6) for _, fall in performance.drawdown_pct] == [0.0, 0.0, -10.0, 0.0]
    assert repr(performance).startswith("Mine, 2024-01-01 to 2024-01-04: +21.00 %, simulated bars")
    assert "Equity, USD (simulated)" in performance._repr_html_() and performance.trades[0]["symbol"] == "X"
    assert performance.plot().save(tmp_path / "plot.svg").read_text() == performance.plot()._repr_svg_()
