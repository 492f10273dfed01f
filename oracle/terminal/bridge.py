"""A bridge: an HTTP server beside a MetaTrader 5 terminal that answers GET /account and GET /positions in JSON."""

from __future__ import annotations

import codecs
from typing import Any, Protocol

import attrs
import msgspec

from oracle.http import Http, HttpFailed

__all__ = ["Answering", "Bridge", "Unanswered"]

TIMEOUT_S = 10.0


class Unanswered(Exception):
    """There is no answer now; its text says why."""


class Answering(Protocol):
    """Whoever can be asked for the account."""

    async def answer(self) -> tuple[Any, Any]:
        """Account and positions as they are said, unchecked. Raises Unanswered."""


@attrs.frozen
class Bridge:
    """The bridge at `url`, which has `timeout_s` for each of its two answers, of at most 1 MiB."""

    http: Http
    url: str
    timeout_s: float = TIMEOUT_S

    async def answer(self) -> tuple[Any, Any]:
        """See `Answering`."""
        return await self._get("account"), await self._get("positions")

    async def _get(self, what: str) -> Any:
        try:
            answer = await self.http.request("GET", f"{self.url.rstrip('/')}/{what}", timeout_s=self.timeout_s)
        except HttpFailed as failed:
            raise Unanswered(failed.message) from failed
        if answer.status != 200:
            raise Unanswered(f"the bridge answers /{what} with status {answer.status}")
        try:
            return msgspec.json.decode(answer.body.removeprefix(codecs.BOM_UTF8))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Unanswered(f"the bridge answers /{what} with what is no JSON") from error
