"""The `oracle` command: its flags, and which failure ends with which exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import trio

from actors import Refused, RestartsExhausted
from oracle.border import Invalid
from oracle.presence import find
from oracle.remote import RemoteFailed
from oracle.settings import load
from oracle.settings_sources import unused
from web import flags
from web.exits import EPILOG, REFUSED, Exit
from web.failures import CannotStart

__all__ = ["Exit", "main"]


def main() -> None:
    """Run the command line and exit."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        code = Exit.usage
    except (click.Abort, KeyboardInterrupt):
        code = Exit.interrupted
    except Invalid as refused:
        code = _say("the settings are refused", refused, Exit.usage)
    except CannotStart as taken:
        code = _say("can't start", taken, Exit.taken)
    except RemoteFailed as no:
        code = _say("refused", no, Exit.usage) if no.status in (400, 404, 409, 422) else _say("no answer", no, Exit.unreachable)
    except Refused as no:
        code = _say("refused", no, REFUSED.get(no.code, Exit.crashed))
    except RestartsExhausted as crash:
        code = _say("the runtime crashed", crash, Exit.crashed)
    sys.exit(code or Exit.done)


def _say(what: str, error: Exception, code: Exit) -> Exit:
    print(f"oracle: {what}: " + str(error).replace("\n", "\n  "), file=sys.stderr)
    return code


# ---- commands


_settings, _data, _server, _json = flags.SETTINGS, flags.DATA, flags.server, flags.JSON
_from, _to = flags.FROM, flags.TO
_book = click.argument("book", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))


