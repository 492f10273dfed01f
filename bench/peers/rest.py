"""The peers of bench.rest: `python -m bench.peers.rest KIND FILE PORT`, in the peers' environment. FILE holds a JSON object
with what ours answered, by path; a peer answers with the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio
import uvicorn
from fastapi import FastAPI, Response
from hypercorn.config import Config
from hypercorn.trio import serve
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families
from quart import Response as QuartResponse
from quart import jsonify
from quart_trio import QuartTrio

PLENTY = 10**9  # requests on one connection; the client would have to come back after each thousand


def run_fastapi(bodies: dict[str, str], port: int) -> None:
    """FastAPI on uvicorn: the values are declared, so that it serializes them the fast way."""
    app = FastAPI()
    health, snapshot, quote = (json.loads(bodies.get(path, "{}")) for path in ("health", "snapshot", "quote"))
    registry = _registry(bodies["metrics"])

    @app.get("/healthz")
    async def read_health() -> dict[str, Any]:
        return health

    @app.get("/metrics")
    async def read_metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/api/oracle/snapshot")
    async def read_snapshot(topics: str) -> dict[str, Any]:
        return snapshot

    @app.get("/api/oracle/quote")
    async def read_quote(symbol: str) -> dict[str, Any]:
        return quote

    uvicorn.run(app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", log_level="error")


def run_quart(bodies: dict[str, str], port: int) -> None:
    """Quart-Trio on Hypercorn as both are."""
    app = QuartTrio(__name__)
    board = json.loads(bodies["board"])

    @app.get("/api/oracle/board")
    async def read_board() -> QuartResponse:
        return jsonify(board)

    config = Config()
    config.bind, config.backlog, config.keep_alive_max_requests = [f"127.0.0.1:{port}"], 1024, PLENTY
    trio.run(serve, app, config)  # type: ignore[arg-type]


def _registry(text: str) -> CollectorRegistry:
    """As many samples with the same labels, kept in gauges."""
    registry = CollectorRegistry()
    for family in text_string_to_metric_families(text):
        gauges: dict[tuple[str, ...], Gauge] = {}
        for sample in family.samples:
            labels = tuple(sample.labels)
            gauge = gauges.get(labels)
            if gauge is None:
                gauge = gauges[labels] = Gauge(family.name, family.documentation, labels, registry=registry)
            (gauge.labels(*sample.labels.values()) if labels else gauge).set(sample.value)
    return registry


KINDS: dict[str, Callable[[dict[str, str], int], None]] = {"fastapi": run_fastapi, "quart-trio": run_quart}

if __name__ == "__main__":
    KINDS[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3]))
