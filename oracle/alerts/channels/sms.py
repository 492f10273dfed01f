"""Sends a text message to a telephone through Twilio's API."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import attrs
from attrs.validators import gt

from oracle.alerts.configs import SmsConfig
from oracle.alerts.message import own_text, shortened, subject_of
from oracle.alerts.posting import Post, post, recipient, revealed
from oracle.alerts.rule import Rule
from oracle.alerts.sending import Tools
from oracle.model import Delivery

__all__ = ["Sms"]

LONGEST = 480  # of the 1,600 that Twilio takes: each 70 or 160 characters cost money


@attrs.frozen
class Sms:
    """Sends one message to the one number of its delivery: each number of a rule has a delivery of its own. The answers mean
    what they mean to `webhook`."""

    url: str = "https://api.twilio.com"
    """Where Twilio's API is."""
    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        number = recipient(delivery)
        config = revealed(rule, tools, "sms", SmsConfig)
        form = {"To": number, _sender(config.from_number): config.from_number, "Body": _text(rule, delivery)}
        login = base64.b64encode(f"{config.account_sid}:{config.auth_token}".encode()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {login}"}
        url = f"{self.url.rstrip('/')}/2010-04-01/Accounts/{config.account_sid}/Messages.json"
        return await post(tools, Post("POST", url, headers, urlencode(form).encode()), self.timeout_s)


def _sender(number: str) -> str:
    return "MessagingServiceSid" if number.startswith("MG") and len(number) == 34 else "From"


def _text(rule: Rule, delivery: Delivery) -> str:
    event = delivery.payload.get("event") or {}
    own = own_text(rule, delivery.payload)
    return shortened(own or f"{subject_of(rule, delivery.payload)}\n{event.get('description', '')}", LONGEST)
