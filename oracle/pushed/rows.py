"""The schemas of pushed rows, and the messages they become. Pure: the present is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs
from attrs.validators import ge, lt

from oracle.border import structure
from oracle.facts import VIX, Earnings, InsiderTrade, Transfer, fact_event
from oracle.model import Bar, Quote, Sample, Trade
from oracle.moments import time_us
from oracle.problems import Bad, Invalid, Problem, closest
from oracle.symbols import is_symbol

__all__ = ["KINDS", "MOST_ROWS", "SPELLED", "message_of", "messages_of"]

MOST_ROWS = 1_000  # at once
AHEAD_US = 86_400_000_000  # no row is of a later time than this from now
LEAST, MOST = 1e-18, 1e18  # of prices and sizes: what is made of two of them is a number too
_SOURCE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SUBJECT = re.compile(r"[^\s*:][^\s*]{0,127}")
_INTERVAL = re.compile(r"[1-9]\d{0,5}[smhdw]")


def _symbol(_: object, __: object, text: str) -> None:
    if not is_symbol(text):
        raise Bad("value_error", "a symbol is BASE-QUOTE as BTC-USD, or plain as AAPL, in upper case")


def _positive(_: object, __: object, number: float) -> None:
    if not LEAST <= number <= MOST:
        raise Bad("greater_than", "it has to be a number above 0, from 1e-18 to 1e18")


def _finite(_: object, __: object, number: float | None) -> None:
    if number is not None and not -(MOST**2) <= number <= MOST**2:  # false for NaN too
        raise Bad("finite_number", "it has to be a finite number, from -1e36 to 1e36")


def _like(pattern: re.Pattern[str], what: str) -> Callable[[object, object, str], None]:
    def check(_: object, __: object, text: str) -> None:
        if not pattern.fullmatch(text):
            raise Bad("string_pattern_mismatch", what)

    return check


_name = _like(_NAME, "a name has 1 to 64 letters, digits and any of _ . -")
_subject = _like(_SUBJECT, "a subject has 1 to 128 characters, no space and no star, and does not begin with a colon")
_interval = _like(_INTERVAL, "an interval is a number of s, m, h, d or w, as 1m")
_text = attrs.validators.max_len(200)


@attrs.frozen(kw_only=True)
class QuoteRow:
    """Best bid and ask; the bid is not above the ask."""

    symbol: str = attrs.field(validator=_symbol)
    bid: float = attrs.field(validator=_positive)
    ask: float = attrs.field(validator=_positive)
    bid_size: float = attrs.field(default=0.0, validator=[ge(0), _finite])
    ask_size: float = attrs.field(default=0.0, validator=[ge(0), _finite])

    @ask.validator
    def _not_crossed(self, _: object, ask: float) -> None:
        if getattr(self, "bid", ask) > ask:  # one that is wrong itself is not there
            raise Bad("value_error", "the ask is below the bid")

    def message(self, ts_us: int, source: str) -> Quote:
        """What is published."""
        return Quote(self.symbol, self.bid, self.bid_size, self.ask, self.ask_size, ts_us, source)


@attrs.frozen(kw_only=True)
class TradeRow:
    """One execution; `side` is the taker's."""

    symbol: str = attrs.field(validator=_symbol)
    price: float = attrs.field(validator=_positive)
    size: float = attrs.field(validator=_positive)
    side: Literal["buy", "sell", ""] = ""
    trade_id: str = attrs.field(default="", validator=_text)

    def message(self, ts_us: int, source: str) -> Trade:
        """What is published."""
        return Trade(self.symbol, self.price, self.size, self.side, self.trade_id, ts_us, source)


