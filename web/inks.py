"""Colours of a terminal, for lines that come too fast for anything but a string."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO

__all__ = ["Ink", "inked", "severity_ink"]

Ink = Callable[[str, str], str]
"""Writes a text in a colour: `ink("red", "lost")`."""

_CODES = {"dim": "2", "bold red": "1;31", "red": "31", "yellow": "33", "cyan": "36"}
_SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow"}


def inked(file: TextIO) -> Ink:
    """The inks of a file; none where it is no terminal, or somebody wants none (`NO_COLOR`)."""
    if not file.isatty() or os.environ.get("NO_COLOR"):
        return lambda _, text: text
    return lambda ink, text: f"\x1b[{_CODES[ink]}m{text}\x1b[0m"


def severity_ink(severity: str) -> str:
    """The ink of a severity."""
    return _SEVERITIES.get(severity, "dim")
