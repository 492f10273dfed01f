"""Alerts that fired: what became of each, and how soon somebody looked after them."""

from running import open_house

from oracle.history import Commit
from oracle.model import Event, Severity, event_id

HOUR, SECOND = 3_600_000_000, 1_000_000
PATH = "/api/oracle/alerts/history"


def fired(rule, at_us, severity=Severity.high):
    """A firing of a rule, on an event of its own."""
    ident = event_id("alert_fired", rule, f"rule:{rule}", at_us)
    data = {"event_id": f"evt_{at_us}", "event_kind": "price_anomaly", "event_subject": "BTC-USD", "provider": "simulated",
            "event_source": "watchdog:price_anomaly", "deliveries": []}
    return Event(ident, "alert_fired", rule, f"rule:{rule}", severity, f"{rule}: BTC-USD rose", data, at_us)


def step(kind, rule, at_us, of_us, by="", comment=""):
    """What came of it."""
    ident = event_id(f"alert_{kind}", rule, f"rule:{rule}", at_us)
    data = {"event_id": f"evt_{of_us}", "by": by, "comment": comment}
    return Event(ident, f"alert_{kind}", rule, f"rule:{rule}", Severity.high, kind, data, at_us)


async def history(house, query=""):
    reply = await house.get(PATH + query)
    assert reply.status == 200, reply.body
    return reply.json


async def test_each_firing_says_what_became_of_it(tmp_path):
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        at = [runtime.now_us() - n * HOUR for n in (3, 2, 1)]
        rows = (
            fired("a", at[0]), step("acknowledged", "a", at[0] + 30 * SECOND, at[0], "ann", "The Boiler, again"),
            step("resolved", "a", at[0] + 60 * SECOND, at[0]), fired("a", at[1], Severity.critical),
            step("escalated", "a", at[1] + 5 * SECOND, at[1]), fired("b", at[2]),
        )  # fmt: skip
        await runtime.ask("history", Commit((*rows, *rows)))  # stored twice, as what is committed and then published is
        found = (await history(house))["items"]
        assert [(one["alert_id"], [did["kind"] for did in one["steps"]]) for one in found] == [
            ("b", []), ("a", ["escalated"]), ("a", ["acknowledged", "resolved"])]
        first = found[-1]
        assert (first["name"], first["subject"], first["simulated"]) == (None, "BTC-USD", True)
        assert (first["steps"][0]["by"], first["steps"][0]["comment"]) == ("ann", "The Boiler, again")

        assert [one["id"] for one in (await history(house, "?text=boiler"))["items"]] == [first["id"]]
        assert len((await history(house, "?text=btc-usd%20ROSE"))["items"]) == 3
        assert [one["alert_id"] for one in (await history(house, "?severity=critical"))["items"]] == ["a"]
        page = await history(house, "?alert_id=a&limit=1")
        rest = await history(house, f"?alert_id=a&limit=1&cursor={page['next']}")
        assert (rest["items"][0]["id"], rest["next"]) == (first["id"], None)
        assert (await house.get(f"{PATH}?cursor=nonsense")).status in (400, 422)

        numbers = (await house.get("/api/oracle/alerts/analytics")).json
        assert (numbers["total"]["acknowledged"], numbers["total"]["median_ack_s"]) == (1, 30.0)
        assert {one["alert_id"]: one["acknowledged"] for one in numbers["items"]} == {"a": 1, "b": 0}
        assert numbers["items"][1]["median_ack_s"] is None