@click.group(cls=flags.Quiet, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oracle-runtime", prog_name="oracle")
def cli() -> None:
    """Watches live things and acts on them: feeds, watchdogs, alerts and their history, on supervised actors."""


@cli.command()
@_settings
@_data
@click.option("--listen", multiple=True, metavar="[https://]HOST:PORT[/SURFACE]",
              help="Where to listen; more than once for more. Port 0 is any free one; https:// shows server.tls_certificate. "
                   "[default: the first free port of 127.0.0.1:8000 to 8009]")
@click.option("--seed-ports", is_flag=True, help="Listen on 127.0.0.1:3001 (flopy_net) and 127.0.0.1:5000 (agent_bot) too.")
@click.option("--auth", type=click.Choice(["local", "open", "token"]),
              help="Who may use it; local: this machine, with a token for /api/v1. Other addresses than loopback need token.")
@click.option("--feed", "feeds", multiple=True, metavar="KIND[:SYMBOL,...]",
              help="Run this feed; more than once for more. Only the feeds named here run.")
@click.option("--no-demo", is_flag=True, help="No simulated market where no feed is set.")
def serve(file: Path | None, data: Path | None, listen: tuple[str, ...], seed_ports: bool, auth: str | None,
          feeds: tuple[str, ...], no_demo: bool) -> None:
    """Run everything until told to end.

    Prints `oracle ready URL` on standard output once it answers. SIGTERM or SIGINT ends it in order; a second one at once.
    """
    from oracle import log
    from web.commands.serve import serve as run

    said = flags.tables(data=data, listen=listen, seed_ports=seed_ports, auth=auth, feeds=feeds, demo=not no_demo)
    settings = load(file, os.environ, said)
    log.set_up(settings.log.level, settings.log.format)
    trio.run(run, settings, unused(os.environ))


@cli.command()
@click.argument("pattern", default="*")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N messages.")
@click.option("--since", default="", metavar="EPOCH:OFFSET", help="Begin after this message, not with the newest of each topic.")
@_server
@_json
def tail(pattern: str, count: int | None, since: str, as_json: bool, **where: Any) -> None:
    """Print what a running server publishes on PATTERN: a topic, or a beginning like quote:* (default: everything).

    It goes on over restarts of the server, and says on standard error whether anything was missed.
    """
    from web.commands.tail import tail as run
    from web.resume import Place

    try:
        Place.parse(since)
    except Invalid:
        raise click.BadParameter("a place is EPOCH:OFFSET, as each message says it", param_hint="--since") from None
    trio.run(lambda: run(lambda: flags.remote(**where), pattern, as_json=as_json, count=count, since=since))


@cli.command()
@_server
@_json
def tree(as_json: bool, **where: Any) -> None:
    """Print the live actor tree of a running server."""
    from web.commands.tree import tree as run

    remote = flags.remote(**where)
    trio.run(lambda: run(remote, as_json=as_json))


@cli.command()
@_settings
@_data
@_json
def doctor(file: Path | None, data: Path | None, as_json: bool) -> int:
    """Check this machine, the settings, and a running server's dependencies. Exit code 5 where something is wrong."""
    from web.commands.doctor import doctor as run

    good = trio.run(lambda: run(file, flags.tables(data=data), as_json=as_json))
    return Exit.done if good else Exit.unhealthy


@cli.command()
@_from
@_to
@click.option("--watchdog", "watchdogs", multiple=True, metavar="NAME", help="Only this one; more than once for more.")
@click.option("--set", "changes", multiple=True, metavar="NAME.KEY=VALUE", help="A setting of a watchdog for this run.")
@_server
@_json
def backtest(from_: str | None, to: str | None, watchdogs: tuple[str, ...], changes: tuple[str, ...], as_json: bool,
             **where: Any) -> None:
    """Run watchdogs over what was stored, with the deciders and the clock they have live.

    With their own settings they find what they said then, by the same ids. A running server does it beside its work; where
    none runs, this command opens the history itself.
    """
    from web.commands.backtest import Here, There, wish_of
    from web.commands.backtest import backtest as run

    wish = wish_of(from_, to, watchdogs, changes)
    settings = load(where["file"], os.environ, flags.tables(data=where["data"]))
    alone = where["url"] is None and find(settings.data.folder) is None
    bench = Here(settings) if alone else There(flags.remote(**where))
    trio.run(lambda: run(bench, wish, as_json=as_json))


@cli.group()
def alert() -> None:
    """Alerts."""


@alert.command("backtest")
@click.argument("which", metavar="ID|FILE.json")
@_from
@_to
@_server
@_json
def alert_backtest(which: str, from_: str | None, to: str | None, as_json: bool, **where: Any) -> None:
    """Try an alert on what was stored: when it would have fired, how often a day, and what it would have sent.

    ID names an alert there is; FILE.json holds one as it would be created.
    """
    from web.commands.alert import Here, alert_wish
    from web.commands.alert import alert_backtest as run
    from web.commands.backtest import There

    wish, settings = alert_wish(which, from_, to), load(where["file"], os.environ, flags.tables(data=where["data"]))
    alone = where["url"] is None and find(settings.data.folder) is None
    bench = Here(settings) if alone else There(flags.remote(**where), "/api/alerts/preview")
    trio.run(lambda: run(bench, wish, as_json=as_json))


@alert.command("export")
@_book
@_server
def alert_export(book: Path, **where: Any) -> None:
    """Write every alert of a running server into FILE as TOML, with its secrets masked; - is standard output."""
    from web.commands.alert import alert_export as run

    remote = flags.remote(**where)
    trio.run(lambda: run(remote, book))


@alert.command("import")
@_book
@click.option("--mode", type=click.Choice(["create", "replace", "skip"]), default="create", show_default=True,
              help="What becomes of an alert that is there already: refused, replaced, or left as it is.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@_server
@_json
def alert_import(book: Path, mode: str, dry_run: bool, as_json: bool, **where: Any) -> None:
    """Give a running server the alerts of FILE, an export or one like it; - is standard input.

    Each is taken by itself. Exit code 2 where one was refused.
    """
    from web.commands.alert import alert_import as run

    remote = flags.remote(**where)
    if not trio.run(lambda: run(remote, book, mode=mode, dry_run=dry_run, as_json=as_json)):
        raise click.ClickException("not every alert was taken")


@cli.group()
def token() -> None:
    """Tokens: who may use the server, and for what."""


@token.command("create")
@click.option("--scope", type=click.Choice(["read", "operate", "admin"]), default="read", show_default=True,
              help="What it may do; each includes the ones before.")
@click.option("--ttl", default="30d", show_default=True, metavar="TIME", help="How long it lasts: 90m, 12h, 30d, never.")
@click.option("--name", default="", metavar="NAME", help="What it is called in the log of what is done with it.")
@click.option("--jwt", is_flag=True, help="A JWT (HS256) instead of a key of random bits.")
@_server
@_json
def token_create(scope: str, ttl: str, name: str, jwt: bool, as_json: bool, **where: Any) -> None:
    """Make a token and print it; only its hash is stored, so it is not shown again."""
    from web.commands.token import kept
    from web.commands.token import token_create as run

    wish = {"scope": scope, "ttl": ttl, "name": name, "jwt": jwt}
    trio.run(lambda: run(kept(**where), wish, as_json=as_json))


@token.command("list")
@_server
@_json
def token_list(as_json: bool, **where: Any) -> None:
    """Print the tokens there are, without their secrets."""
    from web.commands.token import kept
    from web.commands.token import token_list as run

    trio.run(lambda: run(kept(**where), as_json=as_json))


@token.command("revoke")
@click.argument("ident", metavar="ID")
@_server
def token_revoke(ident: str, **where: Any) -> None:
    """Take a token back, at once; what it opened is closed."""
    from web.commands.token import kept
    from web.commands.token import token_revoke as run

    trio.run(lambda: run(kept(**where), ident))


@cli.group()
def config() -> None:
    """Settings."""


@config.command()
@_settings
@_json
def check(file: Path | None, as_json: bool) -> None:
    """Say whether the settings are good, and print those in force."""
    from web.commands.config import config_check

    config_check(load(file, os.environ), unused(os.environ), as_json=as_json)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--speed", type=click.FloatRange(min=0), default=1.0, show_default=True, metavar="N",
              help="Times as fast as it was recorded; 0: as fast as it can be read.")
@click.option("--listen", default="127.0.0.1:0", show_default=True, metavar="HOST:PORT", help="Where to serve it.")
@_json
def replay(file: Path, speed: float, listen: str, as_json: bool) -> None:
    """Serve a recording of an exchange's WebSocket stream to every client that connects."""
    from web.commands.replay import replay as run

    trio.run(lambda: run(file, listen, speed=speed, as_json=as_json))


@cli.command()
@click.argument("url", metavar="URL")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--send", "said", multiple=True, metavar="TEXT", help="Say this first, as a subscription; more than once for more.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="N", help="End after so long.")
@click.option("--frames", type=click.IntRange(min=1), metavar="N", help="End after so many frames.")
def record(url: str, file: Path, said: tuple[str, ...], seconds: float | None, frames: int | None) -> None:
    """Record a WebSocket stream into a new FILE, which `oracle replay` and the feed `file` play."""
    from web.commands.record import record as run

    trio.run(lambda: run(url, file, said=said, seconds=seconds, frames=frames))
