"""`oracle doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from web import flags
from web.exits import Exit

__all__ = ["doctor"]


@click.command()
@flags.SETTINGS
@flags.DATA
@flags.JSON
def doctor(file: Path | None, data: Path | None, as_json: bool) -> int:
    """Check this machine, the settings, and a running server's dependencies. Exit code 5 where something is wrong."""
    from web.commands.doctor import doctor as run

    good = flags.run(lambda: run(file, flags.tables(data=data), as_json=as_json))
    return Exit.done if good else Exit.unhealthy
