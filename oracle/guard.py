"""Which addresses outbound requests may reach: public ones, and those the settings name.

The answer is an address, not a yes: whoever asks connects to exactly that, so a name that resolves differently a
moment later (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

import attrs
import trio

from oracle.exchange import HttpFailed, Target

__all__ = ["Guard"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Translators put an IPv4 address in the low 32 bits of these: a private one stays private.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Guard:
    """Refuses addresses that are not global unless `allow` names the host, `host:port`, the address or its network."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        """Raises ValueError, naming the entry, for one that is neither a host, host:port, address nor CIDR."""
        entries = [_Entry.parse(text) for text in allow]
        self._networks = [entry.network for entry in entries if entry.network is not None]
        self._hosts = {(entry.host, entry.port) for entry in entries if entry.network is None}

    async def addresses(self, target: Target) -> list[str]:
        """The permitted addresses of the target's host, resolved once, in the resolver's order, at least one.

        Raises HttpFailed: network when the name is unknown, refused when no address is permitted.
        """
        found = await _resolve(target)
        permitted = [str(address) for address in found if self.permits(target, address)]
        if not permitted:
            raise HttpFailed("refused", _refusal(target, found[0]))
        return permitted

    def refusal(self, target: Target) -> str | None:
        """Why a host that is an address, or this machine, may not be reached, known without asking anybody; None where it may, or
        its name has to be looked up first."""
        hosts = ("127.0.0.1", "::1") if target.host == "localhost" else (target.host,)
        try:
            addresses = [ipaddress.ip_address(host) for host in hosts]
        except ValueError:
            return None
        return None if any(self.permits(target, one) for one in addresses) else _refusal(target, addresses[0])

    def permits(self, target: Target, address: _Address) -> bool:
        """Whether `address`, as that of the target's host, may be connected to."""
        if (target.host, None) in self._hosts or (target.host, target.port) in self._hosts:
            return True
        seen = _embedded(address)
        return _public(seen) or any(one in network for network in self._networks for one in (address, seen))


@attrs.frozen
class _Entry:
    host: str
    port: int | None
    network: _Network | None

    @classmethod
    def parse(cls, text: str) -> _Entry:
        try:
            return cls("", None, ipaddress.ip_network(text.strip("[]"), strict=False))
        except ValueError:
            pass
        try:
            target = Target.parse(f"http://{text}")
        except HttpFailed as error:
            raise ValueError(f"{text!r} is not a host, host:port, address or network: {error.message}") from error
        if target.path != "/":
            raise ValueError(f"{text!r} is not a host, host:port, address or network: it has a path")
        # Port 80 given and none given parse alike; the text tells which it was.
        return cls(target.host, target.port if text.rpartition("]")[2].count(":") else None, None)


def _refusal(target: Target, address: _Address) -> str:
    return f"{target.host} is at a private or reserved address ({address}); add it to http.allow to permit it"


async def _resolve(target: Target) -> list[_Address]:
    try:
        return [ipaddress.ip_address(target.host)]
    except ValueError:
        pass
    try:
        rows = await trio.socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HttpFailed("network", f"{target.host} can't be resolved") from error
    return list(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in rows))


def _embedded(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _public(address: _Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
