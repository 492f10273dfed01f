"""The channels: one file each, one line in the table below.

A channel is an attrs class whose fields are its settings, with `send(delivery, rule, tools) -> int`: the far end's status
(0 where there is none) once it has taken the delivery. It raises `oracle.alerts.sending.DeliveryFailed` otherwise, keeps
nothing between two calls, and sends `delivery.payload`, or what `oracle.alerts.message` makes of it, with `delivery.id`,
which is the same in every try. What it needs to be told is a config of `oracle.alerts.configs`. The last one, `command`, is no
delivery method: it carries the actions of rules.
"""

from __future__ import annotations

from oracle.alerts.channels.browser import Browser
from oracle.alerts.channels.command import Deed
from oracle.alerts.channels.discord import Discord
from oracle.alerts.channels.email import Email
from oracle.alerts.channels.log import Log
from oracle.alerts.channels.slack import Slack
from oracle.alerts.channels.sms import Sms
from oracle.alerts.channels.telegram import Telegram
from oracle.alerts.channels.webhook import Webhook

__all__ = ["CHANNELS"]

CHANNELS: dict[str, type] = {
    "email": Email,
    "telegram": Telegram,
    "webhook": Webhook,
    "slack": Slack,
    "discord": Discord,
    "sms": Sms,
    "browser": Browser,
    "log": Log,
    "command": Deed,
}
