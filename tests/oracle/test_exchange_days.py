"""Business days of the US exchanges."""

import datetime as dt
from itertools import islice

import pytest

from oracle.exchange_days import NEW_YORK, days_back, exchange_day, is_business_day, session_of


def us(text):
    return round(dt.datetime.fromisoformat(text).timestamp() * 1e6)


@pytest.mark.parametrize(("day", "business"), [
    ("2024-07-04", False), ("2024-07-05", True), ("2024-11-28", False), ("2024-12-25", False), ("2025-01-01", False),
    ("2025-01-09", False),  # a day of mourning
    ("2024-03-29", False),  # Good Friday is no federal holiday
    ("2024-10-14", True),  # Columbus Day is one, and the exchanges are open
    ("2022-06-20", False),  # Juneteenth, observed on a Monday
    ("2024-03-16", False), ("2024-03-15", True),
])
def test_business_days_are_those_of_the_exchange(day, business):
    assert is_business_day(dt.date.fromisoformat(day)) is business


def test_a_day_begins_and_ends_in_new_york():
    assert exchange_day(us("2024-03-15T03:59:59+00:00")) == dt.date(2024, 3, 14)
    assert exchange_day(us("2024-03-15T04:00:00+00:00")) == dt.date(2024, 3, 15)


def test_a_session_follows_summer_time():
    assert session_of(dt.date(2024, 3, 8)) == (us("2024-03-08T14:30:00+00:00"), us("2024-03-08T21:00:00+00:00"))
    assert session_of(dt.date(2024, 3, 11)) == (us("2024-03-11T13:30:00+00:00"), us("2024-03-11T20:00:00+00:00"))
    assert session_of(dt.date(2024, 3, 10)) is None
    assert dt.datetime.fromtimestamp(session_of(dt.date(2024, 3, 11))[0] / 1e6, NEW_YORK).time() == dt.time(9, 30)


def test_days_back_pass_over_weekends_and_holidays():
    assert [day.day for day in islice(days_back(dt.date(2024, 12, 26)), 5)] == [26, 24, 23, 20, 19]
