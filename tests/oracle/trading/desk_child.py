"""A desk in a process of its own, which a crash point may end: `desk_child.py FOLDER LIFE COUNT [POINT]`.

Wishes for COUNT orders in each life up to LIFE, those of former lives again; says `answer ID` for each order it was answered
with; ends in order once none is open. Its broker fills what it is given in two halves, and tells all of an order's fills again
whenever it is given that order.
"""

import sys
from pathlib import Path

import trio
from desks import FEE, PRICE, QUANTITY, T0_US, Market, open_room

from actors import Actor, Refused
from actors.testing import probe
from oracle.crash import arm
from oracle.trading.ledger import Fill
from oracle.trading.reports import Filled, Place, Working


class Eager(Actor):
    """Fills at once."""

    def receive(self, message):
        match message:
            case Place(order):
                self.fill(order)
                return f"e-{order.id}"
            case Working(orders):
                for order in orders:
                    self.fill(order)
                return []
        raise Refused("it is filled already", "not_found")

    def fill(self, order):
        for half in range(2):
            self.tell("desk", Filled(Fill(id=f"{order.id}/{half}", order_id=order.id, symbol=order.symbol, side=order.side,
                                          quantity=QUANTITY / 2, price=PRICE, fee=FEE, ts_us=self.now_us())))  # fmt: skip


async def main(folder: str, life: str, count: str, point: str = "") -> None:
    start_us = T0_US + int(life) * 3_600_000_000
    async with open_room(Path(folder), Market(), start_us=start_us, worker=Eager) as room:
        states = probe(room.runtime, "state:*")
        if point:
            arm(point)
        for number in range((int(life) + 1) * int(count)):
            order = await room.submit(quantity=QUANTITY, client_order_id=f"k-{number}")
            print("answer", order.id, flush=True)
        with trio.fail_after(20):
            while room.books.orders():
                await states.next()
        await room.heard()


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])
