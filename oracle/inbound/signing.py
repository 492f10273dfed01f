"""The parts that signatures of all providers have in common. Nothing here says how far a wrong one was right."""

from __future__ import annotations

import hashlib
import hmac

from actors import Refused

__all__ = ["FRESH_S", "check", "fresh", "hex_of", "unauthorized"]

FRESH_S = 300
"""A signed time may be this far from ours; Slack and Standard Webhooks both say five minutes."""


def hex_of(secret: str, *signed: bytes) -> str:
    """HMAC-SHA256 of the parts, one after the other, as 64 hex digits."""
    return hmac.new(secret.encode(), b"".join(signed), hashlib.sha256).hexdigest()


def check(given: str, *expected: str) -> None:
    """Raises Refused `unauthorized` unless the signature is one of those expected; how alike they are takes no time to tell."""
    if not given:
        raise unauthorized("the delivery is not signed")
    if not any(hmac.compare_digest(given.encode(), one.encode()) for one in expected):
        raise unauthorized("the signature does not fit the body")


def fresh(seconds: str, now_us: int) -> None:
    """Raises Refused `unauthorized` unless the signed time, in Unix seconds, is within five minutes of ours."""
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12):
        raise unauthorized("the delivery has no signed time")
    if abs(int(seconds) - now_us / 1e6) > FRESH_S:
        raise unauthorized("the delivery was signed more than five minutes from now")


def unauthorized(why: str) -> Refused:
    """The "no" to who did not prove who it is."""
    return Refused(why, "unauthorized")
