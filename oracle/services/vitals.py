"""What is known of services and of ourselves only while the process lives: answers to check-ups, and how busy we were."""

from __future__ import annotations

import attrs

from oracle.services.processes import Processes

__all__ = ["Check", "Vitals"]


@attrs.frozen
class Check:
    """How a service answered when it was asked last: `status` healthy, degraded, down, or not_checked; `issues` say what is
    wrong, or why it is not asked. Both numbers are None before the first answer."""

    url: str
    status: str
    issues: tuple[str, ...] = ()
    response_ms: float | None = None
    at_us: int | None = None


@attrs.frozen(eq=False)
class Vitals:
    """Outlives the lives of actors, and not the process. Made inside a running trio."""

    since_us: int
    """Since when the system runs."""
    checks: dict[str, Check] = attrs.field(factory=dict)
    """The newest, by service."""
    processes: Processes = attrs.field(factory=Processes)
