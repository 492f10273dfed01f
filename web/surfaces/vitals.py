"""How the server itself is: its load, its bus, its history, its connections, what nobody handled, and the settings it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from oracle.border import unstructure
from oracle.model import Bar, Command, Depth, Event, Finding, Gap, Quote, Sample, State, Trade
from oracle.secret import sounds_secret
from oracle.settings import Settings
from web.routes import Auth, Call, Family, Route, Scope
from web.surfaces.front import VERSION, Dependency, readiness
from web.veil import veiled
from web.wire import iso

__all__ = ["ROUTES"]

LOAD_OVER_S = 5.0


@attrs.frozen
class Vitals:
    """Counts are since the process began. `cpu_pct` is of one processor, over the last 5 seconds or since somebody asked before
    that, with workers `all_cpu_pct`; memory is in megabytes. `published` is how many messages went over the bus. Of the
    history: `state` is ok or down, `rows_lost` were not stored, `pending` wait for a commit, `commit_ms_p50` is the median of
    the last 512, `watermark` the offset of the last message on disk. `not_ready` are the parts that do not work, as `/readyz`
    has them, of `parts` in all."""

    version: str
    epoch: str
    now: str
    started: str
    cpu_pct: float | None
    all_cpu_pct: float | None
    memory_mb: float
    all_memory_mb: float
    published: int
    dead_letters: int
    sockets: int
    connections: int | None
    history: dict[str, Any]
    ring: dict[str, int]
    parts: int
    not_ready: list[Dependency]


@attrs.frozen
class Dead:
    """A message that nobody handled: for whom it was, why nobody did, what kind it is, and the first 500 characters of what may
    be shown of it: of a command the verb and what it is about, of what may hold a secret nothing."""

    to: str
    reason: str
    kind: str
    message: str


@attrs.frozen
class DeadLetters:
    """`count` since the process began; `items` are the newest of them, at most 64, newest first."""

    count: int
    items: list[Dead]


@attrs.frozen
class InForce:
    """`settings` as they are in force, secrets as where they are kept; masked is what stands where keys are put in plain: queries
    of URLs, arguments of programs. `changed` are the keys that do not have their default, as `section.key`."""

    settings: dict[str, Any]
    changed: list[str]


async def vitals(call: Call) -> Vitals:
    """The server's own numbers, now."""
    system, desk = call.system, call.desk
    runtime, statistics, ring = system.runtime, system.store.statistics, system.ring
    load = system.vitals.processes.load(LOAD_OVER_S, {})
    sockets = runtime.node("sockets").children if runtime.alive("sockets") else ()
    history = {
        "state": statistics.state, "last_error": statistics.last_error, "rows_written": statistics.rows_written,
        "rows_lost": statistics.rows_dropped + statistics.rows_unfit, "pending": statistics.pending,
        "commits": statistics.commits, "commit_ms_p50": statistics.commit_ms_p50, "watermark": statistics.watermark,
    }  # fmt: skip
    parts = readiness(system).dependencies
    return Vitals(
        VERSION, runtime.epoch, iso(runtime.now_us()), iso(system.vitals.since_us), load.own_cpu_pct, load.all_cpu_pct,
        load.own_memory_mb, load.all_memory_mb, max(0, runtime.bus.offset), runtime.dead_letter_count, len(sockets),
        None if desk is None else len(desk.open), history,
        {"messages": len(ring), "bytes": ring.bytes, "evicted": ring.evicted},
        len(parts), [part for part in parts if not part.ready],
    )  # fmt: skip


async def dead_letters(call: Call) -> DeadLetters:
    """What was sent to somebody who was not there, had no room, or crashed over it."""
    runtime = call.system.runtime
    newest = [
        Dead(letter.name, letter.reason, type(letter.message).__name__, _outline(letter.message)[:500])
        for letter in reversed(runtime.dead_letters)
    ]
    return DeadLetters(runtime.dead_letter_count, newest)


def _outline(message: object) -> str:
    """What a client gave may stand in a command, and in whatever is made of it."""
    match message:
        case Command(verb=verb, args=args):
            plain = ((name, one) for name, one in args.items() if isinstance(one, str | int | float) and not sounds_secret(name))
            return " ".join([verb, *(f"{name}={one!r}" for name, one in plain)])
        case Quote() | Trade() | Bar() | Depth() | Sample() | Event() | State() | Gap() | Finding() | str() | int() | float():
            return repr(message)
        case _:
            return ""


async def settings(call: Call) -> InForce:
    """The settings in force; what a file, the environment and flags said of them, and the rest by default."""
    now, usual = unstructure(call.system.settings), unstructure(Settings())
    return InForce(veiled(now), sorted(_differing(now, usual)))


def _differing(now: dict[str, Any], usual: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in now.items():
        other = usual.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            yield from _differing(value, other, f"{prefix}{key}.")
        elif value != other:
            yield prefix + key


def _get(path: str, view: Any, answer: type, scope: Scope) -> Route:
    return Route("GET", f"/api/oracle/{path}", view, Auth.token, scope, Family.error, answer=answer, tag="oracle", head=True)


ROUTES = (
    _get("vitals", vitals, Vitals, Scope.read),
    _get("dead-letters", dead_letters, DeadLetters, Scope.admin),
    _get("settings", settings, InForce, Scope.admin),
)
