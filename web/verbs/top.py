"""`oracle top`."""

from __future__ import annotations

import sys
from typing import Any

import click

from web import flags

__all__ = ["top"]

SORTS = ("tree", "rate", "depth", "restarts", "name")


@click.command()
@click.option("--sort", type=click.Choice(SORTS), default="tree", show_default=True, help="How the actors are sorted.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", shell_complete=flags.known("kinds"), 
              help="Only actors of this kind (watchdog, feed); more than once for more.")
@click.option("--fold", is_flag=True, help="Only the actors below the root, each with all below it, and those that aren't well.")
@click.option("--every", type=click.FloatRange(min=0.1, max=3600), default=1.0, show_default=True, metavar="SECONDS",
              help="Between two looks.")
@click.option("--once", is_flag=True, help="Print it once and end, as where standard output is no terminal.")
@flags.server
@flags.JSON
def top(sort: str, kinds: tuple[str, ...], fold: bool, every: float, once: bool, as_json: bool, **where: Any) -> int:
    """Show a running server as it goes: its actors, feeds, alerts and newest events.

    It goes on over restarts of the server. Keys: q ends it, tab goes to the next pane, arrows scroll it, s sorts, f folds,
    / filters.
    """
    from web.commands.top import top as run
    from web.commands.top import top_once
    from web.top.choice import Choice

    choice = Choice(sort=sort, kinds=kinds, folded=fold)

    def find() -> Any:
        return flags.remote(**where)

    if once or as_json or not (sys.stdout.isatty() and sys.stdin.isatty()):
        flags.run(lambda: top_once(find, choice, as_json=as_json))
        return 0
    return flags.run(lambda: run(find, choice, every))
