"""One table of what the server answers: method, path, who may, what comes in, what goes out.

Everything the outside can see of a route is in its `Route`: `app` registers it, `auth` guards it, `params` reads its
query, `errors` picks its family of bodies, `openapi` describes it. A surface is a module with `ROUTES`, a tuple of
these; `web.table` joins them. A view is `async def view(call: Call)`; what it returns is the JSON answer (attrs,
msgspec, dict, list) or an `Answer` where the status or a header differs. A view says no by raising `Refused`, or, for
input, `Invalid` (as `oracle.border.structure(cls, call.body, extras="drop", path=("body",))` does).
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from oracle.system import System

__all__ = ["RAW", "WS", "Answer", "Auth", "Call", "Family", "Identity", "Param", "Route", "Scope", "View", "family_of"]

WS = "WS"
"""The method of a WebSocket route; its view runs before the client is let in (`Call.visitor`)."""


class Auth(enum.Enum):
    """Who may call: anybody, or (in mode `token`) somebody who shows a token, a session cookie or a ticket."""

    public = "public"
    token = "token"


class Scope(enum.StrEnum):
    """What a caller may do; each scope includes the ones before it."""

    read = "read"
    operate = "operate"
    admin = "admin"

    def includes(self, other: Scope) -> bool:
        """True where `self` is at least `other`."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


class Family(enum.Enum):
    """The shape of error bodies: `{"detail": ...}` or `{"error": {code, message, details}}`; `v1` is the latter as FLOPY-NET's
    clients read it (`web.errors_v1`)."""

    detail = "detail"
    error = "error"
    v1 = "v1"


@attrs.frozen
class Identity:
    """Who calls: `name` goes into commands as `by`, `scope` is what they may do. `token` is the id of the token that was shown
    (empty: none was), `subject` whom it speaks for (requests are counted by it), `expires_us` when it ends (0: never). `local`:
    let in for coming from this machine, so `scope` may be more than the token's `own` (None: none was shown)."""

    name: str
    scope: Scope
    token: str = attrs.field(default="", eq=False)
    subject: str = attrs.field(default="", eq=False)
    expires_us: int = attrs.field(default=0, eq=False)
    local: bool = attrs.field(default=False, eq=False)
    own: Scope | None = attrs.field(default=None, eq=False)


@attrs.frozen
class Param:
    """A query parameter. `kind`: str, int, float, bool, time (ISO 8601 or integer microseconds, handed on as `_us`), or until (a
    time that is the first one too late; of a day alone the whole day counts).

    `ge`/`le` bound numbers and, for str, the length. `many` takes a comma list and repeated keys alike. `check` looks at a
    str that is otherwise good, and raises Refused where it is not; `shape` says in words of JSON Schema what gets past it.
    """

    name: str
    kind: str = "str"
    default: Any = None
    required: bool = False
    ge: float | None = None
    le: float | None = None
    choices: tuple[str, ...] = ()
    many: bool = False
    check: Callable[[str], object] | None = None
    shape: Mapping[str, Any] = attrs.field(factory=dict)
    doc: str = ""

    @property
    def key(self) -> str:
        """Its name in `Call.args`: times say their unit."""
        return f"{self.name}_us" if self.kind in ("time", "until") else self.name


@attrs.frozen
class Call:
    """A request after every check: `args` holds path and query parameters by name, typed; `body` the decoded JSON;
    `headers` by lower-case name; `house` what only the server's own pages need (`web.app.House`); `visitor` the client of a
    live stream (`web.visitor.Visitor`); `desk` the server's counts, missing where another server runs the app; `secure` where
    it came over TLS; `command_id` goes into `Command.id` and `Event.cause`, empty where the client gave no id."""

    system: System
    route: Route
    args: Mapping[str, Any]
    who: Identity
    body: Any = None
    headers: Mapping[str, str] = attrs.field(factory=dict)
    house: Any = None
    visitor: Any = None
    desk: Any = None
    secure: bool = False
    command_id: str = ""


@attrs.frozen
class Answer:
    """What a view returns when 200 JSON is not enough. `body` of bytes is sent as it is, one that is an async iterator of bytes
    piece by piece."""

    body: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


View = Callable[[Call], Awaitable[Any]]

RAW = "/webhooks/"
"""Where bodies are signed as they are, and looked at by who verifies that."""


@attrs.frozen
class Route:
    """One line of the table. `done` is the status of success; `bodiless`: the body may be left out.

    `path` writes parameters as `{name}` (one segment; `{name...}` takes the rest). `body` is the attrs or msgspec class
    the JSON body is described by (None: the route takes no body); the view checks it. `answer` describes the 200 body: a
    class, or content types (`text/csv, application/json`) of what is no JSON of one.
    `also` are further statuses of success, with the same body. `refuses` lists the further statuses it may answer with.
    `scope` counts only with `Auth.token`. `head`: HEAD is answered too (the seeds' servers answer it with 405). `live`: a
    stream of server-sent events. `quick`: the view never waits, so a plain request may be answered without the framework
    (`web.quick`). `secret`: the answer holds a secret, so it is stored nowhere and the route takes no `Idempotency-Key`.
    `locked`: mode `local` wants a token for it, as it does for everything under `/api/v1`.
    `complaint` is what family `v1` says above the fields of bad input. `strict`: unknown keys of the body are refused.
    `tells` and `hears` are the classes of the frames of a stream (`web.frames`), what the server says and what a client may.
    `segments` are patterns of those path parameters that are refused (not just unknown) where they don't look like it.
    `asks`: it has a body, yet changes nothing and takes no `Idempotency-Key`. `forms`: further content types of the answer.
    """

    method: str
    path: str
    view: View
    auth: Auth | None = None
    scope: Scope = Scope.read
    family: Family = Family.detail
    params: tuple[Param, ...] = ()
    body: Any = None
    body_limit_bytes: int = 1_048_576
    answer: Any = None
    done: int = 200
    also: tuple[int, ...] = ()
    refuses: tuple[int, ...] = ()
    tag: str = "server"
    head: bool = False
    live: bool = False
    quick: bool = False
    secret: bool = False
    bodiless: bool = False
    locked: bool = False
    complaint: str = ""
    raw: bool = False
    strict: bool = False
    tells: tuple[Any, ...] = ()
    hears: tuple[Any, ...] = ()
    segments: Mapping[str, str] = attrs.field(factory=dict)
    asks: bool = False
    forms: tuple[str, ...] = ()

    @property
    def guarded(self) -> bool:
        """Whether only mode `open` lets in who shows no token."""
        return self.locked or (self.path.startswith("/api/v1/") and self.method != WS)

    @property
    def unsafe(self) -> bool:
        """Whether asking for it may change something."""
        return self.method not in ("GET", WS) and not self.asks

    @property
    def name(self) -> str:
        """Unique name: the method and the path."""
        return f"{self.method} {self.path}"

    @property
    def summary(self) -> str:
        """The first sentence of the view's docstring."""
        paragraph = " ".join(inspect.cleandoc(self.view.__doc__ or "").partition("\n\n")[0].split())
        return re.split(r"(?<=[.:]) ", paragraph, maxsplit=1)[0]


def family_of(path: str) -> Family:
    """The error family of a path that may match no route."""
    if path in ("/api/v1", "/ws/dashboard") or path.startswith("/api/v1/"):
        return Family.v1
    native = path == "/api/oracle" or path.startswith("/api/oracle/")
    return Family.error if native else Family.detail
