"""The process is killed at each named point between a wish and its order's being worked and filled, again and again on one
folder: no order is lost that was answered with, each fill counts once, and the books add up. Real processes."""

import json
import signal
from collections import Counter
from pathlib import Path

from desks import CASH, FEE, PRICE, QUANTITY

from oracle.history import Store
from tests.forked import run_beside
from tests.serving import clean_env

CHILD = Path(__file__).with_name("desk_child.py")
# The visits fall on a wish's own commit, on what the broker calls it, and on one of its fills.
POINTS = ("desk:decided:1", "desk:committed:1", "desk:applied:1", "desk:placed:1", "desk:decided:3", "desk:committed:4",
          "desk:applied:3", "desk:placed:2")  # fmt: skip
COUNT = 2  # orders in each life
DEADLINE_S = 60.0


async def test_a_row_of_kills_loses_no_order_and_counts_each_fill_once(tmp_path):
    answered = set()
    for life, point in enumerate(POINTS):
        code, ids = await run_child(tmp_path, life, point)
        assert code == -signal.SIGKILL, f"{point} was not visited"
        answered |= ids
    code, ids = await run_child(tmp_path, len(POINTS))
    assert code == 0 and answered <= ids
    wanted = COUNT * (len(POINTS) + 1)
    assert len(ids) == wanted

    store = Store(tmp_path)
    store.open()
    try:
        states = {one.ref: one.value for one in store.states() if one.ref.startswith(("account:", "position:", "order:"))}
        with store.reading() as cursor:
            rows = cursor.execute("SELECT DISTINCT id, kind, data FROM event WHERE source = 'desk'").fetchall()
    finally:
        store.close()
    events = Counter(kind for _, kind, _ in rows)
    fills = Counter(json.loads(data)["id"] for _, kind, data in rows if kind == "fill")
    assert fills == {f"{ident}/{half}": 1 for ident in ids for half in range(2)}
    assert events["order_filled"] == events["order_submitted"] == wanted and events["account_opened"] == 1
    assert states.keys() == {"account:desk", "position:AAPL"}, "no order is open"
    spent = wanted * QUANTITY * PRICE + 2 * wanted * FEE
    assert states["account:desk"]["cash"] == CASH - spent and states["account:desk"]["fills"] == 2 * wanted
    assert (states["position:AAPL"]["quantity"], states["position:AAPL"]["avg_entry_price"]) == (wanted * QUANTITY, PRICE)


async def run_child(folder, life, point=""):
    """The exit code, and the ids of the orders that were answered with."""
    done = await run_beside(CHILD, folder, life, COUNT, point, timeout_s=DEADLINE_S, env=clean_env())
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode, {line.split()[1] for line in done.stdout.splitlines() if line.startswith("answer ")}
