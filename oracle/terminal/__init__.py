"""The streaming terminal: what an external trading bot says of its account, or else what our own desk would say.

`objects` reads what is pushed, `state` is what it makes, `ours` what the desk says in the same words, `actor` keeps both.
"""

from oracle.terminal.actor import ACCOUNT, POSITIONS, PUSH, SCAN, SOURCE, Terminal
from oracle.terminal.objects import MOST_OBJECTS, objects_of
from oracle.terminal.state import TerminalState

__all__ = ["ACCOUNT", "MOST_OBJECTS", "POSITIONS", "PUSH", "SCAN", "SOURCE", "Terminal", "TerminalState", "objects_of"]
