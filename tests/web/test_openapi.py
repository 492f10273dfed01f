"""The description of the API is valid, complete, and true."""

import re

from openapi_spec_validator import validate
from running import open_house

from web.openapi import describe
from web.routes import WS, Auth
from web.surfaces.front import VERSION
from web.table import routes


def test_the_document_is_valid_openapi():
    validate(describe(routes(), VERSION))


def test_every_route_is_in_it_with_its_rule():
    paths = describe(routes(), VERSION)["paths"]
    for route in routes():
        method = "get" if route.method == WS else route.method.lower()
        operation = paths[route.path.replace("...}", "}")][method]
        assert operation["summary"]
        assert bool(operation["security"]) == (route.auth is Auth.token)
        if route.auth is Auth.token:
            assert operation["x-scope"] == route.scope
        names = {one["name"] for one in operation["parameters"] if one["in"] != "header"}
        assert names == {param.name for param in route.params} | set(re.findall(r"\{(\w+)", route.path))


def test_what_a_caller_may_be_answered_is_said():
    paths = describe(routes(), VERSION)["paths"]
    inbox = paths["/api/oracle/inbox"]["post"]["responses"]
    assert {"202", "401", "403", "413", "415", "422", "429", "431", "500", "503", "504"} == set(inbox)
    assert {"200", "422", "503"} <= set(paths["/dashboard/assets/monitor"]["get"]["responses"])
    assert {"200", "404", "409"} <= set(paths["/api/oracle/actors/{name}/kill"]["post"]["responses"])
    assert {"101", "422"} <= set(paths["/api/oracle/stream"]["get"]["responses"])


def test_every_route_that_changes_something_takes_an_id_or_says_that_its_answer_is_a_secret():
    paths = describe(routes(), VERSION)["paths"]
    taking, secret = set(), set()
    for path, operations in paths.items():
        for method, operation in operations.items():
            headers = [one["name"] for one in operation["parameters"] if one["in"] == "header"]
            if "Idempotency-Key" in headers:
                taking.add((method, path))
            elif method != "get" and "Idempotency-Key" in operation["description"]:
                secret.add((method, path))
            assert method == "get" or ("400" if path.startswith("/api/v1/") else "422") in operation["responses"]
    unsafe = {(route.method.lower(), route.path) for route in routes() if route.unsafe}
    assert len(unsafe) > 10
    assert secret == {("post", "/api/oracle/ticket"), ("post", "/api/oracle/tokens")}
    assert taking == unsafe - secret


def test_operations_have_names_of_their_own():
    paths = describe(routes(), VERSION)["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_no_two_routes_claim_the_same_place():
    places = [(re.sub(r"\{\w+(\.\.\.)?\}", "{}", route.path), route.method) for route in routes()]
    assert len(places) == len(set(places))



def test_what_people_type_has_a_greatest_length_in_it():
    schemas = describe(routes(), VERSION)["components"]["schemas"]
    most = {name: _most(schemas["Rule"]["properties"][name]) for name in ("alert_id", "name", "description")}
    assert most == {"alert_id": 128, "name": 200, "description": 5_000}
    for cls, names in {
        "PresetWish": ("name", "description"), "Templates": ("subject", "text", "html"), "SilenceWish": ("comment",),
        "NewConversation": ("title",), "NewWebhook": ("name",), "Experiment": ("name", "description"),
        "NewTask": ("input_message",), "NewAlert": ("title", "description"), "NewAgent": ("description",),
    }.items():
        assert all(_most(schemas[cls]["properties"][name]) for name in names), cls


def _most(schema):
    return schema.get("maxLength") or next((one["maxLength"] for one in schema.get("anyOf", ()) if "maxLength" in one), None)


async def test_it_is_served(tmp_path):
    async with open_house(tmp_path) as house:
        document = (await house.get("/openapi.json")).json
    assert document["openapi"] == "3.1.0" and document["info"]["version"] == VERSION
    schema = document["components"]["schemas"]["DashboardStats"]
    assert set(schema["required"]) == {"total_events", "events_by_severity", "active_watchdogs", "healthy_watchdogs",
                                       "active_subscriptions", "timestamp"}  # fmt: skip
    assert schema["properties"]["timestamp"] == {"type": "string", "format": "date-time"}
    limit = next(one for one in document["paths"]["/dashboard/events"]["get"]["parameters"] if one["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
