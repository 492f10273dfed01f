"""Incidents: what raises them and what ends them, who looked after them, and what is left of them after a restart."""

import pytest
import trio
from attending import Web, open_services

from actors import Actor, Refused
from actors.testing import probe
from oracle.exchange import HttpFailed
from oracle.history import Queries, inline
from oracle.model import Event, Severity
from oracle.runs.run import Status
from oracle.services import Config, config_of
from oracle.services.incident import Wish
from oracle.services.incidents import MOST_OPEN

DAY_S = 86_400


async def test_memory_beyond_its_threshold_is_an_incident_until_it_has_fallen_five_points(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        await at.says("fl_server", memory=800, memory_limit_mb=1_000)
        assert at.incidents() == []
        await at.says("fl_server", memory=852, memory_limit_mb=1_000)
        (one,) = at.incidents()
        shown = ("severity", "status", "title", "description", "service", "threshold", "current_value", "raised_by")
        assert tuple(one[name] for name in shown) == (
            "warning", "active", "High Memory Usage", "FL Server memory usage exceeded 80% threshold", "fl_server", 80.0, 85.2,
            "oracle")  # fmt: skip
        await at.says("fl_server", memory=855, memory_limit_mb=1_000)
        assert at.incidents("current_value") == [(85.2,)]
        await at.says("fl_server", memory=900, memory_limit_mb=1_000)
        assert at.incidents("number", "current_value") == [(1, 90.0)]
        await at.says("fl_server", memory=751, memory_limit_mb=1_000)
        assert at.incidents("status", "current_value") == [("active", 75.1)]
        await at.says("fl_server", memory=750, memory_limit_mb=1_000)
        assert at.incidents("status", "resolved_by", "comment") == [("resolved", "oracle", None)]
        await at.says("fl_server", memory=810, memory_limit_mb=1_000)
        assert at.incidents("number", "status") == [(1, "resolved"), (2, "active")]


async def test_without_a_limit_no_share_of_memory_is_known(autojump_clock, tmp_path):
    async with open_services(tmp_path, memory_warning_pct=1.0) as at:
        await at.says("sdn", memory=1e6)
        await at.says("sdn", cpu=100)
        assert at.incidents() == []


async def test_the_threshold_is_that_of_the_settings(autojump_clock, tmp_path):
    async with open_services(tmp_path, memory_warning_pct=50.0) as at:
        await at.says("sdn", memory=51, memory_limit_mb=100)
        assert at.incidents("threshold", "description") == [(50.0, "SDN Controller memory usage exceeded 50% threshold")]


async def test_what_uses_memory_names_the_experiment_that_runs(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        at.finished(Status.running, ident="exp_007")
        await at.says("fl_server", memory=90, memory_limit_mb=100)
        await at.says("sdn", memory=90, memory_limit_mb=100)
        assert at.incidents("service", "experiment_id") == [("fl_server", "exp_007"), ("sdn", None)]


async def test_a_service_that_does_not_answer_is_critical_until_it_does(autojump_clock, tmp_path):
    url, silent = "http://10.0.0.7:8081", HttpFailed("network", "10.0.0.7 refuses connections")
    web = Web(**{url: silent})
    async with open_services(tmp_path, web, health_every_s=10.0) as at:
        told = probe(at.runtime, "state:incident:*")
        await at.wish("services", "configure", change={"integration": {"collector_url": url}})
        one = (await told.next()).value
        assert (one["severity"], one["title"], one["service"]) == ("critical", "Service Down", "collector")
        assert one["description"] == "Collector does not answer: 10.0.0.7 refuses connections"
        await trio.sleep(30)
        assert len(told.took()) == 0
        web.answers[url] = 200
        one = (await told.next()).value
        assert (one["status"], one["number"]) == ("resolved", 1)


async def test_where_nobody_set_a_url_nothing_is_missed_before_it_was_there(autojump_clock, tmp_path):
    url, silent = "http://localhost:8081", HttpFailed("network", "localhost refuses connections")
    web = Web(**{url: silent})
    async with open_services(tmp_path, web, health_every_s=10.0) as at:
        await trio.sleep(15)
        assert at.vitals.checks["collector"].status == "down" and at.incidents() == []
        for answer, statuses in ((200, []), (silent, ["active"]), (200, ["resolved"])):
            web.answers[url] = answer
            await trio.sleep(10)
            assert [status for (status,) in at.incidents("status")] == statuses


async def test_of_runs_only_a_failed_experiment_is_one(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        at.finished(Status.failed, kind="task", ident="task_1")
        at.finished(Status.completed)
        await at.settled()
        assert at.incidents() == []
        at.finished(Status.failed)
        await at.settled()
        assert at.incidents("severity", "title", "description", "experiment_id") == [
            ("warning", "Experiment Failed", "Digits (exp_001) failed: out of memory", "exp_001")]


async def test_a_history_that_is_down_is_told_although_nothing_can_be_stored(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        for state, error in (("down", "disk full"), ("ok", None)):
            now_us = at.runtime.now_us()
            data = {"state": state, "error": error}
            at.runtime.publish(Event(f"evt_{state}", "history_state", "history", "history", Severity.high, "", data, now_us))
            await at.settled()
            status = {"down": "active", "ok": "resolved"}[state]
            assert at.incidents("severity", "title", "description", "status") == [
                ("critical", "History Down", "The history takes no writes: disk full", status)]


class Full(Actor):
    """A history whose disk is full."""

    def receive(self, message):
        raise Refused("the disk is full", "unavailable")


async def test_while_nothing_can_be_stored_what_is_so_is_told_and_what_is_wished_is_refused(autojump_clock, tmp_path):
    async with open_services(tmp_path, history=Full) as at:
        await at.says("sdn", memory=90, memory_limit_mb=100)
        assert at.incidents("number", "status") == [(1, "active")]
        for who, verb, args in (("incidents", "acknowledge", {"id": "alert_001"}), ("incidents", "resolve", {"id": "alert_001"}),
                                ("incidents", "raise", {"wish": Wish(severity="info", title="x")}),
                                ("services", "configure", {"change": {"dashboard": {"max_experiments": 3}}})):  # fmt: skip
            with pytest.raises(Refused) as no:
                await at.wish(who, verb, **args)
            assert no.value.code == "unavailable"
        assert at.incidents("number", "status") == [(1, "active")]
        assert config_of(at.board) == Config() and at.pools["experiments"].limit == 10


async def test_somebody_acknowledges_and_resolves(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        made = await at.wish("incidents", "raise", wish=Wish(severity="info", title="Look here"))
        assert (made.ident, made.status, made.raised_by) == ("alert_001", "active", "ada")
        seen = await at.wish("incidents", "acknowledge", "bob", id="alert_001", comment="on it")
        assert (seen.status, seen.acknowledged_by, seen.comment) == ("acknowledged", "bob", "on it")
        assert await at.wish("incidents", "acknowledge", "eve", id="alert_001", comment="me too") == seen
        over = await at.wish("incidents", "resolve", "bob", id="alert_001", comment="")
        assert (over.status, over.resolved_by, over.comment) == ("resolved", "bob", "on it")
        assert await at.wish("incidents", "resolve", "eve", id="alert_001", comment="") == over
        with pytest.raises(Refused) as no:
            await at.wish("incidents", "acknowledge", "bob", id="alert_001", comment="")
        assert (no.value.code, no.value.details) == ("illegal", {"status": "resolved", "allowed": []})
        with pytest.raises(Refused, match="not found"):
            await at.wish("incidents", "acknowledge", "bob", id="alert_002", comment="")
        page = await Queries(at.store, inline).events(subject="incident:alert_001", newest_first=False)
        told = [(row["kind"], row["data"]["by"], row["data"]["comment"]) for row in page.items]
        assert told == [("incident_raised", "ada", ""), ("incident_acknowledged", "bob", "on it"),
                        ("incident_resolved", "bob", "")]  # fmt: skip


async def test_a_cause_that_goes_on_is_not_raised_again_after_somebody_resolved_it(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        await at.says("sdn", memory=90, memory_limit_mb=100)
        await at.wish("incidents", "resolve", "bob", id="alert_001", comment="known")
        await at.says("sdn", memory=95, memory_limit_mb=100)
        assert at.incidents("number", "status") == [(1, "resolved")]
        await at.says("sdn", memory=10, memory_limit_mb=100)
        await at.says("sdn", memory=95, memory_limit_mb=100)
        assert at.incidents("number", "status") == [(1, "resolved"), (2, "active")]


async def test_a_command_with_an_id_is_carried_out_once_also_after_a_restart(autojump_clock, tmp_path):
    wish = Wish(severity="warning", title="Once")
    async with open_services(tmp_path) as at:
        first = await at.wish("incidents", "raise", key="client/ada/k/d", wish=wish)
        assert await at.wish("incidents", "raise", key="client/ada/k/d", wish=wish) == first
    async with open_services(tmp_path) as at:
        assert await at.wish("incidents", "raise", key="client/ada/k/d", wish=wish) == first
        assert at.incidents("number") == [(1,)]


async def test_they_and_their_numbers_outlive_the_process_and_old_ones_leave(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        for number in (1, 2, 3):
            made = await at.wish("incidents", "raise", wish=Wish(severity="info", title=str(number)))
            if number != 1:
                await at.wish("incidents", "resolve", "ada", id=made.ident, comment="")
        await trio.sleep(31 * DAY_S)
        await at.settled()
        assert at.incidents("number", "status") == [(1, "active"), (3, "resolved")]  # the last one knows the next number
    async with open_services(tmp_path) as at:
        made = await at.wish("incidents", "raise", wish=Wish(severity="info", title="4"))
        assert made.number == 4


async def test_there_is_an_end_to_how_many_are_open(autojump_clock, tmp_path, monkeypatch):
    monkeypatch.setattr("oracle.services.incidents.MOST_OPEN", 3)
    assert MOST_OPEN == 1_000
    async with open_services(tmp_path) as at:
        for number in range(3):
            await at.wish("incidents", "raise", wish=Wish(severity="info", title=str(number)))
        with pytest.raises(Refused) as no:
            await at.wish("incidents", "raise", wish=Wish(severity="info", title="x"))
        assert no.value.code == "full"
        await at.says("sdn", memory=95, memory_limit_mb=100)
        assert at.incidents("number", "status") == [(1, "resolved"), (2, "active"), (3, "active"), (4, "active")]
