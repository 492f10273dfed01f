"""Costly questions take turns, and not too many of them wait."""

import pytest
import trio

from actors import Refused
from oracle.history.turns import Turns


async def test_some_are_asked_at_once_some_wait_and_the_rest_is_refused(autojump_clock):
    turns, log = Turns(2, 1), []

    async def ask(who):
        async with turns.one():
            log.append(f"+{who}")
            await trio.sleep(10)
            log.append(f"-{who}")

    async with trio.open_nursery() as nursery:
        for who in "abc":
            nursery.start_soon(ask, who)
            await trio.sleep(1)
        with pytest.raises(Refused) as no:
            await ask("d")
        assert (no.value.code, log) == ("full", ["+a", "+b"])
    assert log == ["+a", "+b", "-a", "+c", "-b", "-c"]
    await ask("e")
