"""`/ws`, which alpha-oracle, agent-bot and the streaming terminal all call theirs."""

from __future__ import annotations

from actors import Refused
from oracle.patterns import TOPIC, is_pattern
from web.errors import invalid
from web.frames.union import HEARD, TOLD
from web.resume import PLACE, Place
from web.routes import WS, Auth, Call, Param, Route, Scope
from web.union import FAMILIES
from web.union_socket import UnionSocket
from web.visitor import session

__all__ = ["ROUTES"]


async def stream(call: Call) -> None:
    """Everything that trading and tasks say, as alpha-oracle's, the terminal's and agent-bot's clients know it. STATE_SNAPSHOT
    comes first.

    Who does not say whose client it is is told all; `surface`, the address it came to, a first `{"type": "ping"}` (answered
    `{"type": "pong"}`) or `{"type": "subscribe", "channel": "task:ID"}` (answered `subscribed`, then what the task has put out so
    far, how it is, and then what it puts out) narrows that. `channels` takes names and globs (`market:quotes:*`,
    `system:feed:*`, `ml:drift:*`, `task:*`). With `since` (empty: from now on) each frame has its epoch and offset, and a client
    that comes back is told what it missed. `role=producer` (scope operate) pushes: each message is what `POST /api/push` takes,
    answered by an `ack` or an `error`.
    """
    args, visitor = call.args, call.visitor
    producer = args["role"] == "producer"
    if producer and not call.who.scope.includes(Scope.operate):
        raise Refused(f"scope {Scope.operate} is needed to push, this token has {call.who.scope}", code="forbidden")
    channels = frozenset(args["channels"] or ("*",))
    for channel in channels:
        if not is_pattern(channel):
            reason = "a star stands alone or after a final ':', as in market:quotes:*"
            raise invalid("channels", ["query", "channels"], reason, channel[:200])
    Place.parse(args["since"] or "")  # before it is let in
    surface = args["surface"] or (visitor.surface if visitor.surface in FAMILIES else "")
    await session(call.system, visitor, lambda: UnionSocket(call.system, visitor, surface, channels, args["since"], producer))


_SOCKET = (
    Param("surface", choices=FAMILIES, doc="whose frames; all where it is not said"),
    Param("channels", many=True, shape=TOPIC, doc="channels and globs of channels; all where none is named"),
    Param("since", shape=PLACE, doc="EPOCH:OFFSET of the newest frame seen; empty: from now on, with places"),
    Param("role", choices=("producer",), doc="producer: to push"),
)
ROUTES = (
    Route(WS, "/ws", stream, Auth.token, Scope.read, params=_SOCKET, tag="mt5", tells=TOLD, hears=HEARD),
)  # fmt: skip
