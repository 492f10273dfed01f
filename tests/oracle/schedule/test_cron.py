"""When jobs are due: over changes of the clocks, weekends and holidays, forwards and backwards."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.problems import Bad
from oracle.schedule.cron import Cron, zone_of
from oracle.schedule.jobs import JOBS, crons

NEW_YORK = zone_of("America/New_York")


def us(text, zone=NEW_YORK):
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1e6)


def said(at_us):
    return dt.datetime.fromtimestamp(at_us / 1e6, NEW_YORK).isoformat(timespec="minutes")


@pytest.mark.parametrize(("job", "after", "due"), [
    ("daily_bars", "2026-11-25T16:59", "2026-11-25T17:00-05:00"),
    ("daily_bars", "2026-11-25T17:00", "2026-11-27T17:00-05:00"),  # past Thanksgiving
    ("daily_bars", "2026-11-27T17:00", "2026-11-30T17:00-05:00"),  # past the weekend
    ("daily_briefing", "2026-07-02T09:00", "2026-07-06T08:00-04:00"),  # the 4th is a Saturday, and observed on the 3rd
    ("daily_sentiment", "2026-03-06T18:00", "2026-03-09T17:30-04:00"),  # the same time of day in summer
    ("daily_sentiment", "2026-10-30T18:00", "2026-11-02T17:30-05:00"),
    ("weekly_retrain", "2026-03-01T02:00", "2026-03-08T03:00-04:00"),  # there is no 02:00 that day: right after the gap
    ("weekly_retrain", "2026-03-08T03:00", "2026-03-15T02:00-04:00"),
    ("weekly_retrain", "2026-10-31T12:00", "2026-11-01T02:00-05:00"),
    ("weekly_fundamentals", "2026-11-25T00:00", "2026-11-28T06:00-05:00"),
    ("weekly_options_flow", "2026-11-28T07:00", "2026-12-05T07:00-05:00"),
    ("weekly_trends", "2026-11-28T07:00", "2026-11-28T07:30-05:00"),
    ("biweekly_altdata", "2026-11-15T07:00", "2026-12-01T07:00-05:00"),
    ("biweekly_altdata", "2026-12-31T00:00", "2027-01-01T07:00-05:00"),  # not a matter of the exchange's days
])  # fmt: skip
def test_when_a_job_is_due_next_and_was_due_last(job, after, due):
    cron = crons("America/New_York", {})[job]
    due_us = cron.next_us(us(after))
    assert said(due_us) == due
    assert cron.last_us(due_us) == due_us and cron.last_us(due_us - 1) < due_us
    assert cron.last_us(due_us - 1) <= us(after), "there is none in between"


def test_a_time_that_a_day_has_twice_comes_once():
    cron = Cron.of("30 1 * * sun", NEW_YORK)
    first = cron.next_us(us("2026-10-31T12:00"))
    assert said(first) == "2026-11-01T01:30-04:00" and said(cron.next_us(first)) == "2026-11-08T01:30-05:00"


def test_other_places_other_times():
    assert crons("Asia/Tokyo", {"daily_bars": "30 16 * * 1-5"})["daily_bars"].next_us(us("2026-11-25T12:00", zone_of("UTC"))) \
        == us("2026-11-27T16:30", zone_of("Asia/Tokyo"))  # fmt: skip
    assert crons("UTC", {"daily_bars": "OFF"})["daily_bars"] is None


@given(st.sampled_from(sorted(JOBS)), st.integers(us("2015-01-01T00:00"), us("2035-01-01T00:00")))
def test_forwards_and_backwards_agree(job, at_us):
    cron = crons("America/New_York", {})[job]
    next_us, last_us = cron.next_us(at_us), cron.last_us(at_us)
    assert last_us <= at_us < next_us
    assert cron.last_us(next_us - 1) == last_us and cron.next_us(last_us) == next_us


@pytest.mark.parametrize("text", ["", "17", "0 17 * *", "61 * * * *", "0 17 * * noday", "0 0 0 17 * *", "* * 31 2 *"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(Bad, match="no time"):
        crons("UTC", {"daily_bars": text})


def test_what_is_no_job_and_no_place_is_refused():
    with pytest.raises(Bad, match="there is no job 'daily_bar'") as no:
        crons("UTC", {"daily_bar": "off"})
    assert no.value.suggestion == "daily_bars"
    with pytest.raises(Bad, match="no time zone"):
        crons("Mars/Olympus", {})
