"""`oracle replay`."""

from __future__ import annotations

from pathlib import Path

import click

from web import flags

__all__ = ["replay"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--speed", type=click.FloatRange(min=0), default=1.0, show_default=True, metavar="N",
              help="Times as fast as it was recorded; 0: as fast as it can be read.")
@click.option("--listen", default="127.0.0.1:0", show_default=True, metavar="HOST:PORT", help="Where to serve it.")
@flags.JSON
def replay(file: Path, speed: float, listen: str, as_json: bool) -> None:
    """Serve a recording of an exchange's WebSocket stream to every client that connects."""
    from web.commands.replay import replay as run

    flags.run(lambda: run(file, listen, speed=speed, as_json=as_json))
