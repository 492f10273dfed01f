"""Getting an obligation into the history, however long that takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from actors import Actor, ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.history import Commit

__all__ = ["COMMIT_TIMEOUT_S", "NOT_NOW", "committed", "stored"]

COMMIT_TIMEOUT_S = 4.0  # less than who asked waits

NOT_NOW = (Refused, AskTimeout, ActorCrashed, MailboxFull, NobodyOwns)
"""What an ask raises while the history can't say that it has the rows."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0


async def committed(actor: Actor, rows: tuple[Any, ...] | Callable[[], tuple[Any, ...]]) -> None:
    """Return once the history has committed `rows`; ask again for as long as it can't (a full disk may be emptied), with what
    `rows` gives then where that is asked for them.

    Rows may be stored twice when an answer was lost; every reader counts them once, by id. Raises Refused for rows that
    the history will never take.
    """
    wait_s = FIRST_WAIT_S
    while True:
        try:
            await actor.ask("history", Commit(rows() if callable(rows) else rows))
            return
        except NOT_NOW as no:
            if isinstance(no, Refused) and no.code != "unavailable":
                raise
            await trio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)


async def stored(actor: Actor, rows: tuple[Any, ...], what: str) -> None:
    """Return once the history has committed `rows`, which somebody waits for. Raises Refused `unavailable`, where nobody knows
    whether it has: `what` can't be stored now; or what the history says of rows that it will never take."""
    try:
        await actor.ask("history", Commit(rows), COMMIT_TIMEOUT_S)
    except NOT_NOW as no:
        if isinstance(no, Refused) and no.code != "unavailable":
            raise
        raise Refused(f"{what} can't be stored now: {no}", "unavailable") from no
