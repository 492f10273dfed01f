"""The header Retry-After: both forms of RFC 9110, 10.2.3, and whatever else stands there."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.retry_after import retry_after_s

NOW_US = 946_684_739_000_000


@pytest.mark.parametrize(("text", "wait_s"), [
    ("", None), ("120", 120.0), (" 0 ", 0.0), ("soon", None), ("-5", None), ("\u0663", None), ("9" * 400, 999_999_999.0),
    ("Fri, 31 Dec 1999 23:59:59 GMT", 60.0), ("Fri, 31 Dec 1999 23:57:59 GMT", 0.0), ("Fri, 31 Dec 1999 23:59:59", 60.0),
    ("Fri, 99 Dec 1999 23:59:59 GMT", None), ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
    ("Mon, 99999999999 Jan 2000 00:00:00 GMT", None), ("Mon, 01 Jan 2000 99999999999:00:00 GMT", None),
    ("Mon, 01 Jan 2000 00:00:00 +99999999999999", None), ("Mon, 01 Jan 1800 00:00:00 +2359", 0.0),
    ("Mon, 01 Jan " + "9" * 5000 + " 00:00:00 GMT", None),
])  # fmt: skip
def test_how_long_a_server_asks_to_wait(text, wait_s):
    assert retry_after_s(text, NOW_US) == wait_s


PARTS = st.sampled_from(["Mon,", "01", "Jan", "2000", "00:00:00", "GMT", "+2359", "-9999", "9" * 30, "::", ",", "-", "+", "."])


@given(st.text() | st.lists(PARTS | st.integers().map(str), max_size=8).map(" ".join))
def test_any_text(text):
    found = retry_after_s(text, NOW_US)
    assert found is None or 0 <= found < math.inf
