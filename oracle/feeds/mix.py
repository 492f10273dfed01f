"""Well mixed bits of a number: what the simulated market draws its chances from."""

from __future__ import annotations

import functools
import hashlib

__all__ = ["key_of", "mix", "unit"]


@functools.lru_cache(maxsize=1024)
def key_of(seed: int, *names: str) -> int:
    """The number that stands for something named of a market."""
    text = "\x1f".join((str(seed), *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mix(number: int) -> int:
    """64 well mixed bits (the finisher of splitmix64)."""
    x = (number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return x ^ x >> 31


def unit(number: int) -> float:
    """A number from 0 to 1, as good as drawn."""
    return (mix(number) >> 11) * 2.0**-53
