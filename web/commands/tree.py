"""`oracle tree`: every actor of a running server, and how it is."""

from __future__ import annotations

import json

from oracle.remote import Remote
from web.terminal import show_tree

__all__ = ["tree"]


async def tree(remote: Remote, *, as_json: bool) -> None:
    """Print the live tree. Raises RemoteFailed."""
    node = await remote.tell("GET", "api/oracle/tree")
    if as_json:
        print(json.dumps(node))
    else:
        show_tree(node)
