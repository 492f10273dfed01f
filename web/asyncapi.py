"""AsyncAPI 3.0 of every socket and stream, derived from the route table and the frame classes it names.

The server is the application that is described: what it tells is `send`, what it hears is `receive`. A long poll tells the frames
of the native stream, several at a time.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from web.openapi import query_of
from web.routes import WS, Auth, Route
from web.schemas import schemas

__all__ = ["describe", "streams_of"]

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "a key made here, or a JWT (HS256)"},
    "key": {"type": "httpApiKey", "in": "header", "name": "X-API-Key", "description": "the same, in a header of its own"},
    "subprotocol": {"type": "httpApiKey", "in": "header", "name": "Sec-WebSocket-Protocol",
                    "description": "a browser's socket: `new WebSocket(url, [\"bearer\", TOKEN])`"},
    "ticket": {"type": "httpApiKey", "in": "query", "name": "ticket", "description": "one stream, from POST /api/oracle/ticket"},
}  # fmt: skip


def streams_of(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Those that tell frames: sockets, server-sent events and polls."""
    return tuple(route for route in routes if route.tells)


def describe(routes: Iterable[Route], version: str, host: str) -> dict[str, Any]:
    """The document; `host` is where the server is, `HOST:PORT`."""
    streams = streams_of(routes)
    shapes, components = schemas(kind for route in streams for kind in (*route.tells, *route.hears))
    names = {kind: shape["$ref"].rpartition("/")[2] for kind, shape in shapes.items()}
    operations = {}
    for route in streams:
        operations[f"tell_{_id(route)}"] = _operation("send", route, names, route.tells)
        if route.hears:
            operations[f"hear_{_id(route)}"] = _operation("receive", route, names, route.hears)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "oracle", "version": version, "description": "What oracle tells as it happens, and hears.",
                 "externalDocs": {"url": f"http://{host}/openapi.json", "description": "everything that is asked for"}},
        "defaultContentType": "application/json",
        "servers": {
            "sockets": {"host": host, "protocol": "ws", "description": "WebSockets; wss where the server speaks TLS"},
            "streams": {"host": host, "protocol": "http", "description": "server-sent events and polls"},
        },
        "channels": {_id(route): _channel(route, names) for route in streams},
        "operations": operations,
        "components": {
            "messages": {name: _message(name, components[name]) for name in names.values()},
            "schemas": _draft_7(components),
            "securitySchemes": _SECURITY,
        },
    }  # fmt: skip


def _id(route: Route) -> str:
    return "_".join(re.findall(r"\w+", route.path))


def _channel(route: Route, names: dict[Any, str]) -> dict[str, Any]:
    server = "sockets" if route.method == WS else "streams"
    channel: dict[str, Any] = {
        "address": route.path, "title": route.path, "summary": route.summary,
        "description": inspect.cleandoc(route.view.__doc__ or ""), "servers": [{"$ref": f"#/servers/{server}"}],
        "tags": [{"name": route.tag}],
        "messages": {names[kind]: {"$ref": f"#/components/messages/{names[kind]}"} for kind in (*route.tells, *route.hears)},
    }  # fmt: skip
    if parameters := re.findall(r"\{(\w+)", route.path):
        channel["parameters"] = {name: {"description": f"`{name}` of the path"} for name in parameters}
    if route.method == WS:
        channel["bindings"] = {"ws": {"method": "GET", "bindingVersion": "0.1.0", **_asked(route)}}
    return channel


def _operation(action: str, route: Route, names: dict[Any, str], kinds: Iterable[Any]) -> dict[str, Any]:
    ident = _id(route)
    operation: dict[str, Any] = {
        "action": action, "channel": {"$ref": f"#/channels/{ident}"}, "summary": route.summary,
        "messages": [{"$ref": f"#/channels/{ident}/messages/{names[kind]}"} for kind in kinds],
    }  # fmt: skip
    if route.auth is Auth.token:
        operation["security"] = [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY]
    if route.method != WS:
        operation["bindings"] = {"http": {"method": route.method, "bindingVersion": "0.3.0", **_asked(route)}}
    return operation


def _asked(route: Route) -> dict[str, Any]:
    """The parameters of the query as one object, where there are any."""
    described = [query_of(param) for param in route.params]
    fields = {one["name"]: one["schema"] | {"description": one.get("description", "")} for one in described}
    return {"query": {"type": "object", "properties": fields}} if fields else {}


def _message(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    said = schema.get("description", "")
    return {"name": name, "title": name, "summary": " ".join(said.split()), "payload": {"$ref": f"#/components/schemas/{name}"}}


def _draft_7(schema: Any) -> Any:
    """The same for AsyncAPI's own schemas, which know no tuples but of draft 7, and no siblings of a `$ref`."""
    if isinstance(schema, list):
        return [_draft_7(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "prefixItems" in schema:
        return dict(_tuple(schema))
    return {name: _draft_7(value) for name, value in schema.items()}


def _tuple(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        if name != "items":
            yield ("items" if name == "prefixItems" else name), _draft_7(value)
    yield "additionalItems", False
