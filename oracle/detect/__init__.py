"""Streaming detectors: how odd is this value, given all that came before it? No clock, no I/O, bit-equal after a restart.

`Detector` says how odd, `Budget` when that is worth an alarm, `Budgets` how severe the alarm is.
"""

from oracle.detect.budget import ALARMS_PER_DAY, Budget, Budgets, alarms_per_row
from oracle.detect.detector import Detector, Side

__all__ = ["ALARMS_PER_DAY", "Budget", "Budgets", "Detector", "Side", "alarms_per_row"]
