"""`oracle alert`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from web import flags

__all__ = ["alert"]

_book = click.argument("book", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))


@click.group()
def alert() -> None:
    """Alerts."""


@alert.command("backtest")
@click.argument("which", metavar="ID|FILE.json", shell_complete=flags.known("alerts"))
@flags.FROM
@flags.TO
@flags.server
@flags.JSON
def alert_backtest(which: str, from_: str | None, to: str | None, as_json: bool, **where: Any) -> None:
    """Try an alert on what was stored: when it would have fired, how often a day, and what it would have sent.

    ID names an alert there is; FILE.json holds one as it would be created.
    """
    from web.commands.alert import Here, alert_wish
    from web.commands.alert import alert_backtest as run
    from web.commands.backtest import There

    wish, alone = alert_wish(which, from_, to), flags.alone(**where)
    bench = Here(alone) if alone else There(flags.remote(**where), "/api/alerts/preview")
    flags.run(lambda: run(bench, wish, as_json=as_json))


@alert.command("export")
@_book
@flags.server
def alert_export(book: Path, **where: Any) -> None:
    """Write every alert of a running server into FILE as TOML, with its secrets masked; - is standard output."""
    from web.commands.alert import alert_export as run

    remote = flags.remote(**where)
    flags.run(lambda: run(remote, book))


@alert.command("import")
@_book
@click.option("--mode", type=click.Choice(["create", "replace", "skip"]), default="create", show_default=True,
              help="What becomes of an alert that is there already: refused, replaced, or left as it is.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@flags.server
@flags.JSON
def alert_import(book: Path, mode: str, dry_run: bool, as_json: bool, **where: Any) -> None:
    """Give a running server the alerts of FILE, an export or one like it; - is standard input.

    Each is taken by itself. Exit code 2 where one was refused.
    """
    from web.commands.alert import alert_import as run

    remote = flags.remote(**where)
    if not flags.run(lambda: run(remote, book, mode=mode, dry_run=dry_run, as_json=as_json)):
        raise click.ClickException("not every alert was taken")
