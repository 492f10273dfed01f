"""An incident: something about a service or an experiment that somebody should look at, until it is over. Values only.

It is the value of State `incident:ID`. Those that have a `key` are raised by the system itself, one at a time of each key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from actors import Refused
from oracle.model import Event, Severity, event_id, ref

__all__ = [
    "HYSTERESIS_PCT", "Incident", "Wish", "about_budget", "about_experiment", "about_history", "about_integration",
    "about_memory", "told",
]  # fmt: skip

HYSTERESIS_PCT = 5.0
"""So far below its threshold memory has to fall before the incident is over."""
SOURCE = "incidents"
_SEVERITY = {"critical": Severity.critical, "warning": Severity.medium, "info": Severity.low}


@attrs.frozen(kw_only=True)
class Wish:
    """What is to be raised."""

    severity: str
    title: str
    description: str = ""
    service: str | None = None
    experiment_id: str | None = None
    threshold: float | None = None
    current_value: float | None = None
    key: str = ""


@attrs.frozen(kw_only=True)
class Incident:
    """`status` is active, acknowledged or resolved; times are UTC microseconds."""

    number: int
    severity: str
    status: str = "active"
    title: str
    description: str
    service: str | None
    experiment_id: str | None
    created_us: int
    threshold: float | None
    current_value: float | None
    key: str = ""
    raised_by: str
    command: str = ""
    """The id of the command that raised it."""
    acknowledged_us: int | None = None
    acknowledged_by: str | None = None
    comment: str | None = None
    """What who acknowledged it, and after that who resolved it, said."""
    resolved_us: int | None = None
    resolved_by: str | None = None

    @property
    def ident(self) -> str:
        """`alert_001`."""
        return f"alert_{self.number:03d}"

    @property
    def ref(self) -> str:
        """The State it is kept in."""
        return ref("incident", self.ident)

    @property
    def over(self) -> bool:
        """Whether it is resolved."""
        return self.status == "resolved"

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Incident:
        """The incident in the value of its State."""
        known = {field.name for field in attrs.fields(cls)}
        return cls(**{name: part for name, part in value.items() if name in known})

    @classmethod
    def raised(cls, wish: Wish, number: int, by: str, now_us: int, command: str = "") -> Incident:
        """A new one."""
        return cls(**attrs.asdict(wish), number=number, created_us=now_us, raised_by=by, command=command)

    def acknowledged(self, by: str, comment: str, now_us: int) -> Incident:
        """Somebody looks after it. The same where somebody does already. Raises Refused `illegal` where it is over."""
        if self.over:
            raise Refused(f"Alert '{self.ident}' is resolved, and can't be acknowledged", "illegal",
                          {"status": self.status, "allowed": []})  # fmt: skip
        if self.status == "acknowledged":
            return self
        return attrs.evolve(self, status="acknowledged", acknowledged_us=now_us, acknowledged_by=by, comment=comment or None)

    def resolved(self, by: str, comment: str, now_us: int) -> Incident:
        """It is over. The same where it was already."""
        if self.over:
            return self
        return attrs.evolve(self, status="resolved", resolved_us=now_us, resolved_by=by, comment=comment or self.comment)

    def value(self) -> dict[str, Any]:
        """The value of its State."""
        return attrs.asdict(self)


def told(what: str, incident: Incident, by: str, comment: str, now_us: int, cause: str = "") -> Event:
    """That it was raised, acknowledged or resolved: by whom, when, and what they said."""
    kind = f"incident_{what}"
    ident = event_id(kind, incident.ref, SOURCE, 0 if cause else now_us, cause)
    summary = f"{incident.title} ({incident.ident}) was {what} by {by}" + (f": {comment}" if comment else "")
    severity = _SEVERITY[incident.severity] if what == "raised" else Severity.low
    data = {"by": by, "comment": comment, "incident": incident.value()}
    return Event(ident, kind, incident.ref, SOURCE, severity, summary, data, now_us, cause)


def about_memory(service: str, title: str, used_pct: float, warning_pct: float, experiment_id: str | None) -> Wish:
    """A service uses much of its memory."""
    return Wish(
        severity="warning", title="High Memory Usage",
        description=f"{title} memory usage exceeded {warning_pct:g}% threshold", service=service, experiment_id=experiment_id,
        threshold=warning_pct, current_value=round(used_pct, 1), key=f"memory:{service}",
    )  # fmt: skip


def about_integration(service: str, title: str, why: str) -> Wish:
    """A service does not answer."""
    return Wish(severity="critical", title="Service Down", description=f"{title} does not answer: {why}", service=service,
                key=f"down:{service}")  # fmt: skip


def about_experiment(experiment_id: str, name: str, why: str) -> Wish:
    """An experiment has failed."""
    shown = f"{name} ({experiment_id})" if name else experiment_id
    return Wish(severity="warning", title="Experiment Failed", description=f"{shown} failed: {why}", service="fl_server",
                experiment_id=experiment_id, key=f"failed:{experiment_id}")  # fmt: skip


def about_budget(event: Event) -> Wish:
    """A budget is used up for today."""
    return Wish(severity="warning", title="Budget Exceeded", description=event.summary, service="tasks",
                threshold=event.data["limit_usd"], current_value=event.data["spent_usd"], key=event.id)  # fmt: skip


def about_history(why: str) -> Wish:
    """Nothing can be stored."""
    return Wish(severity="critical", title="History Down", description=f"The history takes no writes: {why}", service="collector",
                key="history")  # fmt: skip
