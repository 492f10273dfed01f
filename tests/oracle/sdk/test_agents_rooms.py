"""Conversations and webhooks through their rooms, against a server."""

from __future__ import annotations

from running import open_served

from oracle.client import Client


async def test_conversations_and_webhooks(tmp_path):
    async with open_served(tmp_path) as house:
        oracle = Client(f"http://127.0.0.1:{house.port}")
        talk = await oracle.conversations.create("Talk", flow_id="jira:PROJ-1", command_id="mine")
        assert (await oracle.conversations.create("Talk", flow_id="jira:PROJ-1", command_id="mine")).id == talk.id
        for n in range(5):
            await oracle.conversations.say(talk.id, "user", f"word {n}")
        said = [one.content async for one in oracle.conversations.messages(talk.id, page_size=2)]
        assert said == [f"word {n}" for n in range(5)]
        assert [one["content"] for one in await oracle.conversations.context(talk.id, max_messages=2)] == ["word 3", "word 4"]
        assert (await oracle.conversations.by_flow("jira:PROJ-1")).id == talk.id
        await oracle.conversations.change(talk.id, is_archived=True)
        assert [one async for one in oracle.conversations.list()] == []
        assert [one.is_archived async for one in oracle.conversations.list(include_archived=True)] == [True]
        asked = await oracle.tasks.chat("hi", session_id="s1")
        assert [(one.role, one.task_id) async for one in oracle.conversations.messages(asked.conversation_id)] == [
            ("user", asked.id)
        ]

        hook = await oracle.webhooks.create("hook", "custom", secret="a secret of some length")
        assert hook.endpoint == f"/webhooks/custom/{hook.id}" and hook.has_secret
        await oracle.webhooks.disable(hook.id)
        assert {one.id: one.enabled async for one in oracle.webhooks.list()}[hook.id] is False
        assert await oracle.webhooks.events(webhook_id=hook.id) == ()
        assert (await oracle.webhooks.stats())["total_webhooks"] >= 1
        await oracle.webhooks.delete(hook.id)
        await oracle.conversations.delete(talk.id)
