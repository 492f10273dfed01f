"""REST: answers per CPU second of the server, keep-alive, 32 connections, against peers that answer the same bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.delivery import compared
from bench.load import requests
from bench.servers import Ours, Peer, Server, ours, peer

CONNECTIONS = 32
RUN_S = 0.8  # of each server in each round
SYMBOLS = ["AAPL", "MSFT", "GOOGL", "AMZN", "TSLA", "SPY", "QQQ", "GLD", "TLT", "BTC-USD", "ETH-USD", "SOL-USD"]
PATHS = {
    "health": "/healthz",
    "metrics": "/metrics",
    "board": "/api/oracle/board?kind=watchdog",
    "snapshot": "/api/oracle/snapshot?topics=quote:*",
    "quote": "/api/oracle/quote?symbol=BTC-USD",
}
FASTAPI, QUART = "FastAPI on uvicorn", "stock Quart-Trio, jsonify"
TARGETS = {
    "health": (FASTAPI, ">= 0.4"), "metrics": (FASTAPI, ">= 0.4"), "board": (QUART, ">= 1.2"),
    "snapshot": (FASTAPI, ">= 0.4"), "quote": (FASTAPI, ">= 0.4"),
}  # fmt: skip


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """A row for each path; see the module."""
    with TemporaryDirectory(prefix="oracle-bench-") as folder, ours() as house:
        house.tell({"do": "quotes", "symbols": SYMBOLS})
        bodies = Path(folder, "bodies.json")
        bodies.write_text(json.dumps({name: house.get(path).decode() for name, path in PATHS.items()}))
        with peer("rest", "fastapi", bodies) as fastapi, peer("rest", "quart-trio", bodies) as quart:
            for name in PATHS:
                yield _row(name, house, {FASTAPI: fastapi, QUART: quart}, rounds)


def _row(name: str, house: Ours, peers: dict[str, Peer], rounds: int) -> dict[str, Any]:
    against, target = TARGETS[name]
    path = PATHS[name]
    mine, theirs = [], []
    for number in range(rounds + 1):
        found = _per_cpu_s(house, path), _per_cpu_s(peers[against], path)
        if number:  # the first warms up
            mine.append(found[0])
            theirs.append(found[1])
    return compared(f"REST: GET {path}, answers per CPU s", mine, against, theirs, target)


def _per_cpu_s(server: Server, path: str) -> float:
    spent = server.cpu_s()
    answers = requests(server.port, path, CONNECTIONS, RUN_S)
    return answers / (server.cpu_s() - spent)
