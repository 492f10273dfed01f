"""Writes a line into the program's own log."""

from __future__ import annotations

import attrs

from oracle.alerts.message import one_line, own_text, subject_of
from oracle.alerts.rule import Rule
from oracle.alerts.sending import Tools
from oracle.log import logger
from oracle.model import Delivery

__all__ = ["Log"]

LOG = logger("alerts")
LONGEST = 1_000


@attrs.frozen
class Log:
    """Says the alert at level warning on standard error: one line, whatever is in it."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        event = delivery.payload.get("event") or {}
        said = one_line(own_text(rule, delivery.payload) or str(event.get("description", "")), LONGEST)
        LOG.warning(
            subject_of(rule, delivery.payload), rule=one_line(rule.alert_id), delivery=delivery.id, said=said,
            severity=one_line(str(event.get("severity", ""))),
        )  # fmt: skip
        return 0
