"""A bot with one import changed, as a process of its own: it starts its server, pushes, and both end together."""

import json
import os
import sys

import pytest
import trio
from running import open_house

from tests.forked import run_beside
from tests.serving import clean_env

BOT = """
import asyncio, json, sys, urllib.request
from pathlib import Path
from oracle.shims.stream_server import counts, flush, push_update, start_server

async def main():
    port = start_server(port=0)
    assert start_server() == port
    for n in range(300):
        push_update({"type": "TRADE_EXECUTION", "symbol": "XAUUSDm", "direction": "BUY", "price": 1.0 + n, "lot": 0.1})
    await asyncio.to_thread(flush, 30.0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state") as answer:
        state = json.load(answer)
    push_update({"type": "ACCOUNT_UPDATE", "account": {"balance": 5.0}})  # told while the process ends
    print(json.dumps({"port": port, "newest": state["recent_trades"][0]["price"], "sent": counts().sent}))

asyncio.run(main())
"""


async def test_a_bot_runs_with_one_import_changed(tmp_path):
    (tmp_path / "bot.py").write_text(BOT)
    env = clean_env(ORACLE__DATA__FOLDER=str(tmp_path / "data"), PYTHONPATH=os.pathsep.join(sys.path))
    done = await run_beside(tmp_path / "bot.py", timeout_s=90.0, env=env)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["newest"], told["sent"]) == (300.0, 300)
    with pytest.raises(OSError, match="all attempts"):
        await trio.open_tcp_stream("127.0.0.1", told["port"])
    async with open_house(tmp_path / "data") as house:  # the server has ended, and what was told last is in its history
        assert (await house.get("/api/account")).json == {"balance": 5.0}
