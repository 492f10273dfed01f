"""The factories: the imports are those that agent-bot's document prints."""

import pytest

from oracle.runs.run import MOVES

from .factories import ConversationFactory, SessionFactory, TaskFactory, TaskStatus, WebhookFactory
from .factories.webhook_factory import WebhookValidationError


@pytest.mark.parametrize("status", TaskStatus)
def test_a_task_of_every_status_can_be_had(status):
    task = TaskFactory.create(status)
    assert (task.status, task.over) == (status.run_status, status.is_terminal)
    assert (task.started_us is not None) is (status not in (TaskStatus.QUEUED, TaskStatus.CANCELLED))


def test_no_transition_is_one_that_a_run_would_refuse():
    assert all(b.run_status in MOVES[a.run_status] for a in TaskStatus for b in TaskStatus if a.can_become(b))
    assert [a for a in TaskStatus if a.is_terminal] == [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED]
    assert not TaskStatus.QUEUED.can_become(TaskStatus.COMPLETED)


def test_no_two_are_alike():
    assert len({task.id for task in TaskFactory.create_batch(5)}) == 5
    first, second = SessionFactory.create(tasks=2), SessionFactory.create(user_id="ada")
    assert first.session_id != second.session_id
    assert [task.session for task in first.tasks] == [first.session_id] * 2
    assert second.chat("hello", "conv-1")[0].endswith("&conversation_id=conv-1")
    assert WebhookFactory.create()["name"] != WebhookFactory.create()["name"]
    assert [one["role"] for one in ConversationFactory.exchange(2)] == ["user", "assistant"] * 2
    assert ConversationFactory.for_flow("jira:PROJ-1")["source"] == "jira"


@pytest.mark.parametrize("different", [
    {"provider": "gitlab"}, {"name": ""}, {"secret": "short"}, {"default_command": "none"},
    {"commands": [WebhookFactory.command(), WebhookFactory.command()]}, {"commands": [{"trigger": "*"}]},
])  # fmt: skip
def test_a_webhook_that_nobody_would_take_can_not_be_had(different):
    with pytest.raises(WebhookValidationError):
        WebhookFactory.create(**different)


@pytest.mark.parametrize(("path", "good"), [
    ("/webhooks/github", True), ("/webhooks/github/wh-0123456789ab", True), ("/webhooks/GitHub", False), ("/webhooks/", False),
    ("/hooks/github", False), ("/webhooks/a/b/c", False),
])  # fmt: skip
def test_an_endpoint_is_below_webhooks(path, good):
    if good:
        assert WebhookFactory.endpoint(path) == path
    else:
        with pytest.raises(WebhookValidationError):
            WebhookFactory.endpoint(path)
