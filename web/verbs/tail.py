"""`oracle tail`."""

from __future__ import annotations

import re
from typing import Any

import click

from web import flags

__all__ = ["tail"]


@click.command()
@click.argument("pattern", default="*", shell_complete=flags.known("topics"))
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N messages.")
@click.option("--since", default="", metavar="EPOCH:OFFSET", help="Begin after this message, not with the newest of each topic.")
@click.option("--severity", type=click.Choice(("low", "medium", "high", "critical")), help="Only events at least so severe.")
@click.option("--grep", metavar="REGEX", help="Only lines in which this is found, in any case.")
@flags.server
@flags.JSON
def tail(pattern: str, count: int | None, since: str, severity: str | None, grep: str | None, as_json: bool,
         **where: Any) -> None:
    """Print what a running server publishes on PATTERN: a topic, or a beginning like quote:* (default: everything).

    It goes on over restarts of the server, and says on standard error whether anything was missed.
    """
    from oracle.model import Severity
    from oracle.problems import Invalid
    from web.commands.tail import Filter
    from web.commands.tail import tail as run
    from web.resume import Place

    try:
        Place.parse(since)
    except Invalid:
        raise click.BadParameter("a place is EPOCH:OFFSET, as each message says it", param_hint="--since") from None
    try:
        only = Filter(severity and Severity(severity), re.compile(grep, re.IGNORECASE) if grep else None)
    except re.error as wrong:
        raise click.BadParameter(f"no regular expression: {wrong}", param_hint="--grep") from None
    flags.run(lambda: run(lambda: flags.remote(**where), pattern, as_json=as_json, count=count, since=since, only=only))
