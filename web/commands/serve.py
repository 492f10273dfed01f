"""`oracle serve`: the whole system and its web server, until told to end."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence

import trio

from actors import Child
from oracle.log import logger
from oracle.problems import Bad, Invalid
from oracle.secret import SecretMissing
from oracle.settings import Settings
from oracle.system import System, open_system
from web import hub, sockets
from web import server as web_server
from web.addresses import listeners
from web.app import make_app
from web.auth import Doorman, Tokens
from web.ending import told_to_end
from web.presence import Claim, Presence, claim
from web.routes import Scope
from web.server import Listener

__all__ = ["serve"]

LOG = logger("serve")
CLI_TOKEN = "cli.token"


async def serve(settings: Settings, notes: Iterable[str]) -> None:
    """Claim the data folder, bind, start everything, say `oracle ready`, and wait to be told to end; then end in order.

    Raises Invalid, FolderTaken, AddressTaken, and RestartsExhausted where the runtime has crashed.
    """
    for note in notes:
        LOG.warning(note)
    end = trio.Event()
    with told_to_end(end.set), claim(settings.data.folder) as folder:
        bound = listeners(settings.server)
        key = _Key(settings, folder)
        async with open_system(settings, children=lambda system: _children(system, key, bound)) as system:
            key.cut(system.runtime.now_us())
            main = bound[0].url + "/"
            folder.announce(Presence(main, os.getpid(), key.for_commands))
            for other in bound[1:]:
                LOG.info("listening", url=other.url, surface=other.surface)
            print(f"oracle ready {main}{key.query}", flush=True)
            await end.wait()
            LOG.info("ending")


def _children(system: System, key: _Key, bound: Sequence[Listener]) -> list[Child]:
    app = make_app(system, Doorman(system.settings.auth.mode, key.tokens, system.runtime.now_us))
    return [hub.child(), sockets.child(), web_server.child(system, app, bound)]


class _Key:
    """The tokens of this server, and who hears of them. In mode open nobody needs any."""

    def __init__(self, settings: Settings, folder: Claim) -> None:
        self.tokens = Tokens(settings.data.folder)
        self.query = ""
        self.for_commands = ""
        self._auth = settings.auth
        self._folder = folder
        self._given = self._reveal() if settings.auth.mode == "token" and settings.auth.token else ""

    def cut(self, now_us: int) -> None:
        """Make what mode token needs: one for the owner, shown once and never again, and one for the commands here."""
        if self._auth.mode != "token":
            return
        if self._given:
            self.tokens.trust(self._given, Scope.admin, "owner")
        elif len(self.tokens) == 0:
            self.query = f"?token={self.tokens.mint(Scope.admin, now_us, name='owner')}"
        else:
            LOG.info("the token printed at the first start is still good; without tokens.json a new one is made")
        own = secrets.token_urlsafe(32)
        self.tokens.trust(own, Scope.admin, "commands")
        self.for_commands = self._folder.keep(CLI_TOKEN, own)

    def _reveal(self) -> str:
        assert self._auth.token is not None
        try:
            return self._auth.token.reveal()
        except SecretMissing as missing:
            raise Invalid([Bad("secret_missing", str(missing)).at(("auth", "token"), str(self._auth.token))]) from missing
