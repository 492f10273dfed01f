"""Command-line flags as settings tables, to be laid over file and environment."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from oracle.exchange import HttpFailed, Target
from oracle.problems import Bad, Invalid, Problem
from oracle.secret import Secret

__all__ = ["address", "feed_table", "reference", "tables"]


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
