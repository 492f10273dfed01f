"""Writes into a channel of Discord through one of its webhooks."""

from __future__ import annotations

import re

import attrs
from attrs.validators import gt

from oracle.alerts.configs import DiscordConfig
from oracle.alerts.message import shortened, text_of, units
from oracle.alerts.posting import Post, json_of, post, revealed, said_in_body
from oracle.alerts.rule import Rule
from oracle.alerts.sending import Tools
from oracle.model import Delivery

__all__ = ["Discord"]

LONGEST = 2_000
SUPPRESS_EMBEDS = 1 << 2
_MARKS = re.compile(r"[\\*_~`|>\[\]()#<:-]")


@attrs.frozen
class Discord:
    """Sends text whose marks are escaped and whose mentions call nobody (`allowed_mentions`), without previews of links. The
    answers mean what they mean to `webhook`; Discord says `retry_after` in the body too."""

    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        config = revealed(rule, tools, "discord", DiscordConfig)
        content = _escaped(text_of(rule, delivery.payload))
        body = {"content": content, "allowed_mentions": {"parse": []}, "flags": SUPPRESS_EMBEDS}
        wish = Post("POST", config.url, {"Content-Type": "application/json"}, json_of(body))
        return await post(tools, wish, self.timeout_s, said_in_body("retry_after"))


def _escaped(text: str) -> str:
    """The text with every mark escaped, and short enough after that."""
    longest, text = LONGEST, text[: LONGEST + 1]
    while True:
        made = _MARKS.sub(r"\\\g<0>", shortened(text, longest))
        over = units(made) - LONGEST
        if over <= 0:
            return made
        longest -= (over + 1) // 2  # an escape is as long as what it escapes
