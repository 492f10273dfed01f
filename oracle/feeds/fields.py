"""What settings of feeds have in common: what may be said in them."""

from __future__ import annotations

import urllib.parse
from typing import Any

import attrs

from oracle.problems import Bad
from oracle.symbols import is_symbol, split_pair

__all__ = ["BPS", "FRAME_BYTES", "PAIRS", "REST_URL", "SECONDS", "URL", "check_http_url"]


def _are_pairs(_: object, field: attrs.Attribute[Any], symbols: tuple[str, ...]) -> None:
    for symbol in symbols:
        if not is_symbol(symbol) or "-" not in symbol:
            meant = symbol.upper() if "-" in symbol else split_pair(symbol.upper()) or ""
            raise Bad("value_error", f"{symbol!r} is not a pair such as BTC-USDT", suggestion=meant)


def _is_websocket_url(_: object, field: attrs.Attribute[Any], url: str) -> None:
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise Bad("url_parsing", "a feed's URL has no user name or password in it: its streams are public", secret=True)
    try:
        parts = urllib.parse.urlsplit(url)
        sound = parts.scheme in {"ws", "wss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise Bad("url_parsing", "Input should be a WebSocket URL: ws://host:port or wss://host:port")


def _is_rest_url(_: object, field: attrs.Attribute[Any], url: str) -> None:
    if url and not (url.startswith(("http://", "https://")) and urllib.parse.urlsplit(url).hostname and not url.endswith("/")):
        raise Bad("url_parsing", "Input should be an HTTP URL without a slash at its end, or empty")


def check_http_url(url: str) -> None:
    """Raises Bad."""
    try:
        parts = urllib.parse.urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise Bad("url_parsing", "Input should be an HTTP URL: http://host or https://host")
    if parts.username is not None:
        raise Bad("url_parsing", "a URL has no user name or password in it; they are sent in a header", secret=True)


URL = _is_websocket_url
REST_URL = _is_rest_url
BPS: list[Any] = [attrs.validators.gt(0.0), attrs.validators.le(5000.0)]
PAIRS: list[Any] = [attrs.validators.min_len(1), _are_pairs]
SECONDS: list[Any] = [attrs.validators.ge(0.1), attrs.validators.le(86_400.0)]
FRAME_BYTES: list[Any] = [attrs.validators.ge(1024), attrs.validators.le(67_108_864)]
