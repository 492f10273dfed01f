"""Pages of rows and the opaque cursors between them; filters as SQL."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import msgspec

from actors import Refused

__all__ = ["MAX_LIMIT", "Filter", "Page", "checked_limit", "decode_cursor", "encode_cursor"]

MAX_LIMIT = 10_000  # rows of one page

One = str | Iterable[str] | None


@attrs.frozen
class Page:
    """Some rows, and the cursor that asks for the rest; None at the end."""

    items: list[dict[str, Any]]
    next: str | None


def checked_limit(limit: int) -> int:
    """The limit itself. Raises Refused (`invalid`) outside 1..10,000."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Refused(f"limit {limit} is not within 1 to {MAX_LIMIT}", "invalid", {"limit": limit})
    return limit


def encode_cursor(*key: int) -> str:
    """An opaque text for the place after the row with this key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(text: str, length: int) -> tuple[int, ...]:
    """The key of `encode_cursor`. Raises Refused (`invalid`) on anything else."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(raw, type=tuple[int, ...])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Refused("the cursor is none of ours", "invalid", {"cursor": text[:64]}) from error
    if len(key) != length or any(abs(part) >= 2**63 for part in key):
        raise Refused("the cursor belongs to another list", "invalid", {"cursor": text[:64]})
    return key


class Filter:
    """Conditions joined by AND, and their parameters. None adds nothing."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.parameters: list[Any] = []

    def one_of(self, column: str, wanted: One) -> Filter:
        """`column` is `wanted`, or one of several; an empty choice is no condition."""
        values = [wanted] if isinstance(wanted, str) else list(wanted or ())
        if values:
            self._add(f"{column} IN ({', '.join('?' * len(values))})", *map(str, values))
        return self

    def begins(self, column: str, prefix: str) -> Filter:
        """`column` begins with this text; an empty one is no condition."""
        if prefix:
            self._add(f"starts_with({column}, ?)", prefix)
        return self

    def says(self, column: str, words: str) -> Filter:
        """`column` has this piece of text in it, whatever the case; an empty one is no condition."""
        if words:
            self._add(f"contains(lower({column}), ?)", words.lower())
        return self

    def starts(self, columns: Iterable[str], prefix: str) -> Filter:
        """One of the columns begins with this text, whatever the case; an empty one is no condition."""
        if prefix:
            names = list(columns)
            self._add(" OR ".join(f"starts_with(lower({name}), ?)" for name in names), *[prefix.lower()] * len(names))
        return self

    def not_past(self, kinds: Iterable[str], oldest_us: Mapping[str, int]) -> Filter:
        """Of runs of these kinds (none: of all) those that were over at `oldest_us[kind]` or later; "" is of the other kinds."""
        asked, rest = list(kinds), oldest_us[""]
        if len(asked) == 1:
            return self.between("finished_us", oldest_us.get(asked[0], rest), None)
        of_kind = "".join(f"WHEN '{kind}' THEN {since_us:d} " for kind, since_us in oldest_us.items() if kind)
        self._add(f"finished_us >= CASE kind {of_kind}ELSE {rest:d} END")
        return self

    def equal(self, column: str, value: int) -> Filter:
        """`column` is this number."""
        self._add(f"{column} = ?", value)
        return self

    def beyond(self, column: str, value: int) -> Filter:
        """`column` is greater than this number."""
        self._add(f"{column} > ?", value)
        return self

    def between(self, column: str, from_us: int | None, to_us: int | None) -> Filter:
        """`from_us <= column < to_us`."""
        if from_us is not None:
            self._add(f"{column} >= ?", from_us)
        if to_us is not None:
            self._add(f"{column} < ?", to_us)
        return self

    def after(self, cursor: str | None, newest_first: bool) -> Filter:
        """Beyond the row (`ts_us`, `seq`) of the cursor in the order of the page. Raises Refused."""
        if cursor is not None:
            ts_us, seq = decode_cursor(cursor, 2)
            sign = "<" if newest_first else ">"
            # the plain bound on ts_us lets whole blocks be skipped, the second half only breaks ties
            self._add(f"ts_us {sign}= ? AND (ts_us <> ? OR seq {sign} ?)", ts_us, ts_us, seq)
        return self

    @property
    def sql(self) -> str:
        """The conditions, TRUE where there are none."""
        return " AND ".join(self._conditions) or "TRUE"

    def _add(self, condition: str, *values: Any) -> None:
        self._conditions.append(f"({condition})")
        self.parameters += values
