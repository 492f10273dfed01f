"""The ASGI app: a view on a running system, never its owner.

One way in for every route: gate (host, pace, origin, content type), who calls, parameters, body, view, family.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Any

import attrs
from quart import Response, request, websocket
from quart.routing import QuartMap, QuartRule
from quart.utils import encode_headers
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.routing import BaseConverter
from werkzeug.routing.exceptions import WebsocketMismatch

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.problems import Invalid
from oracle.settings import Settings
from oracle.system import System
from web import once
from web.auth import Doorman
from web.body import decode, encode
from web.direct import Direct
from web.documents import Documents
from web.errors import answer_invalid, answer_refusal, answer_status, invalid
from web.flopy_socket import Latest
from web.hourly import Hours
from web.limits import LOCAL_HOSTS, NOT_JSON, Gate, Limits, headers_of, is_json
from web.metrics import Metrics
from web.page_files import PageFiles
from web.params import query_of, read_params
from web.quick import Quick
from web.routes import WS, Answer, Call, Family, Route, family_of
from web.sockets_limit import SocketCount
from web.surfaces.front import VERSION
from web.table import routes

__all__ = ["App", "House", "make_app"]

RESPONSE_TIMEOUT_S = 60


@attrs.frozen
class House:
    """What the server keeps beside the system: its doorman, its table of routes, its metrics, its page, what it says of its own
    API; how much of `/api/v1` each client has asked for in its hour, how many sockets of `/ws/dashboard` it has (by
    `web.auth.client_of`), and what those are told of the services."""

    doorman: Doorman
    routes: tuple[Route, ...]
    metrics: Metrics
    page: PageFiles
    documents: Documents
    hours: Hours
    sockets: SocketCount
    latest: Latest = attrs.field(factory=Latest)


class _Exchange(TrioASGIHTTPConnection):
    """One request, answered in one piece, in the task that has it; of a GET there is nothing to read meanwhile."""

    async def __call__(self, receive: Any, send: Any) -> None:
        if self.scope["method"] not in ("GET", "HEAD"):
            await super().__call__(receive, send)
            return
        request = self._create_request_from_scope(send)
        request.body.set_complete()
        await self._send_response(send, await self.app.handle_request(request))

    async def _send_response(self, send: Any, response: Any) -> None:
        head = {"type": "http.response.start", "status": response.status_code, "headers": encode_headers(response.headers)}
        await send(head)
        await send({"type": "http.response.body", "body": await response.get_data(as_text=False), "more_body": False})


class _Path(QuartRule):
    """A path to be matched. To compile what builds its URL is most of what a rule costs at the start, and nobody builds one."""

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        return _never_built


class _Apart(BaseConverter):
    """One segment, but for some words, which stand for routes of their own."""

    def __init__(self, paths: Any, *words: str) -> None:
        super().__init__(paths)
        self.regex = rf"(?!(?:{'|'.join(map(re.escape, words))})$)[^/]+"


def _never_built(path: _Path, **values: Any) -> tuple[str, str]:
    raise NotImplementedError(f"the URL of {path.endpoint} is built by nobody")


class App(QuartTrio):
    """Quart, and the lane beside it for the simplest requests."""

    asgi_http_class = _Exchange
    quick: Quick


def make_app(system: System, doorman: Doorman | None = None) -> App:
    """The app of a running `oracle.system.System`, an ASGI callable; start nothing in its own nursery."""
    now_us = system.runtime.now_us
    settings = system.settings
    doorman = doorman or Doorman.of(settings, now_us)
    hours, sockets = Hours(settings.experiments), SocketCount(settings.experiments.sockets)
    documents = Documents(routes(), VERSION)
    house = House(doorman, routes(), Metrics(system, hours), PageFiles(), documents, hours, sockets)
    app = App(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.server.body_limit_bytes, BODY_TIMEOUT=settings.server.body_timeout_s,
        PROPAGATE_EXCEPTIONS=False, RESPONSE_TIMEOUT=RESPONSE_TIMEOUT_S, PROVIDE_AUTOMATIC_OPTIONS=False,
    )  # fmt: skip
    app.url_map = _paths()
    for route in house.routes:
        app.view_functions[route.name] = _served_before if route.live else _view(system, house, route)
    app.register_error_handler(HTTPException, _http_error)
    gate = Gate(Direct(app.asgi_app, system, house), _limits(settings), now_us, hours, doorman.client)
    app.asgi_app = gate  # type: ignore[method-assign,assignment]
    app.quick = Quick(system, house, gate)
    return app


def _limits(settings: Settings) -> Limits:
    server = settings.server
    listened = (f"[{one.host}]" if ":" in one.host else one.host for one in server.listen)
    hosts = frozenset(name.lower() for name in (*LOCAL_HOSTS, *server.allowed_hosts, *listened))
    return Limits(hosts, frozenset(server.allowed_origins), server.rate_per_s, server.burst)


@cache  # all houses of a process have the same
def _paths() -> QuartMap:
    paths = QuartMap(merge_slashes=False)
    paths.converters["apart"] = _Apart
    table = routes()
    for route in table:
        rule = re.sub(r"\{(\w+)\.\.\.\}", r"<path:\1>", route.path)
        for name, pattern in route.segments.items():
            if words := _words_instead(table, route, name, pattern):
                rule = rule.replace(f"{{{name}}}", f"<apart({', '.join(map(repr, words))}):{name}>")
        rule = re.sub(r"\{(\w+)\}", r"<\1>", rule)
        socket = route.method == WS
        path = _Path(
            rule, endpoint=route.name, methods=["GET" if socket else route.method], strict_slashes=True, websocket=socket
        )
        if path.methods is not None and not route.head:
            path.methods.discard("HEAD")
        paths.add(path)
    return paths


def _words_instead(table: tuple[Route, ...], route: Route, name: str, pattern: str) -> list[str]:
    """What other routes have where this one has the parameter, as far as it can't be one: their paths are theirs alone."""
    before, found, _ = route.path.partition(f"{{{name}}}")
    words = {one.path[len(before) :].split("/")[0] for one in table if found and one.path.startswith(before)}
    return sorted(word for word in words if "{" not in word and word and not re.fullmatch(pattern, word))


