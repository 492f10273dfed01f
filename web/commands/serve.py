"""`oracle serve`: the whole system and its web server, until told to end."""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import attrs
import trio

from actors import Child, Refused, wall_clock
from oracle import demo
from oracle.alerts import VaultBroken
from oracle.exchange import Target
from oracle.history import Broken
from oracle.log import logger
from oracle.presence import Presence
from oracle.problems import Invalid
from oracle.secret import SecretMissing, missing
from oracle.settings import Settings
from oracle.system import System, open_system, parts_of
from oracle.tls import exactly, shown
from web import hub, visitor
from web import server as web_server
from web.addresses import listeners
from web.app import make_app
from web.auth import Doorman
from web.ending import told_to_end
from web.failures import CannotStart
from web.presence import Claim, claim
from web.routes import Scope
from web.server import Listener

__all__ = ["serve"]

LOG = logger("serve")
COMMANDS_TOKEN = "commands.token"


async def serve(settings: Settings, notes: Iterable[str]) -> None:
    """Claim the data folder, bind, start everything, say `oracle ready`, and wait to be told to end; then end in order.

    Raises Invalid, CannotStart, and RestartsExhausted where the runtime has crashed.
    """
    parts_of(settings)  # refused before the folder is touched
    tls = shown(settings.server)
    for note in notes:
        LOG.warning(note)
    if tls and not any(address.secure for address in settings.server.listen):
        LOG.warning("there is a certificate, and no address that shows it: https://HOST:PORT would")
    end = trio.Event()
    with told_to_end(end.set), claim(settings.data.folder) as folder:
        doorman = _doorman(settings)
        bound = listeners(settings.server, tls)
        if demo.wanted(settings):
            settings = _reaching_itself(settings, bound[0])
        async with _opened(settings, doorman, bound) as system:
            await demo.settle(system, bound[0].url + "/")
            await _announce(folder, doorman, bound)
            await end.wait()
            LOG.info("ending")


@asynccontextmanager
async def _opened(settings: Settings, doorman: Doorman, bound: Sequence[Listener]) -> AsyncIterator[System]:
    """The running system with its web. Raises CannotStart where its history or its secrets can't be read."""
    try:
        async with open_system(
            settings, children=lambda system: _children(system, doorman, bound), trust=_own(bound[0])
        ) as system:
            yield system
    except VaultBroken as error:
        raise CannotStart(str(error)) from error
    except (Broken, Refused) as error:
        raise CannotStart(f"the history in {settings.data.folder}: {error}") from error


def _children(system: System, doorman: Doorman, bound: Sequence[Listener]) -> list[Child]:
    return [hub.child(), visitor.child(), web_server.child(make_app(system, doorman), bound)]


def _reaching_itself(settings: Settings, main: Listener) -> Settings:
    """The demonstration's webhook is delivered to this server, which is not at a public address."""
    own = main.url.partition("//")[2]
    return attrs.evolve(settings, http=attrs.evolve(settings.http, allow=(*settings.http.allow, own)))


def _own(main: Listener) -> dict[str, ssl.SSLContext]:
    """Whom to believe at this server's own address."""
    return {Target.parse(main.url).origin: exactly(main.tls.certificate)} if main.tls else {}


def _doorman(settings: Settings) -> Doorman:
    try:
        return Doorman.of(settings, wall_clock)
    except SecretMissing as gone:
        raise Invalid(missing(settings.auth, ("auth",))) from gone


async def _announce(folder: Claim, doorman: Doorman, bound: Sequence[Listener]) -> None:
    """Tell the commands on this machine, then people, where the server is."""
    reference = ""
    if doorman.mode != "open":
        token = secrets.token_urlsafe(32)
        doorman.tokens.trust(token, Scope.admin, "commands")
        reference = folder.keep(COMMANDS_TOKEN, token)
    url = bound[0].url + "/"
    folder.announce(Presence(url, os.getpid(), reference, bound[0].tls.certificate if bound[0].tls else ""))
    for other in bound[1:]:
        LOG.info("listening", url=other.url, surface=other.surface)
    # The last thing before it is shown: a start that fails earlier must not use up the one time.
    fresh = await _first_token(doorman)
    print(f"oracle ready {url}" + (f"?token={fresh}" if fresh else ""), flush=True)


async def _first_token(doorman: Doorman) -> str:
    try:
        fresh = await doorman.first_token()
    except Refused as refused:
        raise CannotStart(str(refused.reason)) from refused
    if doorman.mode == "token" and not fresh:
        LOG.info("the token is the one set, or the one printed at the first start (delete tokens.json for another)")
    return fresh
