"""One thing a feed over HTTP asks for: what is known of it from the answers before, and when to ask again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from oracle.exchange import sendable

__all__ = ["LONGEST_WAIT_S", "MOST_ROWS", "Page"]

LONGEST_WAIT_S = 3_600.0
MOST_ROWS = 10_000  # of one answer that are read, and that are remembered

_VALIDATORS = {"if-none-match": "etag", "if-modified-since": "last-modified"}


@attrs.define(eq=False)
class Page:
    """`url` of `symbol`, empty where there is none. `conditions` are the headers by which the source says whether it has
    news, and `failures` how many requests in a row had no answer."""

    url: str
    symbol: str
    conditions: dict[str, str] = attrs.field(factory=dict)
    failures: int = 0
    _told: dict[tuple[str, bytes], None] = attrs.field(factory=dict, init=False)

    def answered(self, headers: Mapping[str, str]) -> None:
        """It was read; `headers` of the answer, by lower-case name, say what to ask with next."""
        self.failures = 0
        self.conditions = {ours: headers[theirs] for ours, theirs in _VALIDATORS.items()
                           if theirs in headers and sendable(ours, headers[theirs])}  # fmt: skip

    def failed(self, interval_s: float, asked_s: float, draw: float) -> float:
        """It was not read. Seconds to wait: half to the whole (by `draw`, 0 to 1) of an interval that doubles with each
        failure, an hour at most; and no less than the source asked for, up to that hour."""
        self.failures += 1
        self.conditions = {}  # which may be what it does not like
        whole_s = min(interval_s * 2.0 ** min(self.failures - 1, 20), LONGEST_WAIT_S)
        return max(whole_s * (0.5 + draw / 2), min(asked_s, LONGEST_WAIT_S))

    def is_news(self, message: Any) -> bool:
        """Whether it is not one of the newest 10,000 that were told: same topic, time and all. Those seen again count as new
        ones, so that whatever stays in the answer is remembered."""
        key = message.topic, msgspec.msgpack.encode(message)
        known = key in self._told
        if known:
            del self._told[key]
        elif len(self._told) >= MOST_ROWS:
            del self._told[next(iter(self._told))]
        self._told[key] = None
        return not known
