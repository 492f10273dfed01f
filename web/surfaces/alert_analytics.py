"""How alerts do, under `/api/oracle/alerts/analytics`: how often they fire, whether and how fast people are told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from oracle.history import Commit
from oracle.history.bars import INTERVAL, interval_us
from oracle.history.firings import Firings, Told
from web.errors import invalid
from web.params import NUMBERED
from web.routes import Auth, Call, Family, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
MOST_BUCKETS = 1_000


@attrs.frozen(kw_only=True)
class Carried:
    """What became of deliveries; `pending` are under way. `delivered_share`, 0 to 1, is of those that are not; `median_ms` and
    `p99_ms` are from the firing to the receipt. Null where there were none."""

    deliveries: int
    delivered: int
    failed: int
    cancelled: int
    pending: int
    delivered_share: float | None
    median_ms: float | None
    p99_ms: float | None


@attrs.frozen(kw_only=True)
class Numbers(Carried):
    """What alerts did. `suppressed` is how often one was set off and did not fire, null where the history does not say; `per_day`
    are firings in a day of the time that is known, null where that is less than an hour; `acknowledged` firings somebody looked
    after before the next one, which took them `median_ack_s` seconds."""

    firings: int
    suppressed: int | None
    per_day: float | None
    acknowledged: int
    median_ack_s: float | None
    channels: dict[str, Carried]


@attrs.frozen(kw_only=True)
class RuleNumbers(Numbers):
    """What one alert did; `name` and `enabled` are null where it is gone."""

    alert_id: str
    name: str | None
    enabled: bool | None
    last_fired: datetime | None


@attrs.frozen(kw_only=True)
class Bucket:
    """A part of the span, by when alerts fired."""

    start: datetime
    firings: int
    deliveries: int
    delivered: int
    failed: int


@attrs.frozen(kw_only=True)
class Analytics:
    """`items` are alerts, those that fired most often first; `next` asks for the rest. Nothing is known from before
    `known_from`, and there are no buckets of that time."""

    start: datetime
    end: datetime
    known_from: datetime | None
    total: Numbers
    buckets: list[Bucket]
    items: list[RuleNumbers]
    next: str | None


async def analytics(call: Call) -> Analytics:
    """How often alerts fired (the last 7 days), what became of the deliveries, and how long it took; the noisiest first.

    Tests and what was sent again are not counted. A delivery counts where the alert fired, not where it arrived.
    """
    system, args = call.system, call.args
    now_us = system.runtime.now_us()
    to_us = min(now_us if args["to_us"] is None else args["to_us"], now_us)
    from_us = to_us - 7 * DAY_US if args["from_us"] is None else args["from_us"]
    if from_us >= to_us:
        raise invalid("value_error", ["query", "from"], "it has to be before to, and before now")
    width_us = interval_us(args["bucket"])
    if (to_us - from_us) // width_us >= MOST_BUCKETS:
        raise invalid("value_error", ["query", "bucket"], f"it makes more than {MOST_BUCKETS} parts; ask for wider ones")
    first = _place(args["cursor"])
    await system.runtime.ask("history", Commit(()))  # what was said until now is stored then
    found = await system.queries.firings(from_us, to_us, width_us)
    rules = {state.ref.partition(":")[2]: state.value for state in system.board.kind("rule") if state.value is not None}
    known_us = to_us if found.began_us is None else max(from_us, found.began_us)
    held_back = [name for name, count in found.suppressed.items() if count != 0]
    names = sorted({*rules, *found.fired, *held_back}, key=lambda name: (-found.fired.get(name, (0, 0))[0], name))
    shown = names[first : first + args["limit"]]
    last = first + len(shown)
    buckets = [Bucket(start=iso(at_us), firings=fired, deliveries=owed, delivered=got, failed=failed)
               for at_us, fired, owed, got, failed in found.buckets]  # fmt: skip
    return Analytics(
        start=iso(from_us), end=iso(to_us), known_from=None if found.began_us is None else iso(found.began_us),
        total=Numbers(**_numbers(found, None, names, to_us - known_us)), buckets=buckets,
        items=[_rule(found, name, rules.get(name), known_us, to_us) for name in shown],
        next=str(last) if last < len(names) else None,
    )  # fmt: skip


def _rule(found: Firings, name: str, value: dict[str, Any] | None, known_us: int, to_us: int) -> RuleNumbers:
    since_us = known_us if value is None else max(known_us, value["created_us"])
    last_us = found.fired[name][1] if name in found.fired else None
    return RuleNumbers(
        alert_id=name, name=value and value["name"], enabled=value and value["enabled"],
        last_fired=None if last_us is None else iso(last_us), **_numbers(found, name, [name], to_us - since_us),
    )  # fmt: skip


def _numbers(found: Firings, rule: str | None, names: Iterable[str], known_us: int) -> dict[str, Any]:
    fired = [found.fired.get(name, (0, 0))[0] for name in names]
    kept = [found.suppressed.get(name, 0) for name in names]
    channels = {channel: Carried(**_carried(told)) for (of, channel), told in sorted(found.told.items(), key=str)
                if of == rule and channel is not None}  # fmt: skip
    seen = found.acknowledged.get(rule)
    return {
        "firings": sum(fired), "suppressed": None if None in kept else sum(one for one in kept if one is not None),
        "per_day": round(sum(fired) * DAY_US / known_us, 3) if known_us >= HOUR_US else None,
        "acknowledged": seen.count if seen else 0, "median_ack_s": seen.median_s if seen else None,
        "channels": channels, **_carried(found.told.get((rule, None), Told())),
    }  # fmt: skip


def _carried(told: Told) -> dict[str, Any]:
    over = told.delivered + told.failed + told.cancelled
    return attrs.asdict(told) | {
        "pending": told.deliveries - over, "delivered_share": round(told.delivered / over, 6) if over else None,
    }  # fmt: skip


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise invalid("cursor", ["query", "cursor"], "Input should be the `next` of an earlier page", cursor)
    return int(cursor)


_PARAMS = (
    Param("from", "time", doc="first instant, inclusive; 7 days before the last"),
    Param("to", "time", doc="last instant, exclusive; now"),
    Param("bucket", default="1d", check=interval_us, shape=INTERVAL, doc="15m, 1h, 1d, 1w"),
    Param("limit", "int", default=100, ge=1, le=1_000, doc="most alerts"),
    Param("cursor", shape=NUMBERED, doc="`next` of the page before"),
)
ROUTES = (
    Route("GET", "/api/oracle/alerts/analytics", analytics, Auth.token, Scope.read, Family.error, _PARAMS, answer=Analytics,
          refuses=(503, 504), tag="oracle", head=True),
)  # fmt: skip
