"""Quiet hours by the clocks of a place, over midnight and over changes of its clocks."""

import datetime as dt

import pytest

from oracle.alerts.quiet import QuietHours
from oracle.border import Invalid, structure, unstructure
from oracle.model import Severity

NIGHT = {"from": "22:00", "to": "07:00", "tz": "Europe/Berlin", "min_severity": "critical"}


def held(quiet, text, severity=Severity.high):
    return quiet.hold(severity, round(dt.datetime.fromisoformat(text).timestamp() * 1e6))


@pytest.mark.parametrize(("instant", "quiet"), [
    ("2026-01-15T20:59:59+00:00", False), ("2026-01-15T21:00:00+00:00", True), ("2026-01-16T05:59:59+00:00", True),
    ("2026-01-16T06:00:00+00:00", False),
    ("2026-07-15T19:59:59+00:00", False), ("2026-07-15T20:00:00+00:00", True), ("2026-07-16T05:00:00+00:00", False),
    # The night of 28 to 29 March 2026 is eight hours long, that of 24 to 25 October ten.
    ("2026-03-28T21:00:00+00:00", True), ("2026-03-29T04:59:59+00:00", True), ("2026-03-29T05:00:00+00:00", False),
    ("2026-10-24T20:00:00+00:00", True), ("2026-10-25T05:59:59+00:00", True), ("2026-10-25T06:00:00+00:00", False),
])
def test_a_night_is_what_the_clock_on_the_wall_says(instant, quiet):
    assert held(structure(QuietHours, NIGHT), instant) is quiet


@pytest.mark.parametrize(("instant", "quiet"), [
    # Where clocks go back, the hour from two to three comes twice, and both are quiet; where they go forward it never comes.
    ("2026-10-24T23:59:00+00:00", False), ("2026-10-25T00:30:00+00:00", True), ("2026-10-25T01:30:00+00:00", True),
    ("2026-10-25T02:00:00+00:00", False), ("2026-03-29T00:59:00+00:00", False), ("2026-03-29T01:00:00+00:00", False),
])
def test_an_hour_that_comes_twice_is_quiet_twice_and_one_that_never_comes_never(instant, quiet):
    assert held(structure(QuietHours, {**NIGHT, "from": "02:00", "to": "03:00"}), instant) is quiet


def test_what_is_severe_enough_is_told_at_any_hour():
    quiet = structure(QuietHours, {**NIGHT, "min_severity": "high"})
    assert [held(quiet, "2026-01-15T23:00:00+00:00", severity) for severity in Severity] == [True, True, False, False]


def test_it_is_written_as_it_is_read():
    assert unstructure(structure(QuietHours, NIGHT)) == NIGHT
    assert unstructure(structure(QuietHours, {"from": "22:00", "to": "07:00"})) == {**NIGHT, "tz": "UTC"}


@pytest.mark.parametrize("wrong", [
    {"from": "24:00"}, {"to": "7:00"}, {"to": "22:00"}, {"tz": "Mars/Base"}, {"tz": "../etc/passwd"}, {"min_severity": "loud"},
    {"until": "x"}, {"from": 22},
])
def test_what_is_no_time_of_day_is_refused(wrong):
    with pytest.raises(Invalid):
        structure(QuietHours, {**NIGHT, **wrong})
