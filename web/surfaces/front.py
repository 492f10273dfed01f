"""What every server has: the page at `/`, its files, health, readiness, metrics and the description of the API."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

import attrs

from actors import Node, Refused
from oracle.system import System
from web import reference
from web.auth import SESSION_S, cookie_name
from web.routes import Answer, Auth, Call, Param, Route, Scope

__all__ = ["ROUTES", "VERSION", "Dependency", "readiness"]

VERSION = metadata.version("oracle-runtime")
_OWN = ("history", "web", "feeds")  # parts that readiness looks at more closely
LINKS = {
    "page": "/", "openapi": "/openapi.json", "health": "/healthz", "ready": "/readyz", "metrics": "/metrics",
    "tree": "/api/oracle/tree", "stream": "/api/oracle/stream", "dashboard": "/dashboard/stats",
    "dashboard_stream": "/dashboard/stream", "alerts": "/api/alerts", "terminal": "/api/state", "trading_stream": "/ws",
    "docs": "/docs", "asyncapi": "/asyncapi.json",
}  # fmt: skip
HEALTH = {part: f"/health/{part}" for part in ("db", "cache", "providers")}
METRICS = {part: f"/api/metrics/{part}" for part in ("cache", "watchdog", "performance", "tasks")}


@attrs.frozen
class Welcome:
    """What `GET /` says to programs; from `docs` on as FIML's clients look for it."""

    status: str
    service: str
    version: str
    links: dict[str, str]
    docs: str = "/docs"
    health: str = "/health"
    health_endpoints: dict[str, str] = attrs.field(factory=HEALTH.copy)
    metrics: str = "/metrics"
    metrics_endpoints: dict[str, str] = attrs.field(factory=METRICS.copy)


@attrs.frozen
class Alive:
    """The process answers."""

    status: str


@attrs.frozen
class Dependency:
    """One thing readiness depends on."""

    name: str
    ready: bool
    reason: str


@attrs.frozen
class Readiness:
    """`ready` only if every dependency is."""

    status: str
    dependencies: list[Dependency]


async def front_door(call: Call) -> Answer | Welcome:
    """The page for browsers, links for programs. `?token=` is exchanged for a session cookie."""
    if token := call.args["token"]:
        return await _exchange(call, token)
    if "text/html" in call.headers.get("accept", ""):
        page: Answer = call.house.page.index(call.headers.get("if-none-match", ""))
        return attrs.evolve(page, headers=(*page.headers, ("Vary", "Accept"), *_page_pass(call)))
    return Answer(Welcome("ok", "oracle", VERSION, LINKS), headers=(("Vary", "Accept"),))


async def page_file(call: Call) -> Answer:
    """A file of the page."""
    try:
        found: Answer = call.house.page.file(call.args["name"], call.headers.get("if-none-match", ""))
    except KeyError:
        raise Refused("Not Found", code="not_found") from None
    return found


async def health(call: Call) -> Alive:
    """Whether the process answers; says nothing about its dependencies."""
    return Alive("ok")


async def ready(call: Call) -> Answer:
    """Whether every dependency works: 200, or 503 saying which does not."""
    report = readiness(call.system)
    return Answer(report, 200 if report.status == "ready" else 503)


async def metrics(call: Call) -> Answer:
    """The system's numbers for Prometheus."""
    return Answer(call.house.metrics.text(call.desk), content_type="text/plain; version=0.0.4; charset=utf-8")


async def openapi(call: Call) -> Answer:
    """This API as OpenAPI 3.1."""
    return Answer(call.house.documents.openapi)


async def asyncapi(call: Call) -> Answer:
    """What the sockets and streams tell and hear as AsyncAPI 3.0."""
    return Answer(call.house.documents.asyncapi(call.headers.get("host", "localhost")))


async def docs(call: Call) -> Answer:
    """This API, its routes and its streams, as a page for people."""
    host, guarded = call.headers.get("host", "localhost"), call.house.doorman.mode == "token"
    text = call.house.documents.page(host, secure=call.secure, guarded=guarded)
    return Answer(text, headers=_REFERENCE, content_type="text/html; charset=utf-8")


async def docs_file(call: Call) -> Answer:
    """The style and the script of that page."""
    try:
        body, kind = reference.FILES[call.args["name"]]
    except KeyError:
        raise Refused("Not Found", code="not_found") from None
    return Answer(body, headers=(*_REFERENCE, ("Cache-Control", "no-cache")), content_type=kind)


