"""Presets: each makes an alert through the same door as any other, and what is wrong is said by field."""

import re

import pytest
from running import open_house

from oracle.alerts.preset import FOLDER, presets
from oracle.alerts.rule import rule_of
from oracle.alerts.terms import terms_of
from web.openapi import describe
from web.table import routes

LOG = {"delivery_methods": ["log"]}
PRESETS = "/api/oracle/alert-presets"
CHANGED = {"symbol": "eth/usd", "coin": "eth", "number": 7.5, "whole": 7, "text": "kraken"}


def faults(reply):
    assert reply.status == 422
    return {one["field"]: one["message"] for one in reply.json["error"]["details"]}


@pytest.mark.parametrize("changed", [False, True], ids=["defaults", "changed"])
async def test_every_preset_makes_a_rule_whose_terms_can_be_read(tmp_path, changed):
    assert len(presets()) >= 12 and {path.stem for path in FOLDER.iterdir()} == set(presets())
    async with open_house(tmp_path) as house:
        for name, preset in presets().items():
            given = {key: one.choices[0] if one.choices else CHANGED[one.kind] for key, one in preset.parameters.items()}
            parameters = given if changed else {}
            reply = await house.post(f"{PRESETS}/{name}", json={**LOG, "alert_id": name, "parameters": parameters})
            assert reply.status == 200, reply.body
            assert not re.search(r"\{\w+\}", reply.body.decode()), "a place that nothing was put into"
            terms = terms_of(rule_of(house.system.board.get(f"rule:{name}")).trigger)
            if terms is not None:
                assert all(part is None or str(part) for part in terms.expressions())
            assert house.system.runtime.alive(f"rule:{name}")
            assert (await house.ask("DELETE", f"/api/alerts/{name}")).status == 200


async def test_the_list_says_what_may_be_said(tmp_path):
    async with open_house(tmp_path) as house:
        items = {one["name"]: one for one in (await house.get(PRESETS)).json["items"]}
    level = items["price_level"]["parameters"]["level"]
    assert (level["kind"], level["default"], level["above"]) == ("number", 100000.0, 0)
    assert level["unit"] == "quote currency of the symbol"
    assert items["fast_move"]["parameters"]["direction"]["choices"] == ["above", "below", "crosses"]
    assert all(one["title"] and one["description"] for one in items.values())
    assert all(each["description"] and (each["unit"] or each["choices"]) for one in items.values()
               for each in one["parameters"].values())  # fmt: skip


async def test_parameters_go_where_they_belong_and_the_rest_is_the_owners(tmp_path):
    body = {**LOG, "alert_id": "a", "parameters": {"symbol": "btc", "level": 70_000, "direction": "above", "band_pct": 0},
            "description": "mine", "name": None, "cooldown_seconds": 5}  # fmt: skip
    async with open_house(tmp_path) as house:
        made = (await house.post(f"{PRESETS}/price_level", json=body)).json
        silent = {**LOG, "alert_id": "s", "parameters": {"symbol": "AAPL", "seconds": 90}}
        quiet = (await house.post(f"{PRESETS}/silent_feed", json=silent)).json
        assert (await house.get("/api/alerts/a")).json == made
    assert (made["name"], made["description"], made["cooldown_seconds"]) == ("BTC-USD at 70000", "mine", 5)
    assert (made["trigger"]["price_threshold"], made["trigger"]["direction"]) == (70000.0, "above")
    assert quiet["trigger"]["condition"] == 'absent("trade:AAPL", "90s")'


@pytest.mark.parametrize(("name", "said", "field", "word"), [
    ("price_level", {"parameters": {"level": 0}}, "parameters.level", "greater than 0"),
    ("price_level", {"parameters": {"level": True}}, "parameters.level", "valid number"),
    ("price_level", {"parameters": {"symbol": "?"}}, "parameters.symbol", "no symbol"),
    ("price_level", {"parameters": {"direction": "up"}}, "parameters.direction", "'above'"),
    ("price_level", {"parameters": {"levle": 3}}, "parameters.levle", "unknown"),
    ("price_level", {"parameters": []}, "parameters", "dictionary"),
    ("silent_feed", {"parameters": {"seconds": 1.5}}, "parameters.seconds", "integer"),
    ("silent_feed", {"parameters": {"seconds": 10**7}}, "parameters.seconds", "less than or equal to 604800"),
    ("venue_down", {"parameters": {"venue": '"), "1m") > 0 or true or count(event("'}}, "parameters.venue", "quotes"),
    ("whale", {"parameters": {"coin": "BTC-USD"}}, "parameters.coin", "no coin"),
    ("whale", {"trigger": {"type": "watchdog_event"}}, "trigger", "preset"),
    ("whale", {"delivery_methods": None}, "delivery_methods", "list"),
    ("whale", {"delivery_methods": ["email"]}, "email_config", "required"),
    ("whale", {"cooldown_seconds": -1}, "cooldown_seconds", "greater"),
    ("whale", {"alert_id": "a/b"}, "alert_id", "match"),
])
def test_what_is_wrong_is_said_by_field(house, name, said, field, word):
    found = faults(house.post(f"{PRESETS}/{name}", json={**LOG, "alert_id": "a", **said}))
    assert list(found) == [field] and word in found[field]
    assert house.get("/api/alerts").json == []


async def test_refusals(tmp_path):
    async with open_house(tmp_path) as house:
        body = {**LOG, "alert_id": "a"}
        assert (await house.post(f"{PRESETS}/nothing", json=body)).status == 404
        assert (await house.post(f"{PRESETS}/whale", json=[])).status == 422
        assert (await house.post(f"{PRESETS}/whale", json=body)).status == 200
        assert (await house.post(f"{PRESETS}/whale", json=body)).status == 409


def test_the_wish_that_is_described_has_all_of_a_rule_but_its_trigger():
    schemas = describe(routes(), "0")["components"]["schemas"]
    wish, rule = schemas["PresetWish"], schemas["Rule"]
    assert set(wish["properties"]) == set(rule["properties"]) - {"trigger"} | {"parameters"}
    assert sorted(wish["required"]) == ["alert_id", "delivery_methods"] and wish["description"]
    left = {"name", "description", "cooldown_seconds", "actions"}
    assert {name for name, shape in wish["properties"].items() if shape != rule["properties"].get(name)} == {*left, "parameters"}
    assert all({"type": "null"} in wish["properties"][name]["anyOf"] for name in left)
