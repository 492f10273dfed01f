"""What the outside tells us by webhooks: who signs how, what it means, and which command it calls.

A provider is a file and a line in the table; everything here is pure. The actor that keeps webhooks and what came in by them is
`oracle.tasks.webhooks`.
"""

from oracle.inbound.custom import CUSTOM
from oracle.inbound.github import GITHUB
from oracle.inbound.incoming import Incoming, Provider
from oracle.inbound.jira import JIRA
from oracle.inbound.sentry import SENTRY
from oracle.inbound.slack import SLACK

__all__ = ["PROVIDERS", "Incoming", "Provider"]

PROVIDERS: dict[str, Provider] = {"github": GITHUB, "jira": JIRA, "slack": SLACK, "sentry": SENTRY, "custom": CUSTOM}
