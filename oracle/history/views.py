"""What a question in SQL can see of the history: views with plain names, instants as TIMESTAMP WITH TIME ZONE (UTC), and each
thing once, however often it was stored.

Secrets are in none of them: what rules, webhooks and settings hold is left out, and so are the receipts of commands.
`ts_us` is the same instant as `ts` in microseconds since 1970; whole blocks of a table are passed over where it is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from oracle.history.bars import PUSHED, TRADES, VENUE, parts_of_trades, rolled_until
from oracle.history.queries import ATTEMPTS, DELIVERIES, EVENTS
from oracle.history.search import HIDDEN

__all__ = ["HOME", "VIEWS", "Field", "View", "create"]

TEXT, REAL, INT, FLAG, TIME = "VARCHAR", "DOUBLE", "BIGINT", "BOOLEAN", "TIMESTAMP WITH TIME ZONE"
HOME = "history.main"
"""The history's own tables, as they are called from elsewhere."""

Tables = Callable[[str], Sequence[str]]
"""The monthly tables of a kind."""


@attrs.frozen
class Field:
    """A column: its SQL type, what it means and in which unit, and how it is made of what is stored."""

    name: str
    type: str
    about: str
    sql: str


@attrs.frozen
class View:
    """What it tells, its columns, and of what it is made, `rows`: a kind of monthly tables, or SQL. `aged`: kept as long as
    `history.keep_days` says of this kind."""

    about: str
    fields: tuple[Field, ...]
    rows: str | Callable[[Any, Tables], str]
    aged: str = ""


def create(at: Any, name: str, tables: Tables) -> None:
    """Make the view for a cursor, for as long as that is there; in a transaction, whose rows it shows."""
    view = VIEWS[name]
    rows = _months(tables(view.rows)) if isinstance(view.rows, str) else view.rows(at, tables)
    columns = ", ".join(f'CAST({field.sql if rows else "NULL"} AS {field.type}) AS "{field.name}"' for field in view.fields)
    at.execute(f"CREATE TEMP VIEW {name} AS SELECT {columns}" + (f" FROM ({rows})" if rows else " WHERE FALSE"))


def _months(names: Sequence[str]) -> str:
    return " UNION ALL ".join(f"SELECT * FROM {HOME}.{name}" for name in names)


def _of(sql: str) -> Callable[[Any, Tables], str]:
    return lambda _, __: _at_home(sql)


def _at_home(sql: str) -> str:
    """With the tables' names in full, as they are called from another place."""
    for name in ("event", "attempt", "delivery", "message", "state", "run", "epochs", "gap"):
        sql = sql.replace(f"FROM {name} ", f"FROM {HOME}.{name} ").replace(f"FROM {name})", f"FROM {HOME}.{name})")
    return sql


def _word(column: str) -> str:
    """The text of a number; `words` is set by who asks. It costs nothing where the column is not asked for."""
    return f"getvariable('words')[{column} + 1]"


def _time(name: str, about: str, column: str = "") -> Field:
    column = column or f"{name}_us"
    return Field(name, TIME, about, f"make_timestamptz({column})")


def _plain(type_: str, **abouts: str) -> tuple[Field, ...]:
    return tuple(Field(name, type_, about, f'"{name}"') for name, about in abouts.items())


def _json(type_: str, place: str = "data", **abouts: str) -> tuple[Field, ...]:
    return tuple(Field(name, type_, about, f"json_extract_string({place}, '$.{name}')") for name, about in abouts.items())


_TS = (_time("ts", "when it happened, as the source says"), Field("ts_us", INT, "the same in microseconds since 1970", "ts_us"))
_SYMBOL = _plain(TEXT, symbol="such as BTC-USD or AAPL")
_SOURCE = (
    Field("source", TEXT, "who says so", _word("source")),
    Field("simulated", FLAG, "whether the source is a simulated one", f"split_part({_word('source')}, ':', 1) = 'simulated'"),
)
_PARTS = "symbol, interval_s, ts_us, origin, source, open, high, low, close, volume, trades"


