"""Writes into a chat through Telegram's Bot API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import attrs
from attrs.validators import gt

from oracle.alerts.configs import TelegramConfig
from oracle.alerts.message import facts, one_line, own_text, shortened
from oracle.alerts.posting import Post, json_of, post, recipient, revealed, said_in_body
from oracle.alerts.rule import Rule
from oracle.alerts.sending import Tools
from oracle.model import Delivery

__all__ = ["Telegram"]

LONGEST = 4_096  # after the marks are read
LONGEST_VALUE = 500
_MARKS = re.compile(r"[\\_*\[\]()~`>#+\-=|{}.!]")


@attrs.frozen
class Telegram:
    """Sends one message into the one chat of its delivery: each chat of a rule has a delivery of its own, so none that took it
    is told again because another did not.

    Our own words come as MarkdownV2, with everything escaped that came from anywhere; a template's come as plain text. The
    answers mean what they mean to `webhook`; Telegram says `parameters.retry_after` in the body.
    """

    url: str = "https://api.telegram.org"
    """Where the Bot API is."""
    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        chat = recipient(delivery)
        token = revealed(rule, tools, "telegram", TelegramConfig).bot_token
        body = {"chat_id": chat, "link_preview_options": {"is_disabled": True}, **_text(rule, delivery.payload)}
        url = f"{self.url.rstrip('/')}/bot{quote(token, safe=':')}/sendMessage"
        wish = Post("POST", url, {"Content-Type": "application/json"}, json_of(body))
        return await post(tools, wish, self.timeout_s, said_in_body("parameters", "retry_after"))


def _text(rule: Rule, payload: Mapping[str, Any]) -> dict[str, str]:
    if own := own_text(rule, payload):
        return {"text": shortened(own, LONGEST)}
    rows = "\n".join(f"*{label}:* {_escaped(value)}" for label, value in facts(rule, payload))
    head = f"\N{BELL} *{_escaped(rule.name)}*\n{_escaped(rule.description)}"
    return {"text": f"{head}\n\n{rows}", "parse_mode": "MarkdownV2"}


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", one_line(text, LONGEST_VALUE))
