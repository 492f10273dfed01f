"""Pieces with numbers: each is put out once, also where nobody knew whether it was."""

import pytest
import trio

from actors import Refused
from oracle.model import Chunk
from oracle.runs.run import Run
from oracle.tasks.sequences import STREAM, Sequences

RUN = Run("t", "task", {}, 0, attempts=1)


class Disk:
    """What is stored at once, or only when it has settled; `refuse` says that it is not known to be."""

    def __init__(self):
        self.stored, self.under_way, self.refuse, self.lose = [], [], False, False

    async def chunks(self, run, after, limit, streams):
        return [Chunk("t", n, STREAM, text, 0) for n, text in enumerate(self.stored, 1) if n > after]

    async def put(self, pieces):
        self.under_way += [text for _, text in pieces]
        if self.refuse:
            raise Refused("the disk is slow", "unavailable")
        await self.settle()

    async def settle(self):
        self.stored += [] if self.lose else self.under_way
        self.under_way = []


@pytest.mark.parametrize(("lost", "fresh"), [(False, False), (True, True)])
async def test_one_that_was_refused_and_is_sent_again_is_put_out_once(lost, fresh):
    disk, numbers = Disk(), Sequences()

    async def once(number):
        return await numbers.once(RUN, number, disk, disk.put, disk.settle)

    assert await once(1) and not await once(1)
    disk.refuse, disk.lose = True, lost
    with pytest.raises(Refused):
        await once(2)
    disk.refuse = False
    if lost:
        await disk.settle()
        disk.lose = False
    assert await once(2) is fresh and await once(3)
    assert disk.stored == ["1:1", "1:2", "1:3"]


async def test_of_two_that_come_at_once_one_is_put_out():
    disk, numbers, answers = Disk(), Sequences(), []

    async def once():
        answers.append(await numbers.once(RUN, 1, disk, disk.put, disk.settle))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(once)
        nursery.start_soon(once)
    assert sorted(answers) == [False, True] and disk.stored == ["1:1"]