def readiness(system: System) -> Readiness:
    """History must take writes; of every other part nothing may have failed for good; a feed is not ready while it is
    disconnected or stale."""
    rows = [Dependency("history", *_history(system)), Dependency("web", ready=True, reason="")]
    rows += [Dependency(node.name, *_part(node)) for node in system.runtime.tree().children if node.name not in _OWN]
    rows += [Dependency(node.name, *_feed(system, node)) for node in _feeds(system)]
    return Readiness("ready" if all(row.ready for row in rows) else "not_ready", rows)


def _history(system: System) -> tuple[bool, str]:
    if not system.runtime.alive("history"):
        return False, "the history actor is not running"
    return (True, "") if system.store.statistics.state == "ok" else (False, "the database takes no writes")


def _part(node: Node) -> tuple[bool, str]:
    """Of crashes only the names: everybody may ask for this, and the tree, which says more, has a lock."""
    failed = list(_failed(node))
    return not failed, f"failed for good: {', '.join(failed)}" if failed else ""


def _failed(node: Node) -> Iterator[str]:
    if node.state == "failed":
        yield node.name
    for below in node.children:
        yield from _failed(below)


def _feeds(system: System) -> tuple[Node, ...]:
    runtime = system.runtime
    return tuple(runtime.node("feeds").children) if runtime.alive("feeds") else ()


def _feed(system: System, node: Node) -> tuple[bool, str]:
    if node.state != "running":
        return False, f"{node.state}: {node.error}" if node.error else node.state
    statistics = system.statistics.get(node.name.removeprefix("feed:"))
    if statistics is None:
        return True, ""
    if not statistics.connected:
        return False, statistics.last_error or "not connected yet"
    return (False, "connected, but silent") if statistics.stale else (True, "")


def _page_pass(call: Call) -> tuple[tuple[str, str], ...]:
    """What lets the page in, also where this machine's other programs want a token: it can't be handed one without a word of
    the reader's. Only browsers that show nothing, and only for as long as this server and the browser run."""
    secret = call.house.doorman.page_pass(call.who)
    if not secret:
        return ()
    cookie = f"{cookie_name(call.headers.get('host', ''))}={secret}; Path=/; HttpOnly; SameSite=Strict"
    return (("Set-Cookie", cookie + "; Secure" if call.secure else cookie),)


async def _exchange(call: Call, token: str) -> Answer:
    host = call.headers.get("host", "")
    opened = await call.house.doorman.open_session(token)
    # The answer leads to a URL without the token, so that it stays out of histories and referrers.
    there = ("Location", "/")
    if opened is None and call.house.doorman.mode != "token":
        return Answer(b"", 303, (there,), "text/plain")  # a token that means nothing here is as good as none
    if opened is None:
        raise Refused("this token is not known here", code="unauthorized")
    cookie = f"{cookie_name(host)}={opened[0]}; Path=/; Max-Age={SESSION_S}; HttpOnly; SameSite=Strict"
    if call.secure:
        cookie += "; Secure"
    return Answer(b"", 303, (there, ("Set-Cookie", cookie)), "text/plain")


_REFERENCE = (("Content-Security-Policy", reference.POLICY),)
_TOKEN = Param("token", default="", doc="exchanged for a session cookie")
ROUTES = (
    Route("GET", "/", front_door, Auth.public, params=(_TOKEN,), answer=Welcome, refuses=(401, 503), head=True),
    Route("GET", "/page/{name...}", page_file, Auth.public, answer="*/*", refuses=(404,), head=True),
    Route("GET", "/healthz", health, Auth.public, answer=Alive, head=True, quick=True),
    Route("GET", "/readyz", ready, Auth.public, answer=Readiness, refuses=(503,), head=True, quick=True),
    Route("GET", "/metrics", metrics, Auth.token, Scope.read, answer="text/plain", head=True, quick=True),
    Route("GET", "/openapi.json", openapi, Auth.public, answer=dict, head=True),
    Route("GET", "/asyncapi.json", asyncapi, Auth.public, answer=dict, head=True),
    Route("GET", "/docs", docs, Auth.public, answer="text/html", head=True),
    Route("GET", "/docs/{name}", docs_file, Auth.public, answer="text/javascript, text/css", refuses=(404,), head=True),
)
