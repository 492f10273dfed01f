"""Command-line flags: as settings tables, to be laid over file and environment, and as the options of several commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from oracle.exchange import HttpFailed, Target
from oracle.presence import Presence
from oracle.problems import Bad, Invalid, Problem
from oracle.remote import Remote
from oracle.secret import Secret
from oracle.settings import Settings, load
from oracle.settings_sources import from_env_file
from web.exits import Exit

__all__ = [
    "DATA", "FROM", "JSON", "SETTINGS", "TO", "Quiet", "address", "feed_table", "reference", "remote", "server", "tables",
]  # fmt: skip


def tables(*, data: Path | None = None, listen: Iterable[str] = (), seed_ports: bool = False, auth: str | None = None,
           feeds: Iterable[str] = (), demo: bool = True) -> dict[str, Any]:
    """Only what was said: a flag that was not given leaves the sources below alone. Raises Invalid."""
    said: dict[str, Any] = {}
    if data is not None:
        said["data"] = {"folder": str(data)}
    server: dict[str, Any] = {}
    if listen := list(listen):
        server["listen"] = listen
    if seed_ports:
        server["seed_ports"] = True
    if server:
        said["server"] = server
    if auth is not None:
        said["auth"] = {"mode": auth}
    if not demo:
        said["demo"] = {"enabled": False}
    if named := _feeds(feeds):
        said["feeds"] = named
    return said


def feed_table(text: str) -> tuple[str, dict[str, Any]]:
    """The name and table of `KIND[:SYMBOL,...]`; a KIND of somebody else's is `package.module:Class`. Raises Invalid."""
    parts = text.split(":")
    own = "." not in parts[0]  # KIND of the house; a module's name has a dot
    kind, rest = (parts[0], parts[1:]) if own else (":".join(parts[:2]), parts[2:])
    if not kind or len(rest) > 1:
        raise Invalid([Problem(("feeds",), "feed_parsing", "a feed is KIND or KIND:SYMBOL,SYMBOL", text)])
    table: dict[str, Any] = {"kind": kind}
    if rest:
        table["symbols"] = [symbol.strip() for symbol in rest[0].split(",") if symbol.strip()]
    return kind.rpartition(":")[2].lower(), table


def _feeds(texts: Iterable[str]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    said: dict[str, str] = {}
    for text in texts:
        name, table = feed_table(text)
        if name in named:
            why = (f"--feed {said[name]} and --feed {text} are both called {name!r}; name the symbols of one feed together, or "
                   f"give the second a name of its own in the settings file")
            raise Invalid([Problem(("feeds", name), "duplicate", why, text)])
        named[name], said[name] = table, text
    return named


def address(url: str) -> str:
    """The URL of a server, with a slash at its end. Raises BadParameter."""
    try:
        Target.parse(url)
    except HttpFailed as wrong:
        raise click.BadParameter(f"{wrong.message}; a server is named as http://HOST:PORT/") from wrong
    if "?" in url or "#" in url:
        raise click.BadParameter("a server is named as http://HOST:PORT/, without ? and #; its token goes into --token")
    return url.rstrip("/") + "/"


def reference(text: str) -> str:
    """Where a token lies. Raises BadParameter, without a word of what was given: it may be the token."""
    try:
        Secret.parse(text)
    except Bad as bad:
        raise click.BadParameter(f"{bad.reason}: others on this machine can read a command line") from None
    return text


def remote(file: Path | None, data: Path | None, url: str | None, token: str | None) -> Remote:
    """The server that was named, or that serves the data folder. Raises RemoteFailed."""
    if url is not None:
        return Remote.of(Presence(url, 0, token or ""))
    settings: Settings = load(file, os.environ, tables(data=data))
    return Remote.here(settings.data.folder)


class Quiet(click.Group):
    """Ends in silence where whoever read us has gone (`oracle tail | head`), which click would call a failure."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and hand out all it printed."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            # python would complain once more while it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.done


# ---- options that several commands have


def _with_env_file(_context: click.Context, _option: click.Parameter, file: Path | None) -> Path | None:
    """The settings file; what a .env file beside it says is part of the environment from here on."""
    if file is not None:
        from_env_file(file, os.environ)
    return file


SETTINGS = click.option("--settings", "file", type=click.Path(path_type=Path), metavar="FILE", callback=_with_env_file,
                        help="Settings file (TOML); settings.toml documents every key. A .env file beside it is read too.")
DATA = click.option("--data", type=click.Path(path_type=Path), metavar="DIR",
                    help="Data folder. [default: ~/.local/share/oracle]")
URL = click.option("--url", metavar="URL", callback=lambda _context, _option, text: text and address(text),
                   help="The server, where it is not found through the data folder.")
TOKEN = click.option("--token", metavar="REF", callback=lambda _context, _option, text: text and reference(text),
                     help="Its token with --url, as env:NAME or file:PATH.")
FROM = click.option("--from", "from_", metavar="TIME", help="First instant, ISO 8601 in UTC. [default: a day before the last]")
TO = click.option("--to", metavar="TIME", help="Last instant. [default: now]")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a command finds a server; `remote` takes them."""
    return SETTINGS(DATA(URL(TOKEN(command))))
