"""What `oracle top` shows, pane by pane, before it is cut to the size of a terminal. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from oracle.moments import time_us
from web.top.choice import Choice
from web.top.seen import Seen, actors_of

__all__ = ["Cell", "Column", "Pane", "age", "head", "panes"]

_ACTIVE = {phase: place for place, phase in enumerate(  # the most urgent first
    ("firing", "escalated", "pending", "acknowledged", "muted", "inactive"))}  # fmt: skip
_INKS = {
    "running": "green", "failed": "bold red", "backing_off": "yellow", "starting": "yellow", "connected": "green",
    "stale": "yellow", "disconnected": "bold red", "critical": "bold red", "high": "red", "medium": "yellow", "low": "dim",
    "firing": "bold red", "escalated": "bold red", "pending": "yellow", "acknowledged": "cyan", "muted": "dim", "silenced": "dim",
    "inactive": "dim",
}  # fmt: skip
_WELL = ("running", "starting")


@attrs.frozen
class Cell:
    """A text, and the ink it is written in."""

    text: str
    ink: str = ""


@attrs.frozen
class Column:
    """`width` characters, of the first column at least, of the last one what is left of the line."""

    name: str
    width: int = 0
    right: bool = False


@attrs.frozen
class Pane:
    """The name of the first column is that of the pane. `empty` is said where there are no rows."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str


def panes(seen: Seen, choice: Choice, now_us: int) -> tuple[Pane, ...]:
    """The actors, the feeds, the alerts and the newest events."""
    made = (_actors(seen, choice), _feeds(seen, now_us), _alerts(seen, now_us), _events(seen))
    if not choice.word:
        return made
    none = "nothing has the word of the filter"
    return tuple(attrs.evolve(pane, rows=_with(choice.word, pane.rows), empty=none) for pane in made)


def head(seen: Seen, now_us: int) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """Two lines: which server and how it goes on; what isn't well."""
    look = seen.look
    if look is None:
        return (Cell("oracle", "bold"), Cell("looks for the server")), ()
    up = f"up {age(look.tree['since'], now_us)}" if look.tree["since"] else ""
    link = Cell("live", "green")
    if seen.away_us is not None:
        link = Cell(f"reconnecting for {_span((now_us - seen.away_us) / 1e6)}", "bold yellow")
    rate = "" if seen.rate is None else f"{seen.rate:,.0f} msg/s"
    first = (Cell(f"oracle {look.version}", "bold"), Cell(look.url), Cell(up), link, Cell(rate), Cell(look.place, "dim"))
    said = [Cell(f"{name}: {reason}", "bold red") for name, reason in look.problems] or [Cell("all parts are ready", "green")]
    if seen.away_us is not None:
        said = [Cell(seen.why, "yellow")]
    if seen.skipped or seen.holes:
        lost = f"{seen.skipped} skipped" + (f", {seen.holes} holes of unknown size" if seen.holes else "")
        said.insert(0, Cell(lost, "yellow"))
    return tuple(cell for cell in first if cell.text), tuple(said)


def age(at: str, now_us: int) -> str:
    """How long ago something was, shortly; `at` is ISO 8601."""
    return _span((now_us - time_us(at, ["at"])) / 1e6)


def _actors(seen: Seen, choice: Choice) -> Pane:
    rows = [] if seen.look is None else list(actors_of(seen.look.tree))
    if choice.folded:
        rows = [(depth, _summed(node)) for depth, node in rows if depth <= 1 or node["state"] not in _WELL]
    if choice.kinds:
        rows = [(0, node) for _, node in rows if {node["name"].partition(":")[0], node["kind"]} & set(choice.kinds)]
    if choice.sort != "tree":
        key = {"rate": "rate_per_s", "depth": "depth", "restarts": "restarts", "name": "name"}[choice.sort]
        rows = sorted(((0, node) for _, node in rows), key=lambda row: row[1][key], reverse=choice.sort != "name")
    columns = (Column(f"ACTORS ({len(rows)})", 22), Column("state", 11), Column("waiting", 8, True), Column("rate/s", 9, True),
               Column("restarts", 9, True), Column("last error"))  # fmt: skip
    return Pane(columns, tuple(_actor(depth, node) for depth, node in rows), "no actor of this kind")


