"""`start` and `connect`: one runtime in a process, found again by whoever starts it again."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from actors import Refused
from oracle import log
from oracle.notebook.caller import Caller
from oracle.notebook.resident import House, Resident
from oracle.notebook.session import Session
from oracle.notebook.telling import Crashes
from oracle.plugins import plugged_in
from oracle.presence import find
from oracle.sdk.portal import Portal
from oracle.settings import Settings, load

__all__ = ["connect", "start"]

LOG_FILE = "notebook.log"
SERVED, HIDDEN = "web.hosting:served", "web.hosting:hidden"


@attrs.frozen
class _Wish:
    """What was asked for: of two starts that ask for the same the second finds the first."""

    settings: Settings
    serve: bool
    process: int


_turn = threading.Lock()
_running: tuple[_Wish, Session] | None = None


def start(*, serve: bool = False, settings: str | Path | None = None, data: str | Path | Mapping[str, Any] | None = None,
          **tables: Mapping[str, Any]) -> Session:  # fmt: skip
    """Run everything in this process, in a thread of its own, until `stop()` or the end of the process.

    `settings` is a TOML file, `data` the data folder (that of the `oracle` command where none is given), and each further word a
    table of the settings: `feeds={"binance": {"symbols": ["BTC-USDT"]}}`. With `serve=True` it listens as `oracle serve` does,
    page and all, and the commands find it; without, nobody gets in but this session. Where a server runs on the data folder
    already, this is a connection to it, and says so.

    Started again with the same words it is the same session. Raises Refused: `running` where the words differ, `locked` where
    another process has the folder and serves nobody, `cannot_start`; Invalid for settings that won't do.
    """
    if data is not None:
        tables["data"] = data if isinstance(data, Mapping) else {"folder": str(Path(data).expanduser())}
    given = Path(settings).expanduser() if settings is not None else None
    wish = _Wish(load(given, os.environ, tables), serve, os.getpid())
    with _turn:
        return _known(wish) or _remember(wish, _begun(wish, said=bool(given or tables.keys() - {"data"})))


def connect(url: str | None = None, token: str = "", certificate: str = "", *, data: str | Path | None = None) -> Session:
    """A session with a server that runs elsewhere: at `url` (with a `token` where it wants one), or on a data folder of this
    machine. Raises RemoteFailed where it does not answer, or refuses us; Invalid for what is no URL."""
    portal = Portal()
    try:
        return _connection(portal, url, token, certificate, data=data)
    except BaseException:
        portal.close()
        raise


def _connection(portal: Portal, url: str | None, token: str = "", certificate: str = "", **how: Any) -> Session:
    bare = Caller(url, token, certificate, **how)
    session = Session(portal, bare, "" if url is None else url.rstrip("/") + "/")
    session.__enter__()
    if url is None:
        session.url = bare.found_at
    return session


def _known(wish: _Wish) -> Session | None:
    if _running is None:
        return None
    before, session = _running
    if before.process != wish.process:
        return None
    if not session.alive:
        session.stop()  # it has crashed: what is left of it goes first
        return None
    if before == wish:
        return session
    differ = [name for name in attrs.asdict(before.settings, recurse=False)
              if getattr(before.settings, name) != getattr(wish.settings, name)]  # fmt: skip
    differ += ["serve"] * (before.serve != wish.serve)
    raise Refused(f"a runtime is started here already, with another {' and '.join(differ)}: rt.stop() ends it", "running")


def _remember(wish: _Wish, session: Session) -> Session:
    global _running
    _running = wish, session

    def forget() -> None:
        global _running
        if _running is not None and _running[1] is session:
            _running = None
        atexit.unregister(at_exit)

    def at_exit() -> None:
        if wish.process == os.getpid():
            session.stop()

    session.when_over(forget)
    atexit.register(at_exit)
    return session


def _begun(wish: _Wish, said: bool) -> Session:
    """A runtime here, or a connection to the one that has the folder; `said`: settings were given, that are then not in force."""
    folder = wish.settings.data.folder
    holder = find(folder)
    if holder is None or holder.pid == os.getpid():  # what a runtime of this process has left that crashed
        try:
            return _resident(wish)
        except Refused as no:
            holder = find(folder)
            if no.code != "locked":
                raise
            if holder is None:
                hint = "a notebook that is to share its runtime starts it with serve=True; data=... names another folder"
                raise Refused(f"{no.reason.partition(';')[0]}, which serves nobody; {hint}", "locked") from None
    portal = Portal()
    try:
        session = _connection(portal, None, data=folder)
    except BaseException:
        portal.close()
        raise
    unheard = "; what settings were given here are not in force there" if said else ""
    print(f"oracle: process {holder.pid} serves {folder} already, at {holder.url}: connected to it{unheard}", file=sys.stderr)
    return session


def _resident(wish: _Wish) -> Session:
    portal = Portal()
    resident = Resident(portal, _opening(wish))
    try:
        house = resident.begin()
    except BaseException:
        portal.close()
        raise
    crashes = Crashes()
    resident.when_ended(crashes.ended)
    bare = Caller(house.url, house.token, house.certificate, resident=resident, crashes=crashes)
    if house.first_token:
        print(f"oracle: {house.url}?token={house.first_token}", file=sys.stderr)
    session = Session(portal, bare, house.url, resident, served=wish.serve, folder=wish.settings.data.folder)
    session.when_over(crashes.close)
    return session


def _opening(wish: _Wish) -> Callable[[], AbstractAsyncContextManager[House]]:
    door = plugged_in(SERVED if wish.serve else HIDDEN)
    settings = wish.settings

    @asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        with ExitStack() as kept:
            try:
                kept.enter_context(log.kept_in(settings.data.folder / LOG_FILE, settings.log.level))
            except OSError as error:
                why = f"the data folder {settings.data.folder} can't be used: {error.strerror}"
                raise Refused(why, "cannot_start") from error
            async with door(settings) as house:
                yield house

    return opened
