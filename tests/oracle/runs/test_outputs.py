"""Output and messages are read whole, in order, and once each."""

from actors import Published
from oracle.model import Chunk, Message
from oracle.runs.outputs import Outputs

from .stored import MINUTE_US, T0_US, kept, run


def said(ident, at_us, role="user", conversation="conv-1"):
    return Message(ident, conversation, role, f"{ident} says", "", {"n": 1}, at_us)


async def test_output_is_in_order_and_each_piece_once(tmp_path):
    async with kept(tmp_path) as house:
        outputs, task = Outputs(house.store, house.records.reader), run("t1", kind="task")
        assert await outputs.chunks(task) == []
        pieces = [Chunk("t1", n, "stderr" if n == 2 else "stdout", f"line {n}\n", T0_US + n) for n in range(1, 5)]
        house.rows(*pieces, Chunk("t2", 1, "stdout", "not mine", T0_US))
        house.store.write([Published(9 + i, T0_US + 40 * 86_400_000_000, "", one) for i, one in enumerate(pieces[:2])])
        assert await outputs.chunks(task) == pieces
        assert await outputs.chunks(task, after=1, limit=2) == pieces[1:3]
        assert await outputs.chunks(task, streams=("stderr",)) == [pieces[1]]


async def test_messages_are_in_order_and_each_once(tmp_path):
    async with kept(tmp_path) as house:
        outputs = Outputs(house.store, house.records.reader)
        lot = [said(f"msg-{n}", T0_US + n // 2 * MINUTE_US, "user" if n % 2 else "assistant") for n in range(6)]
        house.rows(*lot, said("msg-x", T0_US, conversation="conv-2"))
        house.store.write([Published(9, T0_US, "", lot[0])])  # committed, then published
        assert await outputs.messages("conv-1") == lot
        assert await outputs.messages("conv-1", limit=2, offset=1) == lot[1:3]
        assert await outputs.messages("conv-1", limit=2, newest=True) == lot[4:]
        assert await outputs.messages("conv-1", limit=2, offset=2, newest=True) == lot[2:4]
        assert await outputs.messages("conv-1", roles=("user",)) == lot[1::2]
        assert await outputs.messages("conv-1", since_us=T0_US + MINUTE_US) == lot[2:]
        assert [await outputs.message_count(one) for one in ("conv-1", "conv-2", "conv-3")] == [6, 1, 0]
