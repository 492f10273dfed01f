"""What rules did in a span of time: how often they fired, what became of what they owed, how long it took. Reads only."""

from __future__ import annotations

from typing import Any

import attrs

from oracle.history.bars import bucket, bucket_of
from oracle.history.past_alerts import Acknowledged, acknowledged

__all__ = ["Firings", "Told", "read_firings"]

# A delivery belongs to the firing that names it: tests and what was sent again belong to none.
_OWED = (
    "WITH fired AS (SELECT DISTINCT ON (id) id, subject AS rule, ts_us, data FROM event WHERE kind = 'alert_fired' "
    "AND ts_us >= ? AND ts_us < ?), "
    "owed AS (SELECT rule, ts_us, unnest(from_json(json_extract(data, '$.deliveries'), '[\"VARCHAR\"]')) AS id FROM fired), "
    "tried AS (SELECT delivery_id AS id, arg_max(outcome, number) AS outcome, "
    "min(ts_us) FILTER (outcome = 'delivered') AS got_us "
    "FROM attempt WHERE delivery_id IN (SELECT id FROM owed) GROUP BY delivery_id), "
    "told AS (SELECT owed.rule, owed.ts_us, sent.channel, coalesce(tried.outcome, 'pending') AS outcome, "
    "CASE WHEN tried.got_us >= owed.ts_us THEN (tried.got_us - owed.ts_us) / 1000 END AS ms "
    "FROM owed JOIN (SELECT DISTINCT id, channel FROM delivery) AS sent "
    "USING (id) LEFT JOIN tried USING (id)) "
)
_FIRED = _OWED + "SELECT rule, count(*), max(ts_us) FROM fired GROUP BY rule"
_TOLD = _OWED + (
    "SELECT rule, channel, count(*), count(*) FILTER (outcome = 'delivered'), count(*) FILTER (outcome = 'failed'), "
    "count(*) FILTER (outcome = 'cancelled'), quantile_cont(ms, 0.5), quantile_cont(ms, 0.99) FROM told "
    "GROUP BY GROUPING SETS ((rule, channel), (rule), (channel), ())"
)
_FIRED_BY_TIME = _OWED + "SELECT {bucket} AS at_us, count(*) FROM fired GROUP BY at_us"
_TOLD_BY_TIME = _OWED + (
    "SELECT {bucket} AS at_us, count(*), count(*) FILTER (outcome = 'delivered'), count(*) FILTER (outcome = 'failed') "
    "FROM told GROUP BY at_us"
)
# The record of a rule counts; its versions follow each other without a gap, but those of earlier runs are thinned out, and where
# one is missing nobody knows when what it counted happened.
_SUPPRESSED = (
    "WITH counted AS (SELECT DISTINCT ON (ref, version) ref, version, ts_us, "
    "coalesce(TRY_CAST(json_extract_string(value, '$.suppressed') AS BIGINT), 0) AS n FROM state "
    "WHERE starts_with(ref, 'alert:')), "
    "steps AS (SELECT ref, ts_us, n - coalesce(lag(n) OVER w, 0) AS more, version - coalesce(lag(version) OVER w, 0) AS step, "
    "coalesce(lag(ts_us) OVER w, 0) AS before_us FROM counted WINDOW w AS (PARTITION BY ref ORDER BY version)) "
    "SELECT substr(ref, 7), sum(greatest(more, 0)) FILTER (ts_us >= $since AND ts_us < $until), "
    "bool_or(step <> 1 AND ts_us >= $since AND before_us < $until) FROM steps GROUP BY ref"
)
_BEGAN = "SELECT min(started_us) FROM epochs"


@attrs.frozen
class Told:
    """What became of deliveries. `median_ms` and `p99_ms` are from the firing to the receipt, None where nothing was received."""

    deliveries: int = 0
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0
    median_ms: float | None = None
    p99_ms: float | None = None


@attrs.frozen
class Firings:
    """Of a span. `told` is by (rule, channel), where None stands for all of them; `suppressed` is None for a rule of which it is
    not known, and leaves out those that never counted anything; `buckets` are (start, firings, deliveries, delivered, failed)."""

    began_us: int | None
    """When the history begins."""
    fired: dict[str, tuple[int, int]]
    """By rule: how often, and when last."""
    told: dict[tuple[str | None, str | None], Told]
    suppressed: dict[str, int | None]
    buckets: list[tuple[int, int, int, int, int]]
    acknowledged: dict[str | None, Acknowledged]
    """By rule, None standing for all of them."""


def read_firings(at: Any, from_us: int, to_us: int, width_us: int) -> Firings:
    """Those in from_us <= time < to_us, in buckets of `width_us`."""
    span = [from_us, to_us]
    began_us = at.execute(_BEGAN).fetchone()[0]
    fired = {rule: (count, last_us) for rule, count, last_us in at.execute(_FIRED, span).fetchall()}
    told = {(rule, channel): Told(*numbers) for rule, channel, *numbers in at.execute(_TOLD, span).fetchall()}
    counted = at.execute(_SUPPRESSED, {"since": from_us, "until": to_us}).fetchall()
    suppressed = {rule: None if unknown else int(more or 0) for rule, more, unknown in counted}
    buckets = _buckets(at, span, width_us, began_us)
    return Firings(began_us, fired, told, suppressed, buckets, acknowledged(at, from_us, to_us))


def _buckets(at: Any, span: list[int], width_us: int, began_us: int | None) -> list[tuple[int, int, int, int, int]]:
    """Also those in which nothing happened, but none from before the history begins."""
    place = bucket("ts_us", width_us)
    fired = dict(at.execute(_FIRED_BY_TIME.format(bucket=place), span).fetchall())
    told = {at_us: numbers for at_us, *numbers in at.execute(_TOLD_BY_TIME.format(bucket=place), span).fetchall()}
    first = min([*fired, bucket_of(max(span[0], began_us if began_us is not None else span[1]), width_us)])
    return [(at_us, fired.get(at_us, 0), *told.get(at_us, (0, 0, 0))) for at_us in range(first, span[1], width_us)]
