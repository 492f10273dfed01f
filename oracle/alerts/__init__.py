"""Alerts: rules that hear what watchdogs say, and channels that carry it to people. To add a channel: see `channels`."""

from oracle.alerts.channels import CHANNELS
from oracle.alerts.rule import MASK, Rule, rule_of, with_secrets
from oracle.alerts.vault import VaultBroken
from oracle.alerts.wiring import alert_children

__all__ = ["CHANNELS", "MASK", "Rule", "VaultBroken", "alert_children", "rule_of", "with_secrets"]
