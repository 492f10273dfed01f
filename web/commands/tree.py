"""`oracle tree`: every actor of a running server, and how it is."""

from __future__ import annotations

import json

from web.remote import Remote
from web.terminal import show_tree

__all__ = ["tree"]


async def tree(remote: Remote, *, as_json: bool) -> None:
    """Print the live tree. Raises Unreachable."""
    node = await remote.get("api/oracle/tree")
    if as_json:
        print(json.dumps(node))
    else:
        show_tree(node)
