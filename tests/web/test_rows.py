"""What is shown of a message on the bus is what is shown of its row."""

import msgspec
import pytest

from oracle.model import Attempt, Bar, Depth, Event, Gap, Quote, Sample, Severity, Trade
from web.rows import native_message, native_row

T = 1_790_000_000_123_456
MESSAGES = [
    Quote("BTC-USD", 1.0, 2.0, 3.0, 4.0, T, "binance"), Quote("AAPL", 1.0, 2.0, 3.0, 4.0, T, "simulated"),
    Trade("BTC-USD", 1.0, 2.0, "buy", "7", T, "feed:simulated"), Bar("A", "1m", 1, 2, 0.5, 1, 9.0, 3, True, T, "x"),
    Depth("A", ((1.0, 2.0),), (), True, 1, 2, T, "x"), Sample("cpu", "host", 0.5, "1", T, "x"), Gap("feed:x", T, T + 5, "lost"),
    Event("evt_1", "odd", "A", "watchdog:x", Severity.low, "odd", {"provider": "simulated"}, T, "evt_0"),
    Event("evt_1", "odd", "A", "watchdog:x", Severity.low, "odd", {"provider": "binance"}, T),
    Event("evt_1", "odd", "A", "simulated", Severity.low, "odd", {}, T), Attempt("d", 1, "retry", 503, "", 0.5, T),
]  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one).__name__)
def test_a_message_is_shown_as_its_row(message):
    assert list(native_message(message).items()) == list(native_row(msgspec.structs.asdict(message)).items())
