"""How much a signal puts in: half of Kelly's share, within what the desk allows."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.settings_trading import Risk, Trading
from oracle.trading.signal import Direction, Signal
from oracle.trading.sizing import Record, half_kelly, lot_of, size

TRADING, RISK = Trading(), Risk()


def signal(strength=1.0, symbol="AAPL"):
    return Signal(symbol, Direction.long, strength, "S", "", 0)


def test_half_kelly():
    assert half_kelly(0.55, 2) == pytest.approx((0.55 * 2 - 0.45) / 2 / 2)
    assert half_kelly(0.3, 1) == 0
    assert half_kelly(0.99, 10) == 0.25


def test_golden():
    assert size(signal(), 30.0, 100_000, 100_000, TRADING, RISK) == 166  # 5 % of the equity are 5,000
    assert size(signal(0.5), 30.0, 100_000, 100_000, TRADING, RISK) == 83
    assert size(signal(), 30.0, 100_000, 10_400, TRADING, RISK) == 13  # 400 above the reserve
    assert size(signal(), 30.0, 100_000, 9_000, TRADING, RISK) == 0
    assert size(signal(), 30.0, 100_000, 100_000, TRADING, RISK, Record(0.52, 1.0)) == 66  # a poor record: 2 %
    assert size(signal(symbol="BTC-USD"), 60_000, 100_000, 100_000, TRADING, RISK, lot=lot_of("BTC-USD")) == 0.083333


@given(st.floats(0, 1), st.floats(0.01, 1e5), st.floats(0, 1e7), st.floats(-1e6, 1e7), st.floats(0.5, 50),
       st.sampled_from(["AAPL", "BTC-USD"]))  # fmt: skip
def test_never_more_than_allowed(strength, price, equity, cash, most_pct, symbol):
    lot = lot_of(symbol)
    found = size(signal(strength, symbol), price, equity, cash, attrs.evolve(TRADING, most_equity_pct=most_pct), RISK, lot=lot)
    worth = found * price
    assert 0 <= found == pytest.approx(round(found / lot) * lot)
    assert worth <= equity * most_pct / 100 * strength * (1 + 1e-6) + 1e-6 * price
    assert worth <= max(0, cash - equity * 0.1) * (1 + 1e-6) + 1e-6 * price
