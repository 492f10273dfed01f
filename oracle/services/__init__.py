"""The services around experiments: what they say of themselves, how they answer, what is wrong with them, and the configuration
of their dashboard.

Three actors: `services` (telemetry and configuration), `checkups` (asks the services), `incidents` (what somebody should look
at). Each is parked while nothing comes.
"""

from oracle.services.config import CONFIG, Config, changes, config_of, merged
from oracle.services.incident import Incident, Wish
from oracle.services.telemetry import Telemetry, is_stale, named, status_of
from oracle.services.vitals import Check, Vitals

__all__ = [
    "CONFIG", "Check", "Config", "Incident", "Telemetry", "Vitals", "Wish", "changes", "config_of", "is_stale", "merged", "named",
    "status_of",
]  # fmt: skip