@attrs.frozen(kw_only=True)
class BarRow:
    """Open, high, low, close and volume of an interval from `ts` on."""

    symbol: str = attrs.field(validator=_symbol)
    interval: str = attrs.field(validator=_interval)
    open: float = attrs.field(validator=_positive)
    high: float = attrs.field(validator=_positive)
    low: float = attrs.field(validator=_positive)
    close: float = attrs.field(validator=_positive)
    volume: float = attrs.field(default=0.0, validator=[ge(0), _finite])
    trades: int = attrs.field(default=0, validator=[ge(0), lt(2**63)])
    closed: bool = True

    @low.validator
    def _lowest(self, _: object, low: float) -> None:
        if low > min(getattr(self, name, low) for name in ("open", "high", "close")):
            raise Bad("value_error", "low is the lowest of the four prices")

    @high.validator
    def _highest(self, _: object, high: float) -> None:
        if high < max(getattr(self, name, high) for name in ("open", "close")):
            raise Bad("value_error", "high is the highest of the four prices")

    def message(self, ts_us: int, source: str) -> Bar:
        """What is published."""
        return Bar(self.symbol, self.interval, self.open, self.high, self.low, self.close, self.volume, self.trades, self.closed,
                   ts_us, source)  # fmt: skip


@attrs.frozen(kw_only=True)
class SampleRow:
    """A number about something."""

    name: str = attrs.field(validator=_name)
    subject: str = attrs.field(validator=_subject)
    value: float = attrs.field(validator=_finite)
    unit: str = attrs.field(default="", validator=_text)

    def message(self, ts_us: int, source: str) -> Sample:
        """What is published."""
        return Sample(self.name, self.subject, self.value, self.unit, ts_us, source)


@attrs.frozen(kw_only=True)
class TransferRow:
    """Coins moved on a chain (`from` and `to` are called `sender` and `receiver` too)."""

    symbol: str = attrs.field(validator=_symbol)
    sender: str = attrs.field(validator=_text)
    receiver: str = attrs.field(validator=_text)
    amount: float = attrs.field(validator=_positive)
    usd_value: float = attrs.field(validator=_positive)
    tx_hash: str = attrs.field(validator=_text)

    def message(self, ts_us: int, source: str) -> Any:
        """What is published."""
        fact = Transfer(self.sender, self.receiver, self.amount, self.usd_value, self.tx_hash)
        return fact_event(fact, self.symbol, source, ts_us, f"{self.amount:,g} {self.symbol} moved", self.tx_hash)


@attrs.frozen(kw_only=True)
class EarningsRow:
    """A company reported; earnings are per share, all in USD."""

    symbol: str = attrs.field(validator=_symbol)
    report_date: str = attrs.field(validator=_text)
    actual_eps: float = attrs.field(validator=_finite)
    estimated_eps: float = attrs.field(validator=_finite)
    revenue: float | None = attrs.field(default=None, validator=_finite)
    revenue_estimate: float | None = attrs.field(default=None, validator=_finite)

    def message(self, ts_us: int, source: str) -> Any:
        """What is published."""
        fact = Earnings(self.report_date, self.actual_eps, self.estimated_eps, self.revenue, self.revenue_estimate)
        summary = f"{self.symbol} reported {self.actual_eps:g} USD a share"
        return fact_event(fact, self.symbol, source, ts_us, summary, self.report_date)


@attrs.frozen(kw_only=True)
class FundamentalRow:
    """A number of a company: `name` says which, as pe_ratio."""

    symbol: str = attrs.field(validator=_symbol)
    name: str = attrs.field(validator=_name)
    value: float = attrs.field(validator=_finite)
    unit: str = attrs.field(default="", validator=_text)

    def message(self, ts_us: int, source: str) -> Sample:
        """What is published."""
        return Sample(f"fundamental_{self.name}", self.symbol, self.value, self.unit, ts_us, source)


@attrs.frozen(kw_only=True)
class InsiderRow:
    """An insider traded shares of the own company."""

    symbol: str = attrs.field(validator=_symbol)
    insider: str = attrs.field(validator=_text)
    side: Literal["buy", "sell"]
    shares: float = attrs.field(validator=_positive)
    price: float = attrs.field(validator=[ge(0), _finite])
    traded_on: str = attrs.field(validator=_text)
    role: str = attrs.field(default="", validator=_text)

    def message(self, ts_us: int, source: str) -> Any:
        """What is published."""
        fact = InsiderTrade(self.insider, self.side, self.shares, self.price, self.traded_on, self.role)
        summary = f"{self.insider} {'bought' if self.side == 'buy' else 'sold'} {self.shares:,g} {self.symbol}"
        return fact_event(fact, self.symbol, source, ts_us, summary, self.insider, self.traded_on, self.shares)


