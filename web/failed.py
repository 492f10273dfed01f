"""Which failure of a command ends with which exit code, and what is said of it."""

from __future__ import annotations

import sys

from actors import Refused, RestartsExhausted
from oracle.problems import Invalid
from oracle.remote import RemoteFailed
from web.exits import REFUSED, Exit
from web.failures import CannotStart

__all__ = ["FORESEEN", "told"]

FORESEEN = (Invalid, CannotStart, RemoteFailed, Refused, RestartsExhausted)
"""How a command may fail; anything else is a bug of ours and keeps its traceback."""

NO = (400, 404, 409, 413, 422)


def told(failure: Exception) -> Exit:
    """Say on standard error how a command has failed; its exit code."""
    match failure:
        case Invalid():
            what, code = "the settings are refused", Exit.usage
        case CannotStart():
            what, code = "can't start", Exit.taken
        case RemoteFailed(status=status) if status in NO:
            what, code = "refused", Exit.usage
        case RemoteFailed():
            what, code = "no answer", Exit.unreachable
        case Refused(code=why):
            what, code = "refused", REFUSED.get(why, Exit.crashed)
        case _:
            what, code = "the runtime crashed", Exit.crashed
    print(f"oracle: {what}: " + str(failure).replace("\n", "\n  "), file=sys.stderr)
    return code
