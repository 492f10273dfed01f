"""Outbound HTTP engines by name. An engine is loaded when it is chosen: `asks` is an extra."""

from __future__ import annotations

from importlib import import_module

from oracle.exchange import Engine

__all__ = ["ENGINES", "engine"]

ENGINES = {"httpx": "oracle.engines.httpx:Httpx", "asks": "oracle.engines.asks:Asks"}


def engine(name: str) -> Engine:
    """A new engine of that name. Raises ValueError for an unknown one or one whose package is not installed."""
    if name not in ENGINES:
        raise ValueError(f"http.engine {name!r} is not one of {', '.join(ENGINES)}")
    module, _, attribute = ENGINES[name].partition(":")
    try:
        made: Engine = getattr(import_module(module), attribute)()
    except ModuleNotFoundError as error:
        raise ValueError(f"http.engine {name!r} needs the extra: pip install 'oracle-runtime[{name}]'") from error
    return made
