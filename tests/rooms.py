"""Who works off what: tests of a module stay together, with the server, browser or kernel they share. What loads a machine most
is with one worker, so that no two browsers compete for its cores, and begins first, so that nobody waits for it at the end."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

__all__ = ["Rooms", "place"]

ROOMS = {
    "browser": ("tests/web/page/",),
    "processes": ("tests/test_", "tests/oracle/notebook/", "tests/oracle/widget/"),
}
LONG = ("tests/web/fuzz/", "tests/web/test_cuts.py", "tests/oracle/alerts/test_sigkill.py", "tests/web/test_rfc6455.py",
        "tests/oracle/watchdogs/test_earned.py", "tests/web/test_hostile_values.py")  # fmt: skip


def room(nodeid: str) -> str:
    """The tests that are worked off one after the other by the same worker."""
    module = nodeid.partition("::")[0]
    return next((name for name, begins in ROOMS.items() if module.startswith(begins)), module)


def place(nodeid: str) -> int:
    """When it begins: the rooms of many, then what takes long, then the rest."""
    order = [*ROOMS, *LONG]
    return next((at for at, name in enumerate(order) if room(nodeid).startswith(name)), len(order))


class Rooms(LoadScopeScheduling):  # type: ignore[misc]
    """A worker that has nothing left takes the next room."""

    def _split_scope(self, nodeid: str) -> str:
        return room(nodeid)
