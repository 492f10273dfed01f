"""What came out of a backtest, as a notebook shows it: figures, rows, a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import attrs

from actors import Refused
from oracle.moments import time_us
from oracle.notebook.drawing import Drawing, Mark, Panel, drawn
from oracle.sdk.trade import Backtest

__all__ = ["BacktestCrashed", "Events", "Performance"]

SHOWN = 20  # rows in a notebook; all are in `rows`
FIGURES = ("total_return_pct", "annual_return_pct", "sharpe_ratio", "sortino_ratio", "max_drawdown_pct", "win_rate",
           "total_trades", "final_capital")  # fmt: skip
_CELL = "text-align:left;padding:2px 10px 2px 0"


class BacktestCrashed(RuntimeError):
    """What was tried crashed; its traceback is in the notes, and `result` has what it had found by then."""

    def __init__(self, what: str, result: Events) -> None:
        super().__init__(what)
        self.result = result


@attrs.frozen(repr=False)
class Events:
    """What a watchdog would have said, or when a rule would have fired: `rows` in order (`ts_us`: UTC microseconds), `summary`
    the counts, `prices` by symbol as (UTC microseconds, price) for the picture. Iterate it, or hand `rows` to a data frame."""

    what: str
    summary: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    prices: Mapping[str, Sequence[tuple[int, float]]] = attrs.field(factory=dict)
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, place: int) -> Mapping[str, Any]:
        return self.rows[place]

    def plot(self, *symbols: str) -> Drawing:
        """The prices with a mark at each event; of these symbols, or of all that were fetched. Raises Refused where one's prices
        were not."""
        for symbol in symbols:
            if symbol not in self.prices:
                why = f"there are no prices of {symbol!r} here, but of {', '.join(self.prices) or 'none'}"
                raise Refused(f"{why}; symbols=[{symbol!r}] fetches those that are stored", "not_found")
        chosen = symbols or tuple(self.prices)
        if not chosen:
            return drawn([Panel(f"{self.what}: events", (), self._marks(None))], self._sentence())
        apart = any(row["subject"] in self.prices for row in self.rows)  # a rule's are of the rule, and stand on every line
        panels = [Panel(f"{one}{self._mark()}", self.prices[one], self._marks(one if apart else None)) for one in chosen]
        return drawn(panels, self._sentence())

    def __repr__(self) -> str:
        lines = [self._sentence(), *(f"  {_time(row)}  {row['severity']:<8}  {row['summary']}" for row in self.rows[:SHOWN])]
        return "\n".join([*lines, f"  and {len(self) - SHOWN} more"] if len(self) > SHOWN else lines)

    def _repr_html_(self) -> str:
        rows = [(_time(row), row["severity"], row["kind"], row["summary"], "live too" if row.get("live") else "")
                for row in self.rows[:SHOWN]]  # fmt: skip
        more = f"<p>and {len(self) - SHOWN} more: <code>.rows</code></p>" if len(self) > SHOWN else ""
        table = _table(("time (UTC)", "severity", "kind", "what", ""), rows) if rows else ""
        return f"<p>{escape(self._sentence())}</p>{self.plot().svg}{table}{more}"

    def _marks(self, symbol: str | None) -> list[Mark]:
        return [Mark(row["ts_us"], row["summary"], row["severity"]) for row in self.rows if symbol in (None, row["subject"])]

    def _sentence(self) -> str:
        found = self.summary
        live = f"; live there were {found['live']}, both: {found['both']}" if found.get("live") else ""
        took = found.get("messages")
        of = f" in {sum(took.values()):,} messages" if isinstance(took, Mapping) else ""
        return f"{self.what}: {len(self):,} {'firings' if 'firings' in found else 'events'}{of}{live}{self._mark()}"

    def _mark(self) -> str:
        return " (simulated)" if self.simulated else ""


@attrs.frozen(repr=False)
class Performance:
    """What a strategy would have made: `figures` as the server says them, `equity` and `drawdown_pct` by day (UTC microseconds,
    USD and percent), `trades` as rows."""

    strategy: str
    figures: Mapping[str, Any]
    equity: Sequence[tuple[int, float]]
    drawdown_pct: Sequence[tuple[int, float]]
    trades: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, thing: Backtest) -> Performance:
        """As the server's answer has it."""
        figures = {name: value for name, value in thing.raw.items() if name not in ("equity_curve", "trades")}
        equity = [(time_us(str(point["date"]), ["date"]), float(point["equity"])) for point in thing.equity_curve]
        best, falls = float("-inf"), []
        for ts_us, value in equity:
            best = max(best, value)
            falls.append((ts_us, 100 * (value / best - 1) if best > 0 else 0.0))
        return cls(thing.strategy_name, figures, equity, falls, thing.trades)

    @property
    def simulated(self) -> bool:
        """Whether the bars were made up."""
        return bool((self.figures.get("metadata") or {}).get("simulated"))

    def plot(self) -> Drawing:
        """Equity and drawdown, one above the other."""
        mark = " (simulated)" if self.simulated else ""
        panels = [Panel(f"Equity, USD{mark}", self.equity), Panel("Drawdown, %", self.drawdown_pct, filled=True)]
        return drawn(panels, self._sentence())

    def __repr__(self) -> str:
        return "\n".join([self._sentence(), *(f"  {name:<20} {value}" for name, value in self._shown())])

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._sentence())}</p>{self.plot().svg}{_table(('figure', 'value'), list(self._shown()))}"

    def _shown(self) -> Iterator[tuple[str, str]]:
        for name in FIGURES:
            value = self.figures.get(name)
            yield name, "none" if value is None else f"{value:,.2f}" if isinstance(value, float) else str(value)

    def _sentence(self) -> str:
        figures = self.figures
        mark = ", simulated bars" if self.simulated else ""
        span = f"{figures.get('start_date')} to {figures.get('end_date')}"
        return f"{self.strategy}, {span}: {figures.get('total_return_pct', 0.0):+.2f} %{mark}"


def _time(row: Mapping[str, Any]) -> str:
    return str(row.get("ts", ""))[:19].replace("T", " ")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f'<td style="{_CELL}">{escape(one)}</td>' for one in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
