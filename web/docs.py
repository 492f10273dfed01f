"""The description of the API for people: one plain page made of the OpenAPI document, with no script and no style in it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

__all__ = ["POLICY", "page"]

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def page(described: dict[str, Any]) -> str:
    """HTML: each route with what it does, takes, answers and refuses, grouped by tag."""
    info = described["info"]
    groups: dict[str, list[str]] = {}
    for path, item in described["paths"].items():
        for method, route in item.items():
            if isinstance(route, dict) and "responses" in route:
                groups.setdefault(next(iter(route.get("tags", ())), "other"), []).append("".join(_route(method, path, route)))
    title = escape(f"{info['title']} {info['version']}")
    parts = [f"<h2>{escape(tag)}</h2>{''.join(routes)}" for tag, routes in sorted(groups.items())]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><h1>{title}</h1><p>{escape(info.get('description', ''))}<p>As a document for programs: "
        f"<a href='/openapi.json'>openapi.json</a>{''.join(parts)}</html>"
    )


def _route(method: str, path: str, route: dict[str, Any]) -> Iterator[str]:
    said = route.get("description") or route.get("summary", "")
    yield f"<h3><code>{escape(method.upper())} {escape(path)}</code></h3><p>{escape(said)}"
    if route.get("parameters"):
        yield "<table><tr><th>parameter<th>in<th>type<th>meaning"
        for one in route["parameters"]:
            kind = str(one.get("schema", {}).get("type", ""))
            must = ", required" if one.get("required") and one.get("in") != "path" else ""
            cells = (one.get("name", ""), f"{one.get('in', '')}{must}", kind, one.get("description", ""))
            yield "<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in cells)
        yield "</table>"
    yield "<ul>"
    for status, answer in route["responses"].items():
        yield f"<li>{escape(str(status))}: {escape(answer.get('description', ''))}"
    yield "</ul>"
