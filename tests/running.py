"""A running house for tests of the web: the whole system without feeds, its app, and a client."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import msgspec
import trio

from actors import Child, Runtime
from actors.testing import probe
from oracle.listen import Listen
from oracle.model import Event, Severity, event_id
from oracle.settings import Auth, Data, Demo, Scheduler, Settings
from oracle.system import System, open_system
from oracle.trading.strategies import STRATEGIES
from oracle.watchdogs import WATCHDOGS
from web import hub, server, visitor
from web.app import make_app
from web.auth import Doorman
from web.desk import Bounds

LOCAL = {"client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8000)}
AWAY = {"client": ("203.0.113.7", 40_000), "server": ("127.0.0.1", 8000)}


@attrs.define(eq=False)
class House:
    """A system with its app and a client that sits on this machine."""

    system: System
    app: Any
    doorman: Doorman
    fresh_token: str
    port: int = 0  # where it is served, if it is

    def over(self, stream: Any) -> Any:
        """What a client of the port speaks on."""
        return stream

    async def ask(self, method: str, path: str, *, scope: Any = None, **options: Any) -> Reply:
        """One request through the whole app, gate included."""
        client = self.app.test_client(use_cookies=False)
        response = await client.open(path, method=method, scope_base=scope or LOCAL, **options)
        return Reply(response.status_code, dict(response.headers.items()), await response.get_data(as_text=False))

    async def get(self, path: str, **options: Any) -> Reply:
        """GET."""
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Reply:
        """POST."""
        return await self.ask("POST", path, **options)


@attrs.frozen
class Reply:
    """An answer; header names are lower case."""

    status: int
    headers: dict[str, str] = attrs.field(converter=lambda given: {k.lower(): v for k, v in given.items()})
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, read strictly."""
        return msgspec.json.decode(self.body)


@asynccontextmanager
async def open_house(folder: Path, *, auth: str = "open", settings: Settings | None = None):
    """A house over a data folder; opening the same folder again is a restart."""
    quiet = Scheduler(enabled=False)  # no job comes between because it is five o'clock
    settings = settings or Settings(auth=Auth(mode=auth), data=Data(folder=folder), scheduler=quiet)
    async with open_system(attrs.evolve(settings, demo=Demo(enabled=False))) as system:
        await at_rest(system.runtime)
        doorman = Doorman.of(settings, system.runtime.now_us)
        yield House(system, make_app(system, doorman), doorman, await doorman.first_token())


@asynccontextmanager
async def open_served(folder: Path, bounds: Bounds = Bounds(), settings: Settings | None = None):  # noqa: B008
    """A house with its hub and its server, at a real port."""
    settings = settings or Settings(auth=Auth(mode="open"), data=Data(folder=folder), demo=Demo(enabled=False))
    listeners = server.bind([Listen("127.0.0.1", 0)], bounds)
    held: dict[str, Any] = {}

    def children(system: System) -> list[Child]:
        held["doorman"] = Doorman.of(settings, system.runtime.now_us)
        held["app"] = make_app(system, held["doorman"])
        return [hub.child(), visitor.child(), server.child(held["app"], listeners)]

    async with open_system(settings, children=children) as system:
        await at_rest(system.runtime)
        yield House(system, held["app"], held["doorman"], "", listeners[0].port)


async def at_rest(runtime: Runtime) -> None:
    """Return once those who begin by themselves have said so: what a test counts is then of its own doing."""
    for ref in (*(f"watchdog:{name}" for name in WATCHDOGS), *(f"strategy:{name}" for name in STRATEGIES)):
        await said(runtime, f"state:{ref}")


async def said(runtime: Runtime, topic: str) -> Any:
    """The newest message of a retained topic, waiting for the first."""
    heard = probe(runtime, topic)
    with trio.fail_after(30):
        known = runtime.bus.last(topic)
        return known.message if known else await heard.next()


def watchdog_event(runtime: Runtime, *, subject: str = "BTC-USD", kind: str = "price_anomaly", ago_s: int = 0,
                   severity: Severity = Severity.high, provider: str = "simulated", salt: int = 0) -> Event:  # fmt: skip
    """What the watchdog would say."""
    ts_us = runtime.now_us() - ago_s * 1_000_000
    source = "watchdog:price_anomaly"
    data = {"change_pct": 6.0, "provider": provider}
    ident = event_id(kind, subject, source, ts_us, salt)
    return Event(ident, kind, subject, source, severity, f"{subject} rose 6.0 % in 60 s", data, ts_us)
