"""Makers of what tests of tasks need: each gives something valid, and takes what the test wants to be different.

    from .factories import TaskFactory, SessionFactory, TaskStatus
    from .factories import ConversationFactory, WebhookFactory
    from .factories.webhook_factory import WebhookValidationError
"""

from tests.factories.conversation_factory import ConversationFactory
from tests.factories.session_factory import Session, SessionFactory
from tests.factories.task_factory import TRANSITIONS, TaskFactory, TaskStatus
from tests.factories.webhook_factory import WebhookFactory, WebhookValidationError

__all__ = [
    "TRANSITIONS", "ConversationFactory", "Session", "SessionFactory", "TaskFactory", "TaskStatus", "WebhookFactory",
    "WebhookValidationError",
]  # fmt: skip
