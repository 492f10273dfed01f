"""Command-line flags: as settings tables, to be laid over file and environment, and as the options of several commands.

What the commands share is imported where it is used: the help, and the completion of a shell, cost only click.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from web.exits import Exit

if TYPE_CHECKING:
    from oracle.remote import Remote
    from oracle.settings import Settings

__all__ = [
    "DATA", "FROM", "JSON", "SETTINGS", "TO", "Commands", "address", "alone", "feed_table", "known", "reference", "remote", "run",
    "server", "settings", "tables", "unused",
]  # fmt: skip

T = TypeVar("T")


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
    from oracle.problems import Invalid, Problem

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
    from oracle.problems import Invalid, Problem

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
    from oracle.exchange import HttpFailed, Target

    try:
        Target.parse(url)
    except HttpFailed as wrong:
        raise click.BadParameter(f"{wrong.message}; a server is named as http://HOST:PORT/") from wrong
    if "?" in url or "#" in url:
        raise click.BadParameter("a server is named as http://HOST:PORT/, without ? and #; its token goes into --token")
    return url.rstrip("/") + "/"


def reference(text: str) -> str:
    """Where a token lies. Raises BadParameter, without a word of what was given: it may be the token."""
    from oracle.problems import Bad
    from oracle.secret import Secret

    try:
        Secret.parse(text)
    except Bad as bad:
        raise click.BadParameter(f"{bad.reason}: others on this machine can read a command line") from None
    return text


def settings(file: Path | None, said: Mapping[str, Any] | None = None) -> Settings:
    """Those in force: of the file, of the environment, and what was `said`. Raises Invalid."""
    from oracle.settings import load

    return load(file, os.environ, said or {})


def unused() -> list[str]:
    """A sentence for each variable of the environment that the seeds read and we don't."""
    from oracle.settings_sources import unused as notes

    return notes(os.environ)


def remote(file: Path | None, data: Path | None, url: str | None, token: str | None) -> Remote:
    """The server that was named, or that serves the data folder. Raises RemoteFailed."""
    from oracle.presence import Presence
    from oracle.remote import Remote

    if url is not None:
        return Remote.of(Presence(url, 0, token or ""))
    return Remote.here(settings(file, tables(data=data)).data.folder)


def alone(file: Path | None, data: Path | None, url: str | None, token: str | None) -> Settings | None:
    """The settings where no server was named and none serves the data folder: a command does then itself what it would have
    asked of one. None where `remote` has one. Raises Invalid."""
    from oracle.presence import find

    if url is not None:
        return None
    found = settings(file, tables(data=data))
    return found if find(found.data.folder) is None else None


def run(task: Callable[[], Awaitable[T]]) -> T:
    """Do what a command does, on trio. Raises what it raises."""
    import trio

    return trio.run(task)


def known(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Completes a word with what a running server knows: a table of `web.names`. Silent where none runs, or none answers soon."""

    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[Any]:
        from web.failed import FORESEEN
        from web.names import names

        where = {name: context.params.get(name) for name in ("file", "data", "url", "token")}
        try:
            return run(lambda: names(remote(**where), what, begun))
        except (*FORESEEN, click.BadParameter):
            return []

    return complete


class Commands(click.Group):
    """The commands of a table, each imported when it is meant: `module:name` of its declaration.

    A foreseen failure becomes a sentence and an exit code. Where whoever read us has gone (`oracle tail | head`) it ends in
    silence, which click would call a failure.
    """

    def __init__(self, *args: Any, commands: Mapping[str, str], **how: Any) -> None:
        super().__init__(*args, **how)
        self._table = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The declared one; None where there is none of that name."""
        if cmd_name not in self._table:
            return None
        module, _, name = self._table[cmd_name].partition(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and hand out all it printed."""
        from web.failed import FORESEEN, told

        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
            return code
        except FORESEEN as failure:
            return told(failure)
        except BrokenPipeError:
            # python would complain once more while it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.done


# ---- options that several commands have


def _with_env_file(_context: click.Context, _option: click.Parameter, file: Path | None) -> Path | None:
    """The settings file; what a .env file beside it says is part of the environment from here on."""
    if file is not None:
        from oracle.settings_sources import from_env_file

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
