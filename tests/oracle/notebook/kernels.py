"""A real IPython kernel in a process of its own, spoken with as a notebook does."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from jupyter_client import BlockingKernelClient, KernelManager

from tests.plainly import plain_asyncio
from tests.serving import clean_env

REPO = Path(__file__).resolve().parents[3]
CELL_S = 60.0
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@attrs.frozen
class Cell:
    """What a cell gave: text on standard output and error, `data` shown by MIME type, the newest last, and its error."""

    out: str
    err: str
    data: list[dict[str, Any]]
    error: str
    trace: str


@attrs.define
class Kernel:
    """One that runs."""

    manager: KernelManager
    client: BlockingKernelClient

    def run(self, code: str, during: Any = None) -> Cell:
        """Run a cell to its end; `during` is called once it has printed something."""
        told: dict[str, str] = {"stdout": "", "stderr": ""}
        data: list[dict[str, Any]] = []

        def hear(message: dict[str, Any]) -> None:
            nonlocal during
            content = message["content"]
            match message["header"]["msg_type"]:
                case "stream":
                    told[content["name"]] += content["text"]
                    if during is not None:
                        during, act = None, during
                        act()
                case "display_data" | "execute_result" | "update_display_data":
                    data.append(content["data"])

        reply = self.client.execute_interactive(code, timeout=CELL_S, output_hook=hear)["content"]
        failed = reply["status"] == "error"
        trace = COLOURS.sub("", "\n".join(reply["traceback"])) if failed else ""
        return Cell(told["stdout"], told["stderr"], data, f"{reply['ename']}: {reply['evalue']}" if failed else "", trace)

    def interrupt(self) -> None:
        """As its button does."""
        self.manager.interrupt_kernel()

    def kill(self) -> None:
        """SIGKILL."""
        self.manager.signal_kernel(signal.SIGKILL)

    def restart(self) -> None:
        """Another process, after this one was killed."""
        self.client.stop_channels()
        self.manager.restart_kernel(now=True)
        self.client = _client(self.manager)


@contextmanager
def open_kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel that works in `folder`."""
    with plain_asyncio():
        yield from _open(folder)


def _open(folder: Path) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=clean_env(PYTHONPATH=str(REPO), IPYTHONDIR=str(folder / "ipython")))
    kernel = Kernel(manager, _client(manager))
    try:
        yield kernel
    finally:
        kernel.client.stop_channels()
        manager.shutdown_kernel(now=True)


def _client(manager: KernelManager) -> BlockingKernelClient:
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=CELL_S)
    return client
