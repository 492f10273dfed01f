"""`oracle serve`."""

from __future__ import annotations

from pathlib import Path

import click

from web import flags

__all__ = ["serve"]


@click.command()
@flags.SETTINGS
@flags.DATA
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
    settings = flags.settings(file, said)
    log.set_up(settings.log.level, settings.log.format)
    flags.run(lambda: run(settings, flags.unused()))