def _view(system: System, house: House, route: Route) -> Callable[..., Awaitable[Response]]:
    async def answer(**path: str) -> Response:
        return _response(await _serve(system, house, route, request.scope, path))

    return answer


async def _served_before(**path: str) -> Response:
    """Live routes never come as far as here; the framework knows them only to say 405 and 426."""
    raise RuntimeError(f"{(websocket if request_is_socket() else request).path} is served by web.direct")


async def _serve(system: System, house: House, route: Route, scope: Any, path: dict[str, str]) -> Any:
    headers, extensions = headers_of(scope), scope.get("extensions", {})
    peer = (scope.get("client") or ("",))[0]
    try:
        who = house.doorman.admit(route, headers=headers, peer=peer)
        args = {**path, **read_params(route.params, query_of(scope))} if route.params else path
        body = await _body(route, headers.get("content-type", "")) if route.body is not None else None
        call = Call(
            system, route, args, who, body, headers, house, desk=extensions.get("oracle.desk"),
            secure=scope.get("scheme") == "https",
        )  # fmt: skip
        return await once.serve(call)
    except Invalid as error:
        return answer_invalid(error, route.family, route.complaint)
    except (Refused, AskTimeout, ActorCrashed, NobodyOwns, MailboxFull) as error:
        return answer_refusal(error, route.family)


async def _body(route: Route, content_type: str) -> Any:
    raw: bytes = await request.get_data(cache=False, as_text=False, parse_form_data=False)
    if len(raw) > route.body_limit_bytes:
        raise Refused(f"the body may have at most {route.body_limit_bytes} bytes", code="too_large")
    if route.raw:
        return raw
    if not raw and route.bodiless:
        return None
    if not raw:
        raise invalid("missing", ["body"], "Field required")
    if not is_json(content_type):
        raise Refused(NOT_JSON, code="unsupported_media_type")
    return decode(raw)


def _response(result: Any) -> Response:
    answer = result if isinstance(result, Answer) else Answer(result)
    whole = answer.body if isinstance(answer.body, bytes | AsyncIterator) else encode(answer.body)
    response = Response(whole, answer.status, content_type=answer.content_type)
    if isinstance(answer.body, AsyncIterator):
        response.timeout = None  # whoever takes nothing of it is closed by the server
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response


async def _http_error(error: HTTPException) -> Response:
    """What routing, limits and crashes say, in the family of the path."""
    incoming = websocket if request_is_socket() else request
    family = family_of(incoming.path)
    match error:
        case MethodNotAllowed():
            allow = ", ".join(sorted(error.valid_methods or ()))
            return _response(answer_status(405, family, headers=(("Allow", allow),)))
        case WebsocketMismatch() if incoming is request:
            return _response(answer_status(426, family, "this is a WebSocket", headers=(("Upgrade", "websocket"),)))
        case WebsocketMismatch():
            return _response(answer_status(404, family, "Not Found"))
        case InternalServerError() if family is Family.detail:
            body = {"detail": "Internal Server Error", "error": "InternalServerError", "message": "unexpected error"}
            return _response(Answer(body, 500))
        case _:
            return _response(answer_status(error.code or 500, family))


def request_is_socket() -> bool:
    """Whether the context in hand is a WebSocket's."""
    return bool(websocket)
