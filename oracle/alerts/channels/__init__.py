"""The channels: one file each, one line in the table below.

A channel is an attrs class whose fields are its settings, with `send(delivery, rule, tools) -> int`: the far end's status
(0 where there is none) once it has taken the delivery. It raises `oracle.alerts.sending.DeliveryFailed` otherwise, keeps
nothing between two calls, and sends `delivery.payload` with `delivery.id`, which is the same in every try.
"""

from __future__ import annotations

from oracle.alerts.channels.webhook import Webhook

__all__ = ["CHANNELS"]

CHANNELS: dict[str, type] = {
    "webhook": Webhook,
}
