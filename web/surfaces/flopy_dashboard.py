"""FLOPY-NET's stream `/ws/dashboard`, which agent-bot's page opens too."""

from __future__ import annotations

from functools import partial

from web.auth import client_of
from web.flopy_socket import FlopySocket, Seat
from web.frames.flopy import HEARD, TOLD
from web.live_metrics import live
from web.resume import PLACE, Place
from web.routes import WS, Auth, Call, Family, Param, Route, Scope
from web.visitor import session

__all__ = ["ROUTES"]


async def dashboard(call: Call) -> None:
    """What changes of experiments (`experiment_update`), how services are (`metrics_update`, every `refresh_interval` of the
    configuration) and alerts (`alert`), each as `{type, data}`.

    Who says nothing is told all three, and agent-bot's `task_status` and `cli_status_update`. A first
    `{"action": "subscribe", "topics": ["experiments", "metrics", "alerts"], "experiment_ids": [...]}` narrows that, a further one
    takes its place, and what is left out or empty means all; with `"ack": true` it is answered `subscribed`.

    A client may have as many sockets that have subscribed as `experiments.sockets` of the settings says: one more gets an error
    and is closed. With `since` (empty: from now on) each frame has its epoch and offset, and a client that comes back is told
    what it missed.
    """
    visitor, since = call.visitor, call.args["since"]
    Place.parse(since or "")  # before it is let in
    seat = Seat(call.house.sockets, client_of(call.who, visitor.peer))
    try:
        metrics = partial(call.house.latest.frame, call.system, live)
        await session(call.system, visitor, lambda: FlopySocket(call.system, visitor, seat, since, metrics))
    finally:
        seat.leave()


_PARAMS = (
    Param("since", shape=PLACE, doc="EPOCH:OFFSET of the newest frame seen; empty: from now on, with places"),
    Param("token", doc="a token, where a browser can't send it otherwise"),
)
ROUTES = (
    Route(WS, "/ws/dashboard", dashboard, Auth.token, Scope.read, family=Family.v1, params=_PARAMS, tag="flopy_net",
          tells=TOLD, hears=HEARD),
)  # fmt: skip
