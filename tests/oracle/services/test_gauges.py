"""Telemetry and the configuration: who is taken in, what is in force, and what is left of it after a restart."""

import attrs
import hypothesis.strategies as st
import pytest
import trio
from attending import Web, open_services
from hypothesis import given, settings

from actors import Refused
from actors.testing import probe
from oracle.exchange import HttpFailed
from oracle.history import Queries, inline
from oracle.problems import Invalid
from oracle.services import CONFIG, Config, changes, config_of, merged, status_of
from oracle.services.telemetry import Telemetry
from tests.soak import rounds

URL = "http://localhost:8081"


async def test_there_are_so_many_services_and_the_longest_silent_one_makes_room(autojump_clock, tmp_path, monkeypatch):
    monkeypatch.setattr("oracle.services.gauges.MOST", 2)
    async with open_services(tmp_path) as at:
        await at.says("a", cpu=1, interval=10)
        await at.says("b", cpu=1, interval=10)
        with pytest.raises(Refused) as no:
            await at.says("c", cpu=1)
        assert no.value.code == "full"
        await at.says("a", cpu=2, interval=10)
        await trio.sleep(31)
        await at.says("b", cpu=1, interval=10)
        await at.says("c", cpu=1)
        assert [state.ref for state in at.board.kind("service")] == ["service:b", "service:c"]


@pytest.mark.parametrize(("silent_s", "said", "status", "issues"), [
    (0, {}, "healthy", []),
    (30, {}, "healthy", []),
    (31, {}, "stale", ["No telemetry for 31 s"]),
    (0, {"memory": 85, "memory_limit_mb": 100}, "degraded", ["High memory usage: 85%"]),
    (0, {"memory": 80, "memory_limit_mb": 100}, "healthy", []),
    (0, {"memory": 85}, "healthy", []),
    (0, {"status": "degraded"}, "degraded", ["Says that it is degraded"]),
    (0, {"status": "down", "memory": 85, "memory_limit_mb": 100}, "down", ["High memory usage: 85%"]),
    (99, {"memory": 85, "memory_limit_mb": 100}, "stale", ["No telemetry for 99 s"]),
])  # fmt: skip
def test_how_a_service_is_by_what_it_says(silent_s, said, status, issues):
    value = Telemetry(service="a", interval=10, **said).value(1_000)
    assert status_of(value, 1_000 + silent_s * 1_000_000, 80.0) == (status, issues)


async def test_a_configuration_is_merged_stored_in_force_and_told(autojump_clock, tmp_path):
    async with open_services(tmp_path) as at:
        assert at.pools["experiments"].limit == 10
        told = probe(at.runtime, "event:config_changed:*")
        now = await at.wish("services", "configure", change={"dashboard": {"refresh_interval": 3_000, "max_experiments": 15}})
        assert now == config_of(at.board) == attrs.evolve(
            Config(), dashboard=attrs.evolve(Config().dashboard, refresh_interval=3_000, max_experiments=15))  # fmt: skip
        assert at.pools["experiments"].limit == 15
        (event,) = told.took()
        assert event.data == {
            "by": "ada", "before": {"dashboard.refresh_interval": 5_000, "dashboard.max_experiments": 10},
            "after": {"dashboard.refresh_interval": 3_000, "dashboard.max_experiments": 15}}  # fmt: skip
        await at.wish("services", "configure", change={"dashboard": {"max_experiments": 15}})
        await at.wish("services", "configure", change={})
        assert told.took() == []
        page = await Queries(at.store, inline).events(kind="config_changed")
        assert len(page.items) == 1
    async with open_services(tmp_path) as at:
        assert config_of(at.board) == now and at.pools["experiments"].limit == 15


@given(st.dictionaries(st.sampled_from(["refresh_interval", "max_experiments", "retention_days"]), st.integers(100, 1_000)),
       st.dictionaries(st.sampled_from(["real_time_metrics", "alert_notifications"]), st.booleans()))  # fmt: skip
@settings(max_examples=rounds(25, 500))
def test_a_change_changes_what_it_names_and_nothing_else(numbers, switches):
    before = Config()
    after = merged(before, {"dashboard": numbers, "features": switches})
    wanted = before.value()
    wanted["dashboard"] |= numbers
    wanted["features"] |= switches
    assert after.value() == wanted
    assert merged(after, {}) == after and merged(before, after.value()) == after
    assert changes(before, after).keys() <= {*(f"dashboard.{key}" for key in numbers), *(f"features.{key}" for key in switches)}