def _bars(at: Any, tables: Tables) -> str:
    """One bar for each symbol, interval and minute or day: of a feed before a pushed one, of the best origin, as `Queries.bars`
    has it; those of trades are added up from their parts, and the newest are not yet among the stored ones."""
    since = rolled_until(at)
    ready = f"SELECT {_PARTS} FROM {HOME}.bars WHERE origin <> {TRADES}"
    parts = f"SELECT {_PARTS}, seq FROM {HOME}.bars WHERE origin = {TRADES}"
    if trades := [f"{HOME}.{name}" for name in tables("trade")]:
        parts += (f" UNION ALL SELECT symbol, 60, ts_us, {TRADES}, source, open, high, low, close, volume, trades, seq "
                  f"FROM ({parts_of_trades(trades, f'seq > {since}')})")  # fmt: skip
    for name in tables("bar"):
        ready += (f" UNION ALL SELECT symbol, CASE interval WHEN '1m' THEN 60 ELSE 86400 END, ts_us, {VENUE}, source, "
                  "arg_max(open, seq), arg_max(high, seq), arg_max(low, seq), arg_max(close, seq), arg_max(volume, seq), "
                  f"arg_max(trades, seq) FROM {HOME}.{name} WHERE closed AND interval IN ('1m', '1d') AND seq > {since} "
                  "GROUP BY symbol, interval, ts_us, source")  # fmt: skip
    added = (
        "SELECT symbol, interval_s, ts_us, origin, source, arg_min(open, seq) AS open, max(high) AS high, min(low) AS low, "
        "arg_max(close, seq) AS close, sum(volume) AS volume, sum(trades)::BIGINT AS trades "
        f"FROM ({parts}) GROUP BY symbol, interval_s, ts_us, origin, source"
    )
    later = f"CASE WHEN split_part({_word('source')}, ':', 1) = 'push' THEN {PUSHED} ELSE 0 END"
    return (
        f"SELECT * FROM ({ready} UNION ALL {added}) QUALIFY row_number() OVER "
        f"(PARTITION BY symbol, interval_s, ts_us ORDER BY origin + {later}, source) = 1"
    )


# What the desk tells is committed before it is published, and is all among the rows without an offset.
_DESK = (
    "SELECT * FROM event WHERE source = 'desk' AND \"offset\" IS NULL AND {wanted} AND id NOT IN "
    "(SELECT json_extract_string(data, '$.event_id') FROM event WHERE kind = 'command_undone' AND source = 'desk') "
    "QUALIFY row_number() OVER (PARTITION BY {once} ORDER BY seq DESC) = 1"
)
_ORDERS = _DESK.format(
    wanted="kind IN ('order_pending_approval', 'order_submitted', 'order_partially_filled', 'order_filled', 'order_cancelled', "
    "'order_rejected', 'order_expired')", once="json_extract_string(data, '$.id')",
)  # fmt: skip
_STATES = (
    "SELECT * FROM state WHERE split_part(ref, ':', 1) NOT IN ('rule', 'webhook', 'settings', 'conversation') "
    "AND value IS NOT NULL QUALIFY row_number() OVER (PARTITION BY ref ORDER BY seq DESC) = 1"
)
_ALERTS = (
    "SELECT *, substr(ref, 7) AS alert_id FROM (SELECT * FROM state WHERE starts_with(ref, 'alert:') "
    "QUALIFY row_number() OVER (PARTITION BY ref ORDER BY seq DESC) = 1) WHERE value IS NOT NULL"
)
_MESSAGES = (
    f"SELECT message.* FROM {HOME}.message LEFT JOIN {HIDDEN} AS hidden ON hidden.subject = 'conversation:' || conversation "
    "WHERE ts_us > coalesce(mark, -1) QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq) = 1"
)

