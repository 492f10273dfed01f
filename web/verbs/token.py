"""`oracle token`."""

from __future__ import annotations

from typing import Any

import click

from web import flags

__all__ = ["token"]


@click.group()
def token() -> None:
    """Tokens: who may use the server, and for what."""


@token.command("create")
@click.option("--scope", type=click.Choice(["read", "operate", "admin"]), default="read", show_default=True,
              help="What it may do; each includes the ones before.")
@click.option("--ttl", default="30d", show_default=True, metavar="TIME", help="How long it lasts: 90m, 12h, 30d, never.")
@click.option("--name", default="", metavar="NAME", help="What it is called in the log of what is done with it.")
@click.option("--jwt", is_flag=True, help="A JWT (HS256) instead of a key of random bits.")
@flags.server
@flags.JSON
def token_create(scope: str, ttl: str, name: str, jwt: bool, as_json: bool, **where: Any) -> None:
    """Make a token and print it; only its hash is stored, so it is not shown again."""
    from web.commands.token import kept
    from web.commands.token import token_create as run

    wish = {"scope": scope, "ttl": ttl, "name": name, "jwt": jwt}
    flags.run(lambda: run(kept(**where), wish, as_json=as_json))


@token.command("list")
@flags.server
@flags.JSON
def token_list(as_json: bool, **where: Any) -> None:
    """Print the tokens there are, without their secrets."""
    from web.commands.token import kept
    from web.commands.token import token_list as run

    flags.run(lambda: run(kept(**where), as_json=as_json))


@token.command("revoke")
@click.argument("ident", metavar="ID", shell_complete=flags.known("tokens"))
@flags.server
def token_revoke(ident: str, **where: Any) -> None:
    """Take a token back, at once; what it opened is closed."""
    from web.commands.token import kept
    from web.commands.token import token_revoke as run

    flags.run(lambda: run(kept(**where), ident))
