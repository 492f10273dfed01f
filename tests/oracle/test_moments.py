"""Instants that are written, and the first one that is too late."""

import pytest

from oracle.moments import DAY_US, time_us, until_us
from oracle.problems import Invalid

MARCH_15_US = 1_710_460_800_000_000


@pytest.mark.parametrize(("text", "start_us", "too_late_us"), [
    ("2024-03-15", MARCH_15_US, MARCH_15_US + DAY_US),
    ("2024-W11-5", MARCH_15_US, MARCH_15_US + DAY_US),
    ("2024-03-15T00:00", MARCH_15_US, MARCH_15_US),
    ("2024-03-15T02:00:00 02:00", MARCH_15_US, MARCH_15_US),
    (str(MARCH_15_US), MARCH_15_US, MARCH_15_US),
    ("20240315", 20_240_315, 20_240_315),
])  # fmt: skip
def test_a_day_alone_is_whole(text, start_us, too_late_us):
    assert (time_us(text, ["at"]), until_us(text, ["at"])) == (start_us, too_late_us)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-02-30", "1969-12-31", "-5"])
def test_what_is_no_time_is_refused(text):
    for read in (time_us, until_us):
        with pytest.raises(Invalid):
            read(text, ["at"])
