"""Whatever a client puts into a parameter or a body, the answer is its family's 4xx (or an honest 200), never a 500."""

import json
from urllib.parse import quote

import pytest

from web.routes import WS, Family
from web.table import routes

NASTY = [
    "", " ", "0", "-1", "1e999", "nan", "9" * 30, "9" * 5_000, "true", "null", "*", "a*", "%", "'", '"', "'; DROP TABLE event;",
    "\x00", "\u202e", "😀", "a" * 501, "../../etc/passwd", "<script>", "0x10", "1_000", "\uff11\uff12", "2024-13-45",
    "0001-01-01", "9999-12-31T23:59:59.999999+14:00", "AAAA", "W10", "WzEsMl0", "[1,2]", "{}", "watchdog:", ":", "a,b,,c",
    "\ud800",
]  # fmt: skip
BODIES = [
    b"null", b"0", b'"x"', b"[]", b"[{}]", b"{}", b'{"a":', b"\xff\xfe", b"{}{}", b'{"a":1,"a":2}', b"[" * 100_000,
    b"9" * 500, b'{"x":' * 400 + b"1" + b"}" * 400, b'{"alert_id":' + b"9" * 400 + b"}", b'{"\\u0000":"\\u0000"}',
    b'{"cooldown_seconds":' + b"9" * 400 + b"}", b'{"alert_id":"\\ud800"}', b"\xef\xbb\xbf{}", b" ", b"NaN",
    b'{"trigger":{"price_threshold":1e400}}',
    json.dumps({"alert_id": "a/b", "name": 1, "trigger": {"type": "x", "price_threshold": 10**400}}).encode(),
]  # fmt: skip


def in_family(route, reply):
    """Whether an error has the family's shape."""
    if route.family is Family.error:
        return set(reply.json["error"]) == {"code", "message", "details"}
    if route.family is Family.v1:
        return {"code", "message"} < set(reply.json["error"]) <= {"code", "message", "details", "retry_after"}
    return "detail" in reply.json


@pytest.mark.parametrize(
    "route", [route for route in routes() if route.method == "GET" and route.params and not route.live], ids=lambda r: r.name
)
def test_no_parameter_value_is_a_fault(house, route):
    path = route.path.replace("{alert_id}", "x")
    for param in route.params:
        needed = "&".join(f"{one.name}=x" for one in route.params if one.required and one is not param)
        for value in NASTY:
            reply = house.get(f"{path}?{needed}&{param.name}={quote(value, errors='surrogatepass')}")
            assert reply.status < 500, (param.name, value, reply.body)
            if reply.status >= 400:
                assert in_family(route, reply), reply.body


@pytest.mark.parametrize("route", [route for route in routes() if "{" in route.path], ids=lambda r: r.name)
def test_no_path_value_is_a_fault(house, route):
    for value in NASTY:
        path = route.path.replace("{name...}", "{name}").replace("{alert_id}", "{name}")
        target = path.replace("{name}", quote(value, safe="", errors="surrogatepass"))
        reply = house.ask(route.method, target, json={"alert_id": "x"} if route.body else None)
        assert 300 <= reply.status < 500, (value, reply.body)


@pytest.mark.parametrize("route", [route for route in routes() if route.body is not None], ids=lambda r: r.name)
def test_no_body_is_a_fault(house, route):
    for body in BODIES:
        path = route.path.replace("{alert_id}", "x")
        reply = house.ask(route.method, path, data=body, headers={"content-type": "application/json"})
        assert reply.status < 500, (body[:80], reply.body)
        if reply.status >= 400:
            assert in_family(route, reply), reply.body


def test_the_table_is_covered():
    assert len([route for route in routes() if route.method != WS]) > 20
