"""Writes into a channel of Slack through one of its incoming webhooks."""

from __future__ import annotations

import attrs
from attrs.validators import gt

from oracle.alerts.configs import SlackConfig
from oracle.alerts.message import shortened, text_of
from oracle.alerts.posting import Post, json_of, post, revealed
from oracle.alerts.rule import Rule
from oracle.alerts.sending import Tools
from oracle.model import Delivery

__all__ = ["Slack"]

LONGEST = 3_000  # of 40,000 that it takes; beyond 4,000 it hides the rest
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@attrs.frozen
class Slack:
    """Sends plain text: `<!channel>`, links and marks of Slack's markdown in it are shown as they are, and mean nothing. The
    answers mean what they mean to `webhook`."""

    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        config = revealed(rule, tools, "slack", SlackConfig)
        text = shortened(text_of(rule, delivery.payload), LONGEST).translate(_ESCAPES)
        body = {"text": text, "mrkdwn": False, "link_names": False, "unfurl_links": False, "unfurl_media": False}
        wish = Post("POST", config.url, {"Content-Type": "application/json"}, json_of(body))
        return await post(tools, wish, self.timeout_s)
