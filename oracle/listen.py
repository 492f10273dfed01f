"""An address to listen on: `HOST:PORT`, with `https://` before it for TLS, with `/SURFACE` behind it to pin one family's
paths to it."""

from __future__ import annotations

import ipaddress

import attrs

from oracle.border import register
from oracle.problems import Bad, closest, one_of

__all__ = ["SURFACES", "Listen"]

SURFACES = ("native", "fiml", "alpha_oracle", "flopy_net", "agent_bot", "mt5")
"""The families of routes an address can be pinned to. A pin decides where two families claim one path."""


@attrs.frozen
class Listen:
    """`host` is a name or an address without brackets, `port` 0 to 65535 (0: any free one), `surface` empty for all;
    `secure` where it speaks TLS."""

    host: str
    port: int
    surface: str = ""
    secure: bool = False

    @classmethod
    def parse(cls, text: object) -> Listen:
        """Read `[https://]HOST:PORT[/SURFACE]`; IPv6 hosts stand in brackets. Raises Bad."""
        scheme, marked, rest = text.rpartition("://") if isinstance(text, str) else ("", "", "")
        address, _, surface = rest.partition("/")
        host, _, port = address.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise Bad("listen_parsing", "an address is HOST:PORT or HOST:PORT/SURFACE, with a port from 0 to 65535")
        if marked and scheme not in ("http", "https"):
            raise Bad("listen_parsing", "an address begins with https:// or without a scheme")
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise Bad("listen_parsing", "an IPv6 address stands in brackets, like [::1]:8000")
        if surface and surface not in SURFACES:
            raise Bad("listen_parsing", f"a surface is {one_of(SURFACES)}", suggestion=closest(surface, SURFACES))
        return cls(host.strip("[]"), int(port), surface, scheme == "https")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return ("https://" if self.secure else "") + f"{host}:{self.port}" + (f"/{self.surface}" if self.surface else "")

    @property
    def loopback(self) -> bool:
        """True where only this machine can connect; a name that is not `localhost` counts as reachable from outside."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


register(Listen, Listen.parse, str)
