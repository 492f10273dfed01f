"""`oracle tree`."""

from __future__ import annotations

from typing import Any

import click

from web import flags

__all__ = ["tree"]


@click.command()
@flags.server
@flags.JSON
def tree(as_json: bool, **where: Any) -> None:
    """Print the live actor tree of a running server."""
    from web.commands.tree import tree as run

    remote = flags.remote(**where)
    flags.run(lambda: run(remote, as_json=as_json))
