"""Classes that live in one process alone are known to the plug-in door, and can be sent to another process."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import attrs
import pytest

from actors import Refused
from oracle import cells
from oracle.problems import Bad
from oracle.watchdogs import watchdog_class

LOCK = threading.Lock()


@attrs.define
class Mine:
    """A decider."""

    limit: float = 1.0

    def update(self, message, now):
        return [self.limit * twice(message)]


def twice(number):
    return 2 * number


def test_a_class_that_is_kept_is_found_by_its_kind_until_it_is_forgotten():
    kind = cells.keep("mine", Mine)
    assert watchdog_class(kind) is Mine
    cells.forget("mine")
    with pytest.raises(Bad, match="this process keeps no class under 'mine'"):
        watchdog_class(kind)


def test_another_process_gets_it_with_what_it_uses():
    source = Path(__file__).read_text().partition("def test_")[0]
    here: dict = {"__name__": "__main__", "__file__": __file__}
    exec(compile(source, "<cell>", "exec"), here)  # as a cell does: in a module that nobody else can import
    kind = cells.keep("mine", here["Mine"])
    sent = cells.packed([kind, "price_anomaly"])
    assert list(sent) == ["mine"]
    program = "import sys; from oracle import cells; from oracle.watchdogs import watchdog_class\n" \
        f"cells.unpack({sent!r}); print(watchdog_class({kind!r})(limit=5.0).update(3, 0))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[30.0]\n", done.stderr
    cells.forget("mine")


def test_what_can_not_be_sent_says_why():
    held = threading.Lock()

    @attrs.define
    class Locked:
        def update(self, message, now):
            with held:
                return ()

    kind = cells.keep("locked", Locked)
    with pytest.raises(Refused, match=r"Locked can't be sent to the worker process: cannot pickle '_thread\.lock' object"):
        cells.packed([kind])
    cells.forget("locked")
