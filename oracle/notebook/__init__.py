"""A runtime in a program or a notebook, and a server elsewhere, by the same words: `start` and `connect`.

`session` is what both give; `resident` is the runtime that lives in this process, in a thread of its own.
"""

from oracle.notebook.begin import connect, start
from oracle.notebook.session import Session

__all__ = ["Session", "connect", "start"]
