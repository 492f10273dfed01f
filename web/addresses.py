"""Which addresses a server gets: those it was told, or the first that is free."""

from __future__ import annotations

import errno

from oracle.listen import Listen
from oracle.settings import Server
from oracle.tls import Shown
from web.failures import AddressTaken
from web.server import Bounds, Listener, bind

__all__ = ["DEFAULT_PORTS", "SEED_ADDRESSES", "listeners"]

DEFAULT_PORTS = range(8000, 8010)
SEED_ADDRESSES = (Listen("127.0.0.1", 3001, "flopy_net"), Listen("127.0.0.1", 5000, "agent_bot"))


def listeners(server: Server, tls: Shown | None = None) -> tuple[Listener, ...]:
    """Bound listeners, the main one first; https addresses show `tls`. An address that was asked for must be free. Raises
    AddressTaken."""
    bounds = Bounds.of(server)
    made = [] if server.listen else [_first_free(bounds)]
    try:
        for address in _wanted(server):
            made.append(_bound(address, bounds, tls))
    except AddressTaken:
        for listener in made:
            listener.close()
        raise
    return tuple(made)


def _wanted(server: Server) -> list[Listen]:
    """What was asked for, and the seeds' own: one that is both (`PORT=5000`, which is agent-bot's) is listened on once, as the
    seed's, unless it was said to be another's."""
    if not server.seed_ports:
        return [*server.listen]
    seeds = {(one.host, one.port): one for one in SEED_ADDRESSES}
    asked = [one if one.surface or one.secure or not one.port else seeds.get((one.host, one.port), one) for one in server.listen]
    told = {(one.host, one.port) for one in asked if one.port}
    return [*asked, *(one for place, one in seeds.items() if place not in told)]


def _first_free(bounds: Bounds) -> Listener:
    for port in DEFAULT_PORTS:
        try:
            return _bound(Listen("127.0.0.1", port), bounds)
        except AddressTaken as taken:
            if not isinstance(taken.__cause__, OSError) or taken.__cause__.errno != errno.EADDRINUSE:
                raise
    first, last = DEFAULT_PORTS[0], DEFAULT_PORTS[-1]
    raise AddressTaken(f"every port of 127.0.0.1:{first} to {last} is taken; choose another with --listen")


def _bound(address: Listen, bounds: Bounds, tls: Shown | None = None) -> Listener:
    try:
        return bind((address,), bounds, tls)[0]
    except OSError as error:
        raise AddressTaken(f"{address}: {error.strerror or error}") from error
