"""The journey of a tick: from the stamp in a venue's frame through parser, bus, watchdog, history and hub to a socket, at
10,000 ticks a second, beside a bare write of one ready frame per tick at the same pace. Wall-clock, in microseconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.delivery import compared, complete
from bench.load import sockets
from bench.servers import Ours, ours, peer

RATE_PER_S = 10_000.0
TICKS = 20_000
STREAM = "/api/oracle/stream?topics=trade:*"
RAW = "raw trio, a ready frame each"


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Two rows; see the module. Raises CannotMeasure where anything was dropped on the way."""
    mine, theirs = [], []
    ticks = {"do": "ticks", "messages": TICKS, "rate_per_s": RATE_PER_S}
    with ours() as house:
        for _ in range(rounds):
            found = complete(lambda: _times(house, STREAM, ticks))
            house.check()
            mine.append(found)
            with peer("stream_trio", "raw-trio") as raw:
                size = round(found["payload_bytes"])
                order = {"messages": TICKS, "rate_per_s": RATE_PER_S, "burst": 1, "payload_bytes": size}
                theirs.append(_times(raw, "/", order))
    for share, target in (("p50", "<= 8.0"), ("p99", "<= 2.0")):
        columns = [[one[f"{share}_us"] for one in side] for side in (mine, theirs)]
        name = f"journey: tick stamp to socket at 10,000 ticks/s, {share} us"
        yield compared(name, columns[0], RAW, columns[1], target)


def _times(server: Ours | Any, path: str, order: dict[str, Any]) -> dict[str, float]:
    with sockets(server.port, path, 1, TICKS, at_once=True) as client:
        server.tell(order)
        found: dict[str, float] = client.result()
        return found