def _actor(depth: int, node: Mapping[str, Any]) -> tuple[Cell, ...]:
    below = f" +{node['below']}" if node.get("below") else ""
    return (
        Cell("  " * depth + node["name"] + below), _word(node["state"].replace("_", " "), node["state"]),
        Cell(f"{node['depth']:,}", "yellow" if node["depth"] else "dim"),
        Cell(f"{node['rate_per_s']:,.1f}", "" if node["rate_per_s"] else "dim"),
        Cell(f"{node['restarts']:,}", "yellow" if node["restarts"] else "dim"), Cell(node["last_error"] or "", "red"),
    )  # fmt: skip


def _summed(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """An actor that counts for all below it; the root for itself, or it would count for all."""
    if node["name"] == "root":
        return node
    all_below = [below for _, below in actors_of(node)]
    sums = {key: sum(one[key] for one in all_below) for key in ("depth", "rate_per_s", "restarts")}
    return {**node, **sums, "below": len(all_below) - 1}


def _feeds(seen: Seen, now_us: int) -> Pane:
    nodes = [] if seen.look is None else [node for _, node in actors_of(seen.look.tree) if node["name"].startswith("feed:")]
    columns = (Column(f"FEEDS ({len(nodes)})", 22), Column("state", 13), Column("last", 10, True), Column("messages/s", 12, True),
               Column("what went wrong"))  # fmt: skip
    rows = []
    for node in nodes:
        about = node["about"]
        rate = seen.feed_rates.get(node["name"])
        rows.append((
            Cell("  " + node["name"].removeprefix("feed:")), _feed_word(node),
            Cell(age(about["last_frame"], now_us) if about.get("last_frame") else "never"),
            Cell("" if rate is None else f"{rate:,.1f}"), Cell(about.get("last_error") or "", "red"),
        ))  # fmt: skip
    return Pane(columns, tuple(rows), "no feed is set; see [feeds] in settings.toml")


def _feed_word(node: Mapping[str, Any]) -> Cell:
    about = node["about"]
    if node["state"] != "running" or "connected" not in about:
        return _word(node["state"].replace("_", " "), node["state"])
    return _word("stale" if about["stale"] else "connected" if about["connected"] else "disconnected")


def _alerts(seen: Seen, now_us: int) -> Pane:
    found = [] if seen.look is None else sorted(seen.look.alerts, key=lambda one: _ACTIVE.get(one["phase"] or "inactive", 0))
    rows = []
    for one in found:
        phase = one["phase"] or "inactive"
        held = phase != "inactive" and one["held_by"]
        how = _word("silenced") if held == "silence" else _word(phase)
        what = "disabled" if not one["enabled"] else one["fault"] or (f"held back: {held}" if held else one["comment"] or "")
        since = age(one["since"], now_us) if one["since"] else "never"
        rows.append((Cell("  " + one["name"]), how, Cell(since), Cell(f"{one['trigger_count'] or 0:,}"), Cell(what, "dim")))
    silences = [] if seen.look is None else seen.look.silences
    for one in silences:
        matched = ", ".join(f"{key} {_listed(value)}" for key, value in one["matchers"].items() if value)
        rows.append((Cell(f"  silence of {matched}"), _word("silenced"), Cell(age(one["since"], now_us)), Cell(""),
                     Cell(f"until {one['until'][:16]} {one['comment']}", "dim")))  # fmt: skip
    columns = (Column(f"ALERTS ({len(found)})", 22), Column("state", 13), Column("for", 10, True), Column("fired", 12, True),
               Column("note"))  # fmt: skip
    return Pane(columns, tuple(rows), "no alert is set; oracle alert import takes some from a file")


def _events(seen: Seen) -> Pane:
    rows = tuple((Cell("  " + one["ts"][11:19]), _word(one["severity"]), Cell(one["kind"]),
                  Cell(("simulated: " if one.get("simulated") else "") + one["summary"])) for one in seen.events)  # fmt: skip
    columns = (Column("EVENTS", 11), Column("severity", 9), Column("kind", 23), Column("what"))
    return Pane(columns, rows, "nothing has happened yet")


def _with(word: str, rows: Iterable[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    wanted = word.casefold()
    return tuple(row for row in rows if any(wanted in cell.text.casefold() for cell in row))


def _word(text: str, of: str = "") -> Cell:
    return Cell(text, _INKS.get(of or text, ""))


def _listed(value: Any) -> str:
    return value if isinstance(value, str) else " or ".join(map(str, value))


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
