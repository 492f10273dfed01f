"""`oracle record`."""

from __future__ import annotations

from pathlib import Path

import click

from web import flags

__all__ = ["record"]


@click.command()
@click.argument("url", metavar="URL")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--send", "said", multiple=True, metavar="TEXT", help="Say this first, as a subscription; more than once for more.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="N", help="End after so long.")
@click.option("--frames", type=click.IntRange(min=1), metavar="N", help="End after so many frames.")
def record(url: str, file: Path, said: tuple[str, ...], seconds: float | None, frames: int | None) -> None:
    """Record a WebSocket stream into a new FILE, which `oracle replay` and the feed `file` play."""
    from web.commands.record import record as run

    flags.run(lambda: run(url, file, said=said, seconds=seconds, frames=frames))
