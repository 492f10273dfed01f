"""A runtime in a few words, and in a small table where there is HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import attrs

__all__ = ["Outline", "as_html"]

_HEAD = "text-align:left;padding:2px 14px 2px 0;font-weight:600"
_CELL = "text-align:left;padding:2px 0"


@attrs.frozen
class Outline:
    """How it is: actors, those that failed for good, feeds with their states, and what this process has added, by name."""

    actors: int
    failed: tuple[str, ...]
    feeds: tuple[tuple[str, str], ...]
    added: tuple[str, ...] = ()

    @classmethod
    def of(cls, tree: Mapping[str, Any], added: tuple[str, ...]) -> Outline:
        """Of `GET /api/oracle/tree`."""
        nodes = list(_all(tree))
        feeds = next((node["children"] for node in nodes if node["name"] == "feeds"), ())
        return cls(
            len(nodes), tuple(node["name"] for node in nodes if node["state"] == "failed"),
            tuple((node["name"].partition(":")[2], node["state"]) for node in feeds), added,
        )  # fmt: skip

    @property
    def state(self) -> str:
        """In one word."""
        return "degraded" if self.failed else "running"

    @property
    def said(self) -> str:
        """In one line."""
        feeds = ", ".join(f"{name} ({state})" for name, state in self.feeds) or "none"
        failed = f", failed: {', '.join(self.failed)}" if self.failed else ""
        return f"{self.state}, {self.actors} actors, feeds: {feeds}{failed}"


def as_html(title: str, rows: Mapping[str, str]) -> str:
    """A table of two columns; an address is a link."""
    lines = (f'<tr><th scope="row" style="{_HEAD}">{escape(name)}</th><td style="{_CELL}">{_linked(text)}</td></tr>'
             for name, text in rows.items() if text)  # fmt: skip
    caption = f'<caption style="text-align:left;font-weight:600">{escape(title)}</caption>'
    return f"<table>{caption}<tbody>{''.join(lines)}</tbody></table>"


def _linked(text: str) -> str:
    safe = escape(text, quote=True)
    return f'<a href="{safe}" target="_blank" rel="noopener">{safe}</a>' if text.startswith(("http://", "https://")) else safe


def _all(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node["children"]:
        yield from _all(child)
