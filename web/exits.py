"""With which exit codes the `oracle` command ends."""

from __future__ import annotations

import enum

__all__ = ["EPILOG", "REFUSED", "Exit"]


class Exit(enum.IntEnum):
    """Exit codes; part of the interface."""

    done = 0
    crashed = 1
    usage = 2
    taken = 3
    unreachable = 4
    unhealthy = 5
    interrupted = 130


REFUSED = {"locked": Exit.taken, "not_found": Exit.usage, "exists": Exit.usage, "invalid": Exit.usage,
           "rejected": Exit.usage, "too_large": Exit.usage}  # fmt: skip
"""By the code of what was refused; all else is `crashed`."""

EPILOG = """\b
Exit codes:
  0    done; a server was told to end and has ended in order
  1    the runtime crashed, or something unforeseen happened
  2    wrong usage, or settings that were refused
  3    can't start: an address, the data folder or its history can't be had
  4    no server was found, or it does not answer
  5    oracle doctor found a fault
  130  interrupted; a server that is signalled twice ends at once with 128 + the signal's number
"""
"""What the help of the command says below its commands."""
