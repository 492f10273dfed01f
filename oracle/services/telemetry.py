"""What a service says of itself: its processor, memory and network, and numbers of its own. Values only.

It is the value of State `service:NAME`. A service that has not spoken for three times its interval is stale: how it is now is not
known, and no number of it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import attrs
from attrs.validators import and_, gt, in_, le, max_len, optional

from oracle.model import Sample, ref
from oracle.problems import Bad
from oracle.validators import between

__all__ = ["SHOWN_AS", "STALE_AFTER", "Telemetry", "is_stale", "memory_pct", "named", "samples_of", "status_of"]

STALE_AFTER = 3
"""Intervals of silence."""
MOST_OWN = 32  # numbers of its own that a service may say
LONGEST_TEXT = 200
HIGHEST = 1e15
SHOWN_AS = ("status", "cpu_usage", "memory_usage", "throughput", "last_update")
"""Names that a service's own numbers can't have."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TITLES = {"fl_server": "FL Server", "collector": "Collector", "policy_engine": "Policy Engine", "sdn": "SDN Controller"}


def _a_name(_: Any, __: Any, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Bad("string_pattern_mismatch", "a name has letters, digits and any of . _ - only, 64 at most, and no sign first")


_a_name.shape = {"pattern": f"^(?:{_NAME.pattern})$"}  # type: ignore[attr-defined]


def _own_numbers(_: Any, __: Any, own: Mapping[str, Any]) -> None:
    for key, value in own.items():
        if not _KEY.fullmatch(key) or key in SHOWN_AS:
            raise Bad("value_error", f"{key[:64]!r} can't be the name of a number: letters, digits and _ only, 64 at most, "
                                     f"and none of {', '.join(SHOWN_AS)}")  # fmt: skip
        if isinstance(value, str):
            if len(value) > LONGEST_TEXT:
                raise Bad("string_too_long", f"{key} has more than {LONGEST_TEXT} characters")
        elif not isinstance(value, int | float) or abs(value) > HIGHEST:
            raise Bad("value_error", f"{key} should be a number up to {HIGHEST:g}, a text, true or false")


_own_numbers.shape = {  # type: ignore[attr-defined]
    "propertyNames": {"pattern": f"^(?:{_KEY.pattern})$", "not": {"enum": list(SHOWN_AS)}},
    "additionalProperties": {"anyOf": [
        {"type": "number", "minimum": -HIGHEST, "maximum": HIGHEST},
        {"type": "string", "maxLength": LONGEST_TEXT},
        {"type": "boolean"},
    ]},
}  # fmt: skip
_NUMBER = optional(between(0, HIGHEST))


@attrs.frozen(kw_only=True)
class Telemetry:
    """What may be said; what a service does not know is left out."""

    shape: ClassVar = {"anyOf": [
        *({"required": [name], "properties": {name: {"type": "number"}}} for name in ("cpu", "memory", "network")),
        {"required": ["custom"], "properties": {"custom": {"minProperties": 1}}},
    ]}  # fmt: skip
    service: str = attrs.field(validator=_a_name)
    cpu: float | None = attrs.field(default=None, validator=optional(between(0, 102_400)))
    """Percent of one processor: of four that are busy it is 400."""
    memory: float | None = attrs.field(default=None, validator=_NUMBER)
    """Megabytes."""
    memory_limit_mb: float | None = attrs.field(default=None, validator=optional(and_(gt(0), le(HIGHEST))))
    network: float | None = attrs.field(default=None, validator=_NUMBER)
    """Bytes a second."""
    custom: dict[str, Any] = attrs.field(factory=dict, validator=and_(max_len(MOST_OWN), _own_numbers))
    """Numbers and words of its own, by name."""
    interval: float = attrs.field(default=5.0, validator=between(0.1, 86_400))
    """Seconds until it speaks again."""
    status: str = attrs.field(default="healthy", validator=in_(("healthy", "degraded", "down")))
    """How it is, in its own words."""

    def value(self, now_us: int) -> dict[str, Any]:
        """The value of its State."""
        return {**attrs.asdict(self), "at_us": now_us}


def named(service: str) -> str:
    """A service as people call it."""
    return _TITLES.get(service, service)


def samples_of(said: Telemetry, now_us: int) -> Iterator[Sample]:
    """Its numbers, for whoever follows them."""
    subject = ref("service", said.service)
    known = (("cpu_usage", said.cpu, "%"), ("memory_usage", said.memory, "MB"), ("network", said.network, "B/s"))
    for name, value, unit in known:
        if value is not None:
            yield Sample(name, subject, value, unit, now_us, "services")
    for name, value in said.custom.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Sample(name, subject, float(value), "", now_us, "services")


def is_stale(value: Mapping[str, Any], now_us: int) -> bool:
    """Whether a service has been silent for too long."""
    return now_us - value["at_us"] > STALE_AFTER * value["interval"] * 1e6


def memory_pct(value: Mapping[str, Any]) -> float | None:
    """How much of its memory it uses; None where it did not say."""
    used, limit = value["memory"], value["memory_limit_mb"]
    return None if used is None or limit is None else 100.0 * used / limit


def status_of(value: Mapping[str, Any], now_us: int, warning_pct: float) -> tuple[str, list[str]]:
    """How a service is (healthy, degraded, down, stale) by what it said, and what is wrong with it."""
    if is_stale(value, now_us):
        return "stale", [f"No telemetry for {(now_us - value['at_us']) / 1e6:.0f} s"]
    used_pct = memory_pct(value)
    if used_pct is not None and used_pct > warning_pct:
        return "down" if value["status"] == "down" else "degraded", [f"High memory usage: {used_pct:.0f}%"]
    return value["status"], [] if value["status"] == "healthy" else [f"Says that it is {value['status']}"]