VIEWS: Mapping[str, View] = {
    "bars": View("Bars of a minute and of a day, one for each symbol and instant; wider ones with time_bucket.", (
        *_SYMBOL, Field("interval", TEXT, "1m or 1d", "CASE interval_s WHEN 60 THEN '1m' ELSE '1d' END"),
        _time("ts", "its first instant"), _TS[1],
        *_plain(REAL, open="first price, in the quote currency", high="highest price", low="lowest price", close="last price",
                volume="in base units"),
        *_plain(INT, trades="how many there were, 0 where the source does not say"), *_SOURCE,
        Field("origin", TEXT, "venue, backfill or trades", "['venue', 'backfill', 'trades'][origin + 1]"),
    ), _bars),
    "quotes": View("Best bid and ask, as they came.", (
        *_SYMBOL, *_TS, *_plain(REAL, bid="in the quote currency", bid_size="in base units", ask="in the quote currency",
                                ask_size="in base units"), *_SOURCE,
    ), "quote", "quote"),
    "trades": View("Trades of the market, as they came; our own are fills.", (
        *_SYMBOL, *_TS, *_plain(REAL, price="in the quote currency", size="in base units"),
        Field("side", TEXT, "the taker's: buy, sell, or empty", _word("side")), *_plain(TEXT, trade_id="the venue's"), *_SOURCE,
    ), "trade", "trade"),
    "depth": View("Order books and their changes, as they came.", (
        *_SYMBOL, *_TS, *_plain(TEXT, bids="JSON [[price, size], ...], the best first; of a change size 0 takes a level away",
                                asks="the same of asks"), *_plain(FLAG, snapshot="a whole book, not a change"), *_SOURCE,
    ), "depth", "depth"),
    "samples": View("Numbers about something: funding rates, cpu, loss, cost.", (
        *_plain(TEXT, name="what is measured", subject="of what"), *_TS, *_plain(REAL, value="in its unit"),
        *_plain(TEXT, unit="of the value"), *_SOURCE,
    ), "sample", "sample"),
    "events": View("What happened: findings of watchdogs, alerts, orders, runs, commands.", (
        *_plain(TEXT, id="the same for the same event", kind="such as price_anomaly or alert_fired", subject="what it is about",
                source="who says so", severity="low, medium, high or critical", summary="in words"), *_TS,
        *_plain(TEXT, data="JSON of its numbers", cause="the id of what led to it"),
    ), _of(f"SELECT * FROM {EVENTS} WHERE kind NOT IN ('command_answered', 'command_undone')")),
    "alerts": View("How each alert stands now, and what it has done so far.", (
        *_plain(TEXT, alert_id="the rule's"), *_json(TEXT, "value", phase="inactive, pending, firing, acknowledged, muted, ..."),
        *_json(INT, "value", trigger_count="how often it fired", suppressed="what was told to nobody"),
        *(_time(name, about, f"CAST(json_extract_string(value, '$.{name}_us') AS BIGINT)") for name, about in (
            ("last_triggered", "when it fired last"), ("since", "since when it is in this phase"))),
        *_json(TEXT, "value", by="who brought it there", comment="what they said"),
    ), _of(_ALERTS)),
    "deliveries": View("What alerts had to tell, and what became of it.", (
        *_plain(TEXT, id="of the delivery", rule_id="of the alert", event_id="what is told", channel="webhook, email, ..."), *_TS,
        *_plain(TEXT, payload="JSON of what is sent", status="pending, delivered, failed or cancelled",
                outcome="of the last attempt, pending before the first"), *_plain(INT, attempts="how many"),
        _time("last_attempt", "when"), *_plain(TEXT, last_error="empty where there was none"),
    ), _of(f"SELECT * FROM {DELIVERIES}")),
    "attempts": View("Tries at deliveries.", (
        *_plain(TEXT, delivery_id="of which"), *_plain(INT, number="from 1"), *_TS,
        *_plain(TEXT, outcome="delivered, retry, failed or cancelled"), *_plain(INT, status="the far end's, 0 for none"),
        *_plain(TEXT, error="empty where there was none"), *_plain(REAL, duration_ms="milliseconds"),
    ), _of(f"SELECT * FROM {ATTEMPTS}")),
    "runs": View("Work that is over: experiments, tasks, backtests, jobs.", (
        *_plain(TEXT, id="of the run", kind="experiment, task, backtest, ...", status="completed, failed, ...", name="as given",
                owner="who asked for it", agent="who did it", model="the agent's", conversation="in which it was asked"),
        _time("created", "when it was asked for", "ts_us"), _time("started", "when it began"), _time("finished", "when it ended"),
        *_plain(REAL, duration_s="seconds", cost_usd="US dollars"),
        *_plain(INT, input_tokens="how many", output_tokens="how many", rounds="done", rounds_total="wanted", clients="how many"),
        *_plain(REAL, accuracy="0 to 1, of the last round", loss="of the last round"),
        *_json(TEXT, "value", error="why it failed"),
        *(Field(name, TEXT, about, f"json_extract(value, '$.{name}')") for name, about in (
            ("params", "JSON of what was asked"), ("result", "JSON of what came of it"))),
    ), _of("SELECT * FROM run ")),
    "output": View("What runs put out, piece by piece.", (
        *_plain(TEXT, run="its id"), *_plain(INT, n="from 1"), *_plain(TEXT, stream="stdout, stderr, ..."), *_TS,
        *_plain(TEXT, text="the piece"),
    ), "output", "output"),
    "messages": View("What was said in conversations that are still there.", (
        *_plain(TEXT, id="of the message", conversation="in which", role="user, assistant or system", run="that said it"), *_TS,
        *_plain(TEXT, content="what was said", metadata="JSON"),
    ), _of(_MESSAGES)),
    "orders": View("Our orders, each as it stands now.", (
        *_json(TEXT, id="of the order", symbol="such as BTC-USD", side="BUY or SELL", order_type="MARKET, LIMIT, ...",
               status="PENDING, SUBMITTED, PARTIALLY_FILLED, FILLED, CANCELLED, REJECTED or EXPIRED"),
        *_json(REAL, quantity="in base units", limit_price="in the quote currency", stop_price="likewise",
               filled_quantity="in base units", filled_price="mean of its fills", fees="in the account's currency",
               expected_price="when it was taken", arrival_price="the mid at arrival"),
        *(_time(name, about, f"CAST(json_extract_string(data, '$.{name}_us') AS BIGINT)") for name, about in (
            ("created", "when it was taken"), ("updated", "when it changed last"), ("filled", "of the last fill"))),
        *_json(TEXT, strategy_name="empty for one made by hand", by="who gave it", parent_id="the bracket it belongs to"),
    ), _of(_ORDERS)),
    "fills": View("Executions of our orders.", (
        *_json(TEXT, id="the broker's", order_id="of which", symbol="such as BTC-USD", side="BUY or SELL"), *_TS,
        *_json(REAL, quantity="in base units", price="in the quote currency", fee="in the account's currency, positive: paid"),
        *_json(TEXT, strategy_name="empty for one made by hand"), *_json(FLAG, late="its order had ended before"),
    ), _of(_DESK.format(wanted="kind = 'fill'", once="id"))),
    "closed_trades": View("Round trips of ours, or parts of them.", (
        *_json(TEXT, id="of the trade", symbol="such as BTC-USD", side="of the position: BUY or SELL"), *_TS,
        *_json(REAL, quantity="in base units", entry_price="in the quote currency", exit_price="in the quote currency",
               pnl="after fees, in the account's currency", pnl_pct="percent of what was put in", fees="in that currency"),
        *_json(INT, hold_duration_days="days of the exchange"), *_json(FLAG, is_day_trade="opened and closed on one day"),
        *_json(TEXT, strategy_name="empty for one made by hand"),
    ), _of(_DESK.format(wanted="kind = 'trade_closed'", once="id"))),
    "states": View("How things are: positions, switches, watchdogs, strategies; not rules, webhooks and settings.", (
        *_plain(TEXT, ref="kind:id"), Field("kind", TEXT, "position, switch, ...", "split_part(ref, ':', 1)"), *_TS,
        *_plain(INT, version="of the value"), *_plain(TEXT, value="JSON"),
    ), _of(_STATES)),
    "gaps": View("When somebody saw nothing: starts, lost feeds, mailboxes that overflowed.", (
        *_plain(TEXT, who="such as feed:binance"), _time("began", "when", "from_us"), _time("ended", "when", "to_us"),
        *_plain(TEXT, reason="in words"),
    ), _of("SELECT * FROM gap ")),
    "lives": View("What became of actors.", (
        *_plain(TEXT, name="of the actor", what="started, crashed, lost, stopped or failed"), *_TS,
        *_plain(TEXT, error="empty where there was none"), *_plain(INT, restarts="so far"),
    ), "life", "life"),
}  # fmt: skip
"""What there is, by name."""