@pytest.mark.parametrize(("change", "paths"), [
    ({"dashbord": {}}, ["dashbord"]), ({"dashboard": {"max": 1}}, ["dashboard.max"]), ({"dashboard": 3}, ["dashboard"]),
    ({"dashboard": None}, ["dashboard"]), ([], [""]), (None, [""]), ({"features": {"real_time_metrics": "yes"}},
                                                                    ["features.real_time_metrics"]),
    ({"dashboard": {"refresh_interval": 99, "max_experiments": 1_001, "retention_days": 0}},
     ["dashboard.refresh_interval", "dashboard.max_experiments", "dashboard.retention_days"]),
    ({"dashboard": {"refresh_interval": 3_600_001}}, ["dashboard.refresh_interval"]),
    ({"dashboard": {"refresh_interval": 300.5}}, ["dashboard.refresh_interval"]),
    ({"dashboard": {"refresh_interval": True}}, ["dashboard.refresh_interval"]),
    ({"dashboard": {"retention_days": 3_651}, "x": 1}, ["x", "dashboard.retention_days"]),
    ({"integration": {"collector_url": "ftp://x"}}, ["integration.collector_url"]),
    ({"integration": {"collector_url": "http://a:b@x"}}, ["integration.collector_url"]),
    ({"integration": {"collector_url": "http://x/" + "y" * 2_000}}, ["integration.collector_url"]),
    ({"integration": {"sdn_url": "http://x"}}, ["integration.sdn_url"]),
])  # fmt: skip
def test_what_does_not_fit_is_refused_by_its_path(change, paths):
    with pytest.raises(Invalid) as no:
        merged(Config(), change)
    assert [".".join(problem.path[1:]) for problem in no.value.problems] == paths
    assert all(problem.path[0] == "body" for problem in no.value.problems)


async def test_a_service_is_asked_as_often_as_set_and_only_where_it_may_be(autojump_clock, tmp_path):
    web = Web(**{URL: 200})
    async with open_services(tmp_path, web, health_every_s=10.0) as at:
        told = probe(at.runtime, "state:integration:*")
        await trio.sleep(25)
        assert web.asked == [URL] * 3
        shown = {name: (check.status, check.issues) for name, check in at.vitals.checks.items()}
        private = ("not_checked", ("it is at a private address",))
        assert shown == {"collector": ("healthy", ()), "policy_engine": private, "fl_server": private}
        for answer, status, issues in ((503, "degraded", ("Answers with HTTP 503",)), (404, "healthy", ()),
                                       (HttpFailed("timeout", "no answer"), "down", ("no answer",))):  # fmt: skip
            web.answers[URL] = answer
            await trio.sleep(10)
            assert (at.vitals.checks["collector"].status, at.vitals.checks["collector"].issues) == (status, issues)
        assert [state.value["status"] for state in told.took()] == ["degraded", "healthy", "down"]


async def test_a_url_that_is_changed_is_asked_from_then_on_and_an_empty_one_is_not(autojump_clock, tmp_path):
    other = "http://10.0.0.7"
    web = Web(**{URL: 200, other: 200})
    async with open_services(tmp_path, web, health_every_s=10.0) as at:
        await trio.sleep(5)
        await at.wish("services", "configure", change={"integration": {"collector_url": other}})
        await trio.sleep(12)
        assert web.asked == [URL, other, other] and at.vitals.checks["collector"].url == other
        await at.wish("services", "configure", change={"integration": {"collector_url": ""}})
        await trio.sleep(100)
        assert len(web.asked) == 3 and at.vitals.checks["collector"].status == "not_checked"
        assert at.board.get(CONFIG)["integration"]["collector_url"] == ""


async def test_a_service_that_was_down_and_is_no_longer_asked_is_no_incident(autojump_clock, tmp_path):
    web = Web(**{"http://10.0.0.7": HttpFailed("network", "refused")})
    async with open_services(tmp_path, web) as at:
        await at.wish("services", "configure", change={"integration": {"collector_url": "http://10.0.0.7"}})
        await trio.sleep(1)
        assert at.incidents("status") == [("active",)]
        await at.wish("services", "configure", change={"integration": {"collector_url": ""}})
        await trio.sleep(1)
        assert at.incidents("status") == [("resolved",)]
