"""Writes the page: routes by tag, then streams, then the shapes that both name."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from web.reference.words import marked, sample, told

__all__ = ["FILES", "POLICY", "page"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HERE = Path(__file__).parent
FILES = {
    "script.js": ((HERE / "script.js").read_bytes(), "text/javascript; charset=utf-8"),
    "style.css": ((HERE / "style.css").read_bytes(), "text/css; charset=utf-8"),
}
"""By name: their bytes and content types."""
Document = dict[str, Any]


def page(api: Document, streams: Document, origin: str, guarded: bool = False) -> str:
    """HTML of the OpenAPI and the AsyncAPI document; commands on it ask `origin`, as `http://HOST:PORT`. `guarded`: nobody is let
    in without a token."""
    title = escape(f"{api['info']['title']} {api['info']['version']}")
    groups = sorted(_groups(api).items())
    shapes = {**streams["components"]["schemas"], **api["components"]["schemas"]}
    links = [*((_tag_id(tag), tag) for tag, _ in groups), ("streams", "streams"), ("shapes", "shapes")]
    parts = [
        f"<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}: reference</title><link rel=stylesheet href=/docs/style.css><script defer src=/docs/script.js></script>"
        f"</head><body><a class=skip href=#main>To the routes</a><header><h1>{title}</h1>{marked(api['info']['description'])}"
        f"<p>For programs: <a href=/openapi.json>openapi.json</a>, <a href=/asyncapi.json>asyncapi.json</a>.</p>"
        f"<form role=search hidden><label for=filter>Filter <kbd>/</kbd></label><input id=filter type=search autocomplete=off>"
        f"<output for=filter aria-live=polite></output></form></header>",
        "<nav aria-label=Parts><ul>",
        *(f"<li><a href='#{escape(ident)}'>{escape(name)}</a>" for ident, name in links),
        "</ul></nav><main id=main>",
    ]
    for tag, routes in groups:
        sections = "".join("".join(_route(shapes, method, path, one, origin, guarded)) for method, path, one in routes)
        parts.append(f"<section class=group id='{_tag_id(tag)}'><h2>{escape(tag)}</h2>{sections}</section>")
    told_streams = "".join("".join(_stream(streams, ident, one, origin)) for ident, one in streams["channels"].items())
    parts.append(f"<section class=group id=streams><h2>streams</h2>{told_streams}</section>")
    told_shapes = "".join("".join(_shape(name, one)) for name, one in sorted(shapes.items()))
    parts.append(f"<section class=group id=shapes><h2>shapes</h2>{told_shapes}</section></main></body></html>")
    return "".join(parts)


def _groups(api: Document) -> dict[str, list[tuple[str, str, Document]]]:
    groups: dict[str, list[tuple[str, str, Document]]] = {}
    for path, item in api["paths"].items():
        for method, route in item.items():
            if "101" not in route["responses"]:  # those are among the streams
                groups.setdefault(route["tags"][0].replace("_", "-"), []).append((method.upper(), path, route))
    return groups


def _tag_id(tag: str) -> str:
    return f"tag-{escape(tag)}"


def _head(ident: str, name: str) -> str:
    return (
        f"<section class=entry id='{escape(ident)}'><h3><a class=anchor href='#{escape(ident)}'>"
        f"<code>{escape(name)}</code></a></h3>"
    )


def _route(shapes: Document, method: str, path: str, route: Document, origin: str, guarded: bool) -> Iterator[str]:
    yield _head(route["operationId"], f"{method} {path}") + marked(route["description"] or route["summary"])
    yield f"<p class=scope>scope <code>{escape(route['x-scope'])}</code></p>" if "x-scope" in route else ""
    yield _command(f"{method} {path}", _curl(shapes, method, path, route, origin, guarded))
    rows = [(one["name"], one["in"], one["required"], one["schema"], one.get("description", "")) for one in route["parameters"]
            if one["in"] != "header"]  # fmt: skip
    yield _table("parameters", ("name", "in", "is", "meaning"), (
        (f"<code>{escape(name)}</code>", where + (", required" if must and where != "path" else ""), told(schema), escape(said))
        for name, where, must, schema, said in rows
    ))  # fmt: skip
    body = route.get("requestBody", {}).get("content", {}).get("application/json")
    yield f"<p>Body: {told(body['schema'])}</p>" if body else ""
    yield "<ul class=answers>"
    for status, answer in route["responses"].items():
        kinds = [told(kind["schema"]) if kind.get("schema") else escape(name) for name, kind in answer.get("content", {}).items()]
        what = f": {', '.join(kinds)}" if status.startswith("2") and kinds else ""
        yield f"<li><code>{escape(status)}</code> {escape(answer['description'])}{what}"
    yield "</ul></section>"


def _curl(shapes: Document, method: str, path: str, route: Document, origin: str, guarded: bool) -> str:
    words = ["curl", "-s"] + (["-X", method] if method not in ("GET", "POST") else [])
    if route["security"] and (guarded or {} not in route["security"]):
        words += ["-H", "Authorization: Bearer TOKEN"]
    body = route.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        value = sample(body["schema"], shapes)
        words += ["-H", "Content-Type: application/json", "-d", json.dumps({} if value is None else value)]
    elif method == "POST":
        words += ["-X", "POST"]
    asked = [one["name"] for one in route["parameters"] if one["in"] == "query" and one["required"]]
    query = "?" + "&".join(f"{name}={name.upper()}" for name in asked) if asked else ""
    address = origin + path.replace("{", "").replace("}", "") + query
    return " ".join(map(shlex.quote, [*words, address]))


def _stream(document: Document, ident: str, channel: Document, origin: str) -> Iterator[str]:
    address = channel["address"]
    socket = "bindings" in channel
    yield _head(f"stream-{ident}", ("WebSocket " if socket else "GET ") + address) + marked(channel["description"])
    where = origin.replace("http", "ws", 1) if socket else origin
    path = address.replace("{", "").replace("}", "")
    query = "?topics=event:*" if path.startswith("/api/oracle/") else ""
    quoted = shlex.quote(f"{where}{path}{query}")
    yield _command(address, f"python -m websockets {quoted}" if socket else f"curl -sN {quoted}")
    for action, heading in (("tell", "tells"), ("hear", "hears")):
        operation = document["operations"].get(f"{action}_{ident}")
        if operation:
            names = [one["$ref"].rpartition("/")[2] for one in operation["messages"]]
            said = document["components"]["messages"]
            rows = ((told({"$ref": name}), escape(said[name]["summary"])) for name in names)
            yield _table(heading, ("message", "meaning"), rows)
    yield "</section>"


def _shape(name: str, schema: Document) -> Iterator[str]:
    yield _head(f"shape-{name}", name) + marked(schema.get("description", ""))
    fields = schema.get("properties")
    if not fields:
        yield f"<p>{told(schema)}</p></section>"
        return
    must = schema.get("required", ())
    yield _table("fields", ("name", "is", "must be there"), (
        (f"<code>{escape(field)}</code>", told(one), "yes" if field in must else "") for field, one in fields.items()
    ))  # fmt: skip
    yield "</section>"


def _table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not lines:
        return ""
    head = "".join(f"<th scope=col>{one}</th>" for one in heads)
    return (
        f"<div class=wide tabindex=0><table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _command(name: str, text: str) -> str:
    return (
        f"<div class=command><pre tabindex=0><code>{escape(text)}</code></pre>"
        f"<button type=button hidden aria-label='Copy the command for {escape(name)}'>Copy</button></div>"
    )
