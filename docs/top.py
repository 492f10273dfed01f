"""Draws docs/top.svg: what `oracle top` shows of a server that has run on the simulated market for a while.

    .venv/bin/python docs/top.py

Takes a minute. Nothing is drawn that the server did not say.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import trio
from rich.console import Console

from actors import wall_clock
from oracle.remote import Remote
from web.top.choice import Choice
from web.top.looking import look, past
from web.top.panes import head, panes
from web.top.screen import screen
from web.top.seen import Seen

TARGET = Path(__file__).with_name("top.svg")
WIDE, HIGH = 110, 34
AFTER_S = 45.0  # by then most watchdogs have spoken
SHOWN = Choice(folded=True, sort="rate")


def main() -> None:
    """Start a server, look at it, draw, and end it."""
    with tempfile.TemporaryDirectory() as folder:
        serve = [Path(sys.executable).with_name("oracle"), "serve", "--data", folder, "--listen", "127.0.0.1:0"]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                assert server.stdout is not None and server.stdout.readline().startswith("oracle ready")
                seen, now_us = trio.run(watched, Path(folder))
            finally:
                server.terminate()
    text, _ = screen(head(seen, now_us), panes(seen, SHOWN, now_us), SHOWN, WIDE, HIGH)
    console = Console(record=True, width=WIDE, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False)
    console.print(text)
    svg = console.export_svg(title="oracle top --fold --sort rate", unique_id="top")
    from_elsewhere = r"@font-face \{.*?\}\s*|<!--.*?-->\s*"
    TARGET.write_text(re.sub(from_elsewhere, "", svg, flags=re.DOTALL))


async def watched(folder: Path) -> tuple[Seen, int]:
    """What is known of the server after a while, and when that is (UTC microseconds)."""
    seen, remote = Seen(), Remote.here(folder)
    await trio.sleep(AFTER_S)
    seen.happened(await past(remote, 50))
    seen.looked(await look(remote), trio.current_time())
    await trio.sleep(2.0)
    seen.looked(await look(remote), trio.current_time())
    return seen, wall_clock()


if __name__ == "__main__":
    main()
