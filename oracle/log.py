"""What the program says about itself, on standard error: one line an event, for people or for machines.

Every line has a time, a level, the part that speaks, a short sentence and its facts as keys. Libraries that use the
standard logging come out the same way.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

__all__ = ["logger", "said_in_detail", "set_up"]

# Libraries that say at info what is only of interest to their authors.
_QUIET = ("hypercorn", "quart", "httpx", "httpcore", "trio-websocket", "asyncio", "ib_async")


def logger(part: str) -> Any:
    """A logger of `part` (`feed:binance`, `web`): `.info("said no", why=...)`, with debug, warning and error."""
    return structlog.stdlib.get_logger(part)


def said_in_detail() -> bool:
    """Whether what is said at debug is heard by anybody."""
    return logging.getLogger().isEnabledFor(logging.DEBUG)


def set_up(level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
    """Start speaking: `level` debug, info, warning or error; `format` text, json, or auto (text on a terminal)."""
    stream = stream or sys.stderr
    as_text = format == "text" or (format == "auto" and stream.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    speaker = logging.StreamHandler(stream)
    ending = _ending(as_text, stream)
    speaker.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=ending))
    root = logging.getLogger()
    root.handlers[:] = [speaker]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")


def _ending(as_text: bool, stream: TextIO) -> list[Any]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_text:
        # The plain traceback: the pretty one prints local variables, and with them secrets.
        plain = structlog.dev.plain_traceback
        return [drop, structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
    return [drop, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
