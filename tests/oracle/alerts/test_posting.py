"""What a far end's answer says about when to come again, whatever stands in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.alerts.posting import said_in_body
from oracle.http import Answer


def waits(body: bytes) -> float | None:
    return said_in_body("parameters", "retry_after")(Answer(429, {}, body))


@pytest.mark.parametrize(("number", "expected"), [
    ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("9" * 400, 1e9), ("-" + "9" * 400, 0.0), ("1e300", 1e9), ("true", None),
    ('"7"', None), ("null", None), ("[7]", None),
])  # fmt: skip
def test_a_wait_is_a_number_within_reason(number, expected):
    assert waits(b'{"parameters": {"retry_after": %b}}' % number.encode()) == expected


@given(st.binary(max_size=50) | st.recursive(st.none(), lambda inner: st.lists(inner)).map(lambda value: repr(value).encode()))
def test_any_answer_is_survived(body):
    assert waits(body) is None
