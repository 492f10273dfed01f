"""A real kernel, as a notebook talks to it: cells are run, and what it says of widgets is heard."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from tests.plainly import plain_asyncio

__all__ = ["Kernel", "open_kernel"]

WITHIN_S = 60.0


class Kernel:
    """`traits` are those of each widget, by its id, as they are now; `shown` the ids of those that were displayed, in order;
    `texts` what cells printed or gave."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.traits: dict[str, dict[str, Any]] = {}
        self.shown: list[str] = []
        self.texts: list[str] = []
        self._printing = False

    def run(self, code: str) -> None:
        """A cell, to its end. Raises AssertionError with what it raised."""
        self._printing = False
        ident = self._client.execute(code)
        self._hear(lambda word: word["msg_type"] == "status" and word["content"]["execution_state"] == "idle"
                   and word["parent_header"].get("msg_id") == ident)  # fmt: skip

    def tell(self, widget: str, content: dict[str, Any]) -> None:
        """What `model.send` sends."""
        body = {"comm_id": widget, "data": {"method": "custom", "content": content}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", body))

    def until(self, done: Callable[[], bool]) -> None:
        """Hear until it is so."""
        if not done():
            self._hear(lambda _: done())

    def _hear(self, done: Callable[[dict[str, Any]], bool]) -> None:
        while True:
            try:
                word = self._client.get_iopub_msg(timeout=WITHIN_S)
            except queue.Empty:
                raise AssertionError(f"nothing more is heard; so far {self.texts}") from None
            self._take(word)
            if done(word):
                return

    def _take(self, word: dict[str, Any]) -> None:
        content = word["content"]
        match word["msg_type"]:
            case "error":
                raise AssertionError("\n".join(content["traceback"]))
            case "stream" if self._printing:  # what one cell prints may come in pieces
                self.texts[-1] += content["text"]
            case "stream":
                self.texts.append(content["text"])
                self._printing = True
            case "comm_open":
                self.traits[content["comm_id"]] = dict(content["data"]["state"])
            case "comm_msg" if content["data"].get("method") == "update":
                self.traits[content["comm_id"]] |= content["data"]["state"]
            case "execute_result" | "display_data":
                self.texts.append(content["data"].get("text/plain", ""))
                view = content["data"].get("application/vnd.jupyter.widget-view+json")
                self.shown += [view["model_id"]] if view else []


@contextmanager
def open_kernel(folder: Path, env: dict[str, str]) -> Iterator[Kernel]:
    """A plain Python kernel in a folder."""
    with plain_asyncio():
        yield from _open(folder, env)


def _open(folder: Path, env: dict[str, str]) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=env)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=WITHIN_S)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