@attrs.frozen(kw_only=True)
class VixRow:
    """The volatility index."""

    value: float = attrs.field(validator=_positive)

    def message(self, ts_us: int, source: str) -> Sample:
        """What is published."""
        return Sample(VIX, "VIX", self.value, "points", ts_us, source)


KINDS: dict[str, type] = {
    "quote": QuoteRow, "trade": TradeRow, "bar": BarRow, "sample": SampleRow, "transfer": TransferRow, "earnings": EarningsRow,
    "fundamental": FundamentalRow, "insider": InsiderRow, "vix": VixRow,
}  # fmt: skip
"""The schema of each kind; every row also has `kind`, and may have `ts` (ISO 8601 or UTC microseconds) and `source`."""

SPELLED = {"from": "sender", "to": "receiver"}
"""Fields of a transfer that are Python's words otherwise."""


def messages_of(body: Any, now_us: int) -> list[Any]:
    """The messages of a row, of `{"rows": [...], "source"?}`, or of a list of rows. Raises Invalid with every problem."""
    rows, source, where = _rows_of(body)
    if not 1 <= len(rows) <= MOST_ROWS:
        which = "too_long" if rows else "too_short"
        raise Invalid([Problem(where, which, f"1 to {MOST_ROWS:,} rows are taken at once", len(rows))])
    messages, problems = [], []
    for place, row in enumerate(rows):
        try:
            messages.append(_message(row, source, now_us, (*where, str(place)) if where != ("body",) else where))
        except Invalid as invalid:
            problems += invalid.problems
    if problems:
        raise Invalid(problems)
    return messages


def _rows_of(body: Any) -> tuple[Sequence[Any], str, tuple[str, ...]]:
    """The rows, the source of those that name none, and where they are in the body."""
    if isinstance(body, list):
        return body, "push", ("body", "rows")
    if isinstance(body, dict) and "rows" in body:
        extra = sorted(body.keys() - {"rows", "source"})
        if extra:
            raise Invalid([Problem(("body", extra[0]), "extra_forbidden", "beside rows there is only source", body[extra[0]])])
        if not isinstance(body["rows"], list):
            raise Invalid([Problem(("body", "rows"), "list_type", "Input should be a list of rows", body["rows"])])
        return body["rows"], _source(body.get("source", "push"), ("body",)), ("body", "rows")
    return [body], "push", ("body",)


def _message(row: Any, source: str, now_us: int, where: tuple[str, ...]) -> Any:
    if not isinstance(row, Mapping):
        raise Invalid([Problem(where, "dict_type", "a row is an object", row)])
    fields = dict(row)
    return message_of(fields, f"push:{_source(fields.pop('source', source), where)}", now_us, where)


def _source(source: Any, where: tuple[str, ...]) -> str:
    if not (isinstance(source, str) and _SOURCE.fullmatch(source)):
        why = "a source has 1 to 64 letters, digits and any of _ . -"
        raise Invalid([Problem((*where, "source"), "string_pattern_mismatch", why, source)])
    return source


def message_of(row: Mapping[str, Any], source: str, now_us: int, where: tuple[str, ...]) -> Any:
    """The message of one row, which stands at `where`, said by `source`. Raises Invalid."""
    fields = dict(row)
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        kinds = ", ".join(KINDS)
        said = "missing" if kind is None else "literal_error"
        raise Invalid([Problem((*where, "kind"), said, f"a row's kind is one of {kinds}", kind, closest(str(kind), KINDS))])
    ts = fields.pop("ts", None)
    ts_us = now_us if ts is None else time_us(_written(ts), (*where, "ts"))
    if ts_us > now_us + AHEAD_US:
        raise Invalid([Problem((*where, "ts"), "value_error", "it is more than a day ahead of now", ts)])
    if kind == "transfer":
        for name, ours in SPELLED.items():
            if name in fields and ours in fields:
                raise Invalid([Problem((*where, ours), "extra_forbidden", f"it is {name!r} too; give one of both", fields[ours])])
        fields = {SPELLED.get(name, name): value for name, value in fields.items()}
    try:
        return structure(KINDS[kind], fields, path=where).message(ts_us, source)
    except Bad as bad:
        raise Invalid([bad.at(where, row)]) from None


def _written(ts: Any) -> str:
    try:
        return str(ts)
    except ValueError:  # an integer of more than 4,300 digits
        return ""
