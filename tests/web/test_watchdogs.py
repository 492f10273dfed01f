"""The watchdogs of our own interface, and events that are counted instead of told."""

from running import open_house, watchdog_event

from oracle.settings import Auth, Data, Settings
from oracle.watchdogs import WATCHDOGS

DAY_S = 86_400


async def test_each_says_how_it_is_why_and_what_it_is_set_to(tmp_path):
    set_to = {"price_anomaly": {"limit_pct": 7.5, "symbols": ["BTC"]}, "hush": {"kind": "metric", "names": ["a", "b"]}}
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), watchdogs=set_to)
    async with open_house(tmp_path, settings=settings) as house:
        items = (await house.get("/api/oracle/watchdogs")).json["items"]
        assert [one["name"] for one in items] == [*WATCHDOGS, "hush"]
        one = (await house.get("/api/oracle/watchdogs/price_anomaly")).json
        assert (one["status"], one["enabled"], one["kind"], one["listens"]) == ("healthy", True, "price_anomaly", ["trade:*"])
        assert one["doc"].startswith("Compares each trade") and one["ignored"] == {} and one["reason"] == ""
        limit = next(setting for setting in one["settings"] if setting["name"] == "limit_pct")
        assert limit == {"name": "limit_pct", "form": "number", "value": 7.5, "default": 5.0, "optional": False, "unit": "%",
                         "doc": "percent of the older price", "choices": []}
        hush = (await house.get("/api/oracle/watchdogs/hush")).json
        assert (hush["kind"], hush["listens"]) == ("metric", ["sample:a:*", "sample:b:*"])
        assert {setting["name"]: setting["value"] for setting in hush["settings"]}["above"] is None

        assert (await house.post("/dashboard/watchdogs/price_anomaly/disable")).status == 200
        off = (await house.get("/api/oracle/watchdogs/price_anomaly")).json
        assert (off["enabled"], off["reason"]) == (False, "switched off")
        missing = await house.get("/api/oracle/watchdogs/nobody")
        assert (missing.status, missing.json["error"]["code"]) == (404, "not_found")


async def test_events_are_counted_by_source_severity_and_day(tmp_path):
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        for ago_s in (0, 1, 3 * DAY_S):
            runtime.publish(watchdog_event(runtime, ago_s=ago_s))
        runtime.publish(watchdog_event(runtime, subject="ETH-USD"))
        path = "/api/oracle/event-counts?prefix=watchdog:&bucket=1h"
        today = (await house.get(path)).json["items"]
        assert {one["source"] for one in today} == {"watchdog:price_anomaly"}
        assert sum(one[level] for one in today for level in ("low", "medium", "high", "critical")) == 3
        week = f"{path}&from={runtime.now_us() - 7 * DAY_S * 1_000_000}"
        assert sum(one["high"] for one in (await house.get(week)).json["items"]) == 4
        assert sum(one["high"] for one in (await house.get(f"{week}&subject=ETH-USD")).json["items"]) == 1
        assert (await house.get(f"{week}&bucket=1m")).status == 422
        newest = (await house.get("/api/oracle/events?kind=price_anomaly&limit=1")).json["items"][0]
        assert (await house.get(f"/api/oracle/events?id={newest['id']}")).json["items"] == [newest]
