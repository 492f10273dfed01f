"""The client that a session speaks through, on trio: it may have the runtime in its own process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors import Refused
from oracle.client import Client
from oracle.notebook.resident import Resident
from oracle.remote import Remote

__all__ = ["Caller"]


class Caller(Client):
    """A client of the runtime that is `resident` here, or of a server elsewhere, given as a client is."""

    def __init__(self, url: str | None = None, token: str = "", certificate: str = "", *, resident: Resident | None = None,
                 **how: Any) -> None:  # fmt: skip
        """Raises as `Client` does."""
        super().__init__(url, token, certificate, **how)
        self.resident = resident
        if resident is None:
            return
        find = self._find

        def found() -> Remote:
            if resident.here and not resident.alive:
                raise resident.epitaph()
            return find()

        self._find = found

    @property
    def found_at(self) -> str:
        """Where the server is now. Raises RemoteFailed where there is none."""
        return self._find().url

    async def ask_actor(self, name: str, message: object, timeout_s: float = 5.0) -> Any:
        """The answer of an actor. Raises Refused, AskTimeout, ActorCrashed (caused by what it crashed of), NobodyOwns,
        MailboxFull; Refused `elsewhere` where the runtime is in another process."""
        return await self._inside("ask an actor").system().runtime.ask(name, message, timeout_s)

    async def tell_actor(self, name: str, message: object) -> None:
        """Put a message into an actor's mailbox. Raises Refused `unheard` where nobody took it, and `elsewhere`."""
        if not self._inside("tell an actor something").system().runtime.tell(name, message):
            raise Refused(f"nobody called {name!r} took it; it is among the dead letters", "unheard")

    async def publish(self, message: Any) -> int:
        """Publish a message of `oracle.model`, or anything that has a topic; its offset. Raises Refused `elsewhere`."""
        return self._inside("publish an object").system().runtime.publish(message)

    async def push(self, rows: Sequence[Mapping[str, Any]], source: str = "notebook", *, command_id: str = "") -> Any:
        """Rows of `POST /api/oracle/push`, stored when this comes back; sent again with its `command_id` they are taken once.
        Raises RemoteFailed."""
        return await self.command("POST", "api/oracle/push", {"source": source, "rows": list(rows)}, id=command_id)

    def _inside(self, what: str) -> Resident:
        if self.resident is None:
            why = "this is a connection to a server in another process, and objects of this one do not travel there"
            raise Refused(f"can't {what}: {why}; oracle.start() runs one here", "elsewhere")
        return self.resident
