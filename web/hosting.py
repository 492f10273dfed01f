"""A running system with its web: on a claimed data folder, at bound addresses, until the block ends.

`host` is what `oracle serve` runs. A program that has a runtime in itself enters `served`, which others find too, or `hidden`,
where nobody comes in but that program.
"""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import attrs

from actors import Child, Refused, wall_clock
from oracle import demo
from oracle.alerts import VaultBroken
from oracle.exchange import Target
from oracle.history import Broken
from oracle.listen import Listen
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
from web.failures import CannotStart, FolderTaken
from web.presence import Claim, claim
from web.routes import Identity, Route, Scope
from web.server import Listener

__all__ = ["Host", "hidden", "host", "served"]

LOG = logger("serve")
COMMANDS_TOKEN = "commands.token"
OWNER = "owner"


@attrs.frozen(eq=False)
class Host:
    """What runs: `url` ends with a slash; `token` lets its owner in for everything; over TLS `certificate` (PEM) is the one to
    believe. `first_token` is there once, where a token is needed and nobody has one."""

    system: System
    doorman: Doorman
    bound: Sequence[Listener]
    token: str = attrs.field(repr=False)
    first_token: str = attrs.field(default="", repr=False)

    @property
    def url(self) -> str:
        """Where it is, with a slash at the end."""
        return self.bound[0].url + "/"

    @property
    def certificate(self) -> str:
        """What it shows over TLS, as PEM, or empty."""
        return self.bound[0].tls.certificate if self.bound[0].tls else ""


@asynccontextmanager
async def host(settings: Settings) -> AsyncIterator[Host]:
    """Claim the data folder, bind, start everything, and let the commands on this machine find it; at the end of the block end
    in order.

    Raises Invalid, CannotStart, and RestartsExhausted where the runtime has crashed.
    """
    parts_of(settings)  # refused before the folder is touched
    tls = shown(settings.server)
    if tls and not any(address.secure for address in settings.server.listen):
        LOG.warning("there is a certificate, and no address that shows it: https://HOST:PORT would")
    with claim(settings.data.folder) as folder:
        doorman = _doorman(settings)
        bound = listeners(settings.server, tls)
        if demo.wanted(settings):
            settings = _reaching_itself(settings, bound[0])
        async with _opened(settings, doorman, bound) as system:
            await demo.settle(system, bound[0].url + "/")
            yield await _announced(Host(system, doorman, bound, secrets.token_urlsafe(32)), folder)


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Host]:
    """`host` for a program of its own. Raises Refused where it can't start: `locked`, `cannot_start`; Invalid."""
    with _refusing():
        async with host(settings) as running:
            yield running


@asynccontextmanager
async def hidden(settings: Settings) -> AsyncIterator[Host]:
    """The same where nobody comes in but who has `Host.token`, which is known to this process alone. Raises as `served`."""
    there = attrs.evolve(settings.server, listen=(Listen("127.0.0.1", 0),), seed_ports=False, tls_certificate=None, tls_key=None)
    settings = attrs.evolve(settings, server=there, auth=attrs.evolve(settings.auth, mode="token"))
    with _refusing():
        parts_of(settings)
        with claim(settings.data.folder):
            doorman, token = _Sealed.of(settings, wall_clock), secrets.token_urlsafe(32)
            doorman.tokens.trust(token, Scope.admin, OWNER)
            bound = listeners(settings.server)
            async with _opened(settings, doorman, bound) as system:
                await demo.settle(system, bound[0].url + "/")
                yield Host(system, doorman, bound, token)


class _Sealed(Doorman):
    """Lets in its owner, and nobody else, not even to what is for everybody elsewhere."""

    def admit(self, route: Route, *, headers: Mapping[str, str], peer: str, **more: Any) -> Identity:
        who = super().admit(route, headers=headers, peer=peer, **more)
        if who.token != OWNER:
            raise Refused("this runtime belongs to the program that it runs in", code="unauthorized")
        return who


@contextmanager
def _refusing() -> Iterator[None]:
    """What hinders a start as a Refused, which is known where the web is not."""
    try:
        yield
    except FolderTaken as taken:
        raise Refused(str(taken), code="locked") from taken
    except CannotStart as hindered:
        raise Refused(str(hindered), code="cannot_start") from hindered


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
    finally:
        for listener in bound:
            listener.close()


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


async def _announced(running: Host, folder: Claim) -> Host:
    """Tell the commands on this machine where it is, and make the first token."""
    doorman, reference = running.doorman, ""
    if doorman.mode != "open":
        doorman.tokens.trust(running.token, Scope.admin, "commands")
        reference = folder.keep(COMMANDS_TOKEN, running.token)
    folder.announce(Presence(running.url, os.getpid(), reference, running.certificate))
    for other in running.bound[1:]:
        LOG.info("listening", url=other.url, surface=other.surface)
    # The last thing before it is shown: a start that fails earlier must not use up the one time.
    return attrs.evolve(running, first_token=await _first_token(doorman))


async def _first_token(doorman: Doorman) -> str:
    try:
        fresh = await doorman.first_token()
    except Refused as refused:
        raise CannotStart(str(refused.reason)) from refused
    if doorman.mode == "token" and not fresh:
        LOG.info("the token is the one set, or the one printed at the first start (delete tokens.json for another)")
    return fresh
