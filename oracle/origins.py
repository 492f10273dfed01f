"""What settings may say of headers that browsers send: names for Host, origins for Origin. Both are compared whole, so an
entry that no browser ever sends is refused, with the spelling it does send where that is plain."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable
from typing import Any

from oracle.exchange import DEFAULT_PORT
from oracle.problems import Bad

__all__ = ["are_hosts", "are_origins"]

_HOST = re.compile(r"\[[0-9a-f:.]+\]|[^\s:@/\[\]*?#,]*[^\s:@/\[\]*?#,.]", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def are_hosts(_: Any, __: Any, names: Iterable[str]) -> None:
    """A validator: each is a name or an address without a port. Raises Bad."""
    for name in names:
        if not _HOST.fullmatch(name):
            why = f"{name!r} is no name of a host, such as oracle.lan; wildcards and ports are not understood"
            raise Bad("host_parsing", why, suggestion=_host_meant(name))


def are_origins(_: Any, __: Any, origins: Iterable[str]) -> None:
    """A validator: each is a scheme, a host, and a port unless it is the scheme's own. Raises Bad."""
    for origin in origins:
        meant = _origin_meant(origin)
        if not meant or meant != origin:
            why = f"{_shown(origin)!r} is no origin, such as http://localhost:3000; wildcards and paths are not understood"
            raise Bad("origin_parsing", why, suggestion=meant, secret="@" in origin)


def _host_meant(name: str) -> str:
    bare = re.sub(r"^\w+://", "", name).partition("/")[0].rstrip(".")
    if bare.count(":") > 1 and not bare.startswith("["):
        return f"[{bare}]"
    bare = re.sub(r":\d*$", "", bare)
    return bare if _HOST.fullmatch(bare) else ""


def _origin_meant(origin: str) -> str:
    """The origin as browsers spell it; empty where it is none."""
    try:
        parts = urllib.parse.urlsplit(origin.strip())
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return ""
    host = f"[{host}]" if ":" in host else host
    if not _SCHEME.fullmatch(scheme) or not _HOST.fullmatch(host) or parts.username is not None:
        return ""
    return f"{scheme}://{host}" + (f":{port}" if port is not None and port != DEFAULT_PORT.get(scheme) else "")


def _shown(origin: str) -> str:
    return re.sub(r"(?<=://).*@", "****@", origin)
