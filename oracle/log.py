"""What the program says about itself, on standard error: one line an event, for people or for machines.

Every line has a time, a level, the part that speaks, a short sentence and its facts as keys. Libraries that use the
standard logging come out the same way.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import structlog

__all__ = ["kept_in", "logger", "said_in_detail", "set_up"]

_OURS = "oracle"
_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Libraries that say at info what is only of interest to their authors.
_QUIET = ("hypercorn", "quart", "httpx", "httpcore", "trio-websocket", "asyncio", "ib_async")


def logger(part: str) -> Any:
    """A logger of `part` (`feed:binance`, `web`): `.info("said no", why=...)`, with debug, warning and error."""
    return structlog.stdlib.get_logger(part)


def said_in_detail() -> bool:
    """Whether what is said at debug is heard by anybody."""
    return logging.getLogger(_OURS).isEnabledFor(logging.DEBUG)


def set_up(level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
    """Start speaking: `level` debug, info, warning or error; `format` text, json, or auto (text on a terminal)."""
    stream = stream or sys.stderr
    as_text = format == "text" or (format == "auto" and stream.isatty())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    speaker = logging.StreamHandler(stream)
    ending = _ending(as_text, stream)
    speaker.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=ending))
    root = logging.getLogger()
    root.handlers[:] = [speaker]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")


@contextmanager
def kept_in(file: Path, level: str = "info") -> Iterator[None]:
    """Within, what is said goes to a file (4 MiB, and as much of what was before) and nowhere else: for a program whose log and
    standard error are not ours. Raises OSError where there can't be such a file."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    speaker = RotatingFileHandler(file, maxBytes=4 << 20, backupCount=1, encoding="utf-8", delay=True)
    speaker.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=_ending(True, None)))
    ours = logging.getLogger(_OURS)
    level_before, configured = ours.level, structlog.get_config()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=lambda *parts: logging.getLogger(".".join((_OURS, *parts))),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    ours.addHandler(speaker)
    ours.setLevel(level.upper())
    ours.propagate = False
    try:
        yield
    finally:
        ours.removeHandler(speaker)
        ours.setLevel(level_before)
        ours.propagate = True
        structlog.configure(**configured)
        speaker.close()


def _ending(as_text: bool, stream: TextIO | None) -> list[Any]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_text:
        # The plain traceback: the pretty one prints local variables, and with them secrets.
        plain = structlog.dev.plain_traceback
        return [drop, structlog.dev.ConsoleRenderer(colors=bool(stream and stream.isatty()), exception_formatter=plain)]
    return [drop, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
