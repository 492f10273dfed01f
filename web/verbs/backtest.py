"""`oracle backtest`."""

from __future__ import annotations

from typing import Any

import click

from web import flags

__all__ = ["backtest"]


@click.command()
@flags.FROM
@flags.TO
@click.option("--watchdog", "watchdogs", multiple=True, metavar="NAME", shell_complete=flags.known("watchdogs"),
              help="Only this one; more than once for more.")
@click.option("--set", "changes", multiple=True, metavar="NAME.KEY=VALUE", help="A setting of a watchdog for this run.")
@flags.server
@flags.JSON
def backtest(from_: str | None, to: str | None, watchdogs: tuple[str, ...], changes: tuple[str, ...], as_json: bool,
             **where: Any) -> None:
    """Run watchdogs over what was stored, with the deciders and the clock they have live.

    With their own settings they find what they said then, by the same ids. A running server does it beside its work; where
    none runs, this command opens the history itself.
    """
    from web.commands.backtest import Here, There, wish_of
    from web.commands.backtest import backtest as run

    wish = wish_of(from_, to, watchdogs, changes)
    alone = flags.alone(**where)
    bench = Here(alone) if alone else There(flags.remote(**where))
    flags.run(lambda: run(bench, wish, as_json=as_json))
