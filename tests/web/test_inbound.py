"""Deliveries of webhooks: verified, on disk before they are answered, matched, and made a task of, each once."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from running import open_house

from oracle.secret import MASK
from oracle.settings import Auth, Data, Scheduler, Settings, Tasks
from oracle.settings_runs import Budget
from tests.factories import ConversationFactory, WebhookFactory
from tests.factories.webhook_factory import SECRET
from tests.soak import rounds

ALL = "/api/webhooks"
EVENT = {"event_id", "webhook_id", "provider", "event_type", "task_id", "matched_command", "response_sent", "created_at"}


def make(house, **different):
    reply = house.post(ALL, json=WebhookFactory.create(**different))
    assert reply.status == 201, reply.body
    return reply.json["data"]


def deliver(house, hook, payload=None, headers=(), **how):
    body, signed = WebhookFactory.delivery(WebhookFactory.comment() if payload is None else payload, **how)
    return house.post(hook["endpoint"], data=body, headers={**signed, **dict(headers)})


def run_of(house, task):
    """The run as it is on the board."""
    items = house.get("/api/oracle/board?kind=run").json["items"]
    return next(one["value"] for one in items if one["ref"] == f"run:{task}")


def pieces(house, task):
    """What is in the log of a task."""
    system = house._house.system

    async def read():
        run = await system.records.one(task)
        return [(one.stream, one.text) for one in await system.outputs.chunks(run)]

    return trio.from_thread.run(read, trio_token=house._token)


def tasks(house):
    return {one["ref"] for one in house.get("/api/oracle/board?kind=run").json["items"]}


def events(house, hook):
    return house.get(f"{ALL}/events?webhook_id={hook['webhook_id']}&limit=200").json


def hexdigest(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_comment_becomes_a_task_a_message_and_an_event(house):
    hook = make(house)
    comment = WebhookFactory.comment("@agent review it", issue={"number": 5, "title": "Slow"})
    reply = deliver(house, hook, comment, delivery="d-five")
    assert reply.status == 200
    got = reply.json
    assert (got["status"], got["matched_command"]) == ("accepted", "review")
    run = run_of(house, got["task_id"])
    assert (run["status"], run["agent"], run["source"], run["owner"]) == ("queued", "executor", "github", "octocat")
    assert run["params"]["input_message"] == "Review Slow: @agent review it"
    assert (run["params"]["agent_type"], run["params"]["flow_id"]) == ("webhook", "github:octo/hello#5")
    talk = house.get("/api/conversations/by-flow/github:octo/hello%235").json
    assert (talk["conversation_id"], talk["message_count"]) == (run["conversation"], 1)
    (said,) = house.get(f"/api/conversations/{run['conversation']}/messages").json
    assert (said["role"], said["content"], said["task_id"]) == ("user", "Review Slow: @agent review it", got["task_id"])
    (row,) = events(house, hook)
    assert row.keys() == EVENT
    assert (row["event_id"], row["task_id"], row["event_type"]) == (got["event_id"], got["task_id"], "issue_comment.created")
    whole = house.get(f"{ALL}/events/{got['event_id']}").json
    assert whole.keys() > EVENT and whole["payload"]["comment"]["body"] == "@agent review it"
    assert (whole["delivery_id"], whole["flow_id"]) == ("d-five", "github:octo/hello#5")
    assert (whole["sender"], whole["own"]) == ("octocat", False)
    assert [stream for stream, _ in pieces(house, got["task_id"])] == [
        "webhook:received", "webhook:validated", "webhook:matched", "webhook:task_created"]
    assert house.get(f"{ALL}/{hook['webhook_id']}/events").json == {"success": True, "data": [row]}
    assert row in house.get(f"{ALL}/events/recent").json["data"]
    assert house.get(f"{ALL}/stats").json["events_by_webhook"][hook["webhook_id"]] == 1


def test_what_belongs_to_one_flow_is_one_conversation(house):
    hook, jira = make(house), make(house, provider="jira", commands=[WebhookFactory.command(trigger="jira:issue_created")])
    issue = {"number": 6, "title": "ABC-6: slow"}
    first, second = (deliver(house, hook, WebhookFactory.comment(issue=issue)).json["task_id"] for _ in range(2))
    body = json.dumps({"webhookEvent": "jira:issue_created", "issue": {"key": "ABC-6", "fields": {"summary": "slow"}}}).encode()
    third = house.post(jira["endpoint"], data=body, headers={"X-Hub-Signature": f"sha256={hexdigest(body)}"}).json["task_id"]
    conversations = {run_of(house, task)["conversation"] for task in (first, second, third)}
    assert len(conversations) == 1 and len({first, second, third}) == 3
    assert house.get("/api/conversations/by-flow/jira:ABC-6").json["message_count"] == 3


def test_one_that_somebody_began_for_the_flow_is_joined(house):
    talk = house.post("/api/conversations", json=ConversationFactory.for_flow("github:octo/hello#77")).json["conversation_id"]
    task = deliver(house, make(house), WebhookFactory.comment(issue={"number": 77, "title": "x"})).json["task_id"]
    assert run_of(house, task)["conversation"] == talk


def test_the_same_delivery_again_is_answered_as_before_and_nothing_comes_of_it(house):
    hook, payload = make(house), WebhookFactory.comment()
    first = deliver(house, hook, payload, delivery="again-1")
    before = tasks(house)
    for how in ({"delivery": "again-1"}, {"delivery": "a new name for what was captured"}):
        again = deliver(house, hook, payload, **how)
        assert (again.status, again.json) == (200, {**first.json, "status": "duplicate"})
    other = deliver(house, hook, WebhookFactory.comment(), delivery="again-1")  # the provider's id counts too
    assert other.json["event_id"] == first.json["event_id"]
    assert tasks(house) == before and len(events(house, hook)) == 1
    elsewhere = deliver(house, make(house), payload, delivery="again-1")
    assert elsewhere.json["status"] == "accepted" and elsewhere.json["event_id"] != first.json["event_id"]


@pytest.mark.parametrize(("payload", "event"), [
    ({"zen": "Keep it logically awesome."}, "ping"), (WebhookFactory.comment("nothing for you"), "issue_comment"),
    (WebhookFactory.comment(sender={"login": "agent[bot]"}), "issue_comment"),
    ({**WebhookFactory.comment(), "action": "deleted"}, "issue_comment"),
])  # fmt: skip
def test_what_calls_for_nothing_is_recorded_and_makes_no_task(house, payload, event):
    hook, before = make(house), tasks(house)
    reply = deliver(house, hook, payload, event=event)
    assert (reply.status, reply.json["task_id"], reply.json["matched_command"]) == (200, None, None)
    assert len(events(house, hook)) == 1 and tasks(house) == before


def test_what_is_not_signed_or_wrongly_is_refused_and_not_recorded(house):
    hook, payload = make(house), WebhookFactory.comment()
    body, signed = WebhookFactory.delivery(payload)
    right = signed["X-Hub-Signature-256"]
    for wrong in ("", "sha256=", right[:-1] + ("0" if right[-1] != "0" else "1"), right.upper(), "sha1=" + right[7:], "é"):
        reply = house.post(hook["endpoint"], data=body, headers={**signed, "X-Hub-Signature-256": wrong})
        assert reply.status == 401 and reply.json["detail"], wrong
    assert house.post(hook["endpoint"], data=body + b" ", headers=signed).status == 401
    assert deliver(house, hook, payload, secret="another secret").status == 401
    assert events(house, hook) == []


def test_nothing_is_taken_without_a_secret_or_by_a_disabled_one_or_elsewhere(house):
    bare, hook = make(house, secret=None), make(house)
    assert deliver(house, bare).status == 403 and "no secret" in deliver(house, bare).json["detail"]
    assert deliver(house, {"endpoint": "/webhooks/github"}).json == {"detail": "this webhook is disabled"}
    house.post(f"{ALL}/{hook['webhook_id']}/disable")
    assert (deliver(house, hook).status, deliver(house, hook).json) == (403, {"detail": "this webhook is disabled"})
    ident = hook["webhook_id"]
    for path in ("/webhooks/github/wh-0", f"/webhooks/jira/{ident}", "/webhooks/nobody", f"/webhooks/{ident}"):
        assert deliver(house, {"endpoint": path}).status == 404, path
    assert house.get(hook["endpoint"]).status == 405


def test_a_body_that_is_signed_and_no_object_is_refused(house):
    hook = make(house)
    for body in (b"", b"[]", b"{", b"\xff"):
        headers = {"X-Hub-Signature-256": f"sha256={hexdigest(body)}", "Content-Type": "application/json"}
        assert house.post(hook["endpoint"], data=body, headers=headers).status == 400, body
    big = b"x" * 1_048_577
    assert house.post(hook["endpoint"], data=big, headers={"X-Hub-Signature-256": f"sha256={hexdigest(big)}"}).status == 413


def test_a_form_of_github_is_read_and_secrets_are_kept_nowhere(house):
    hook = make(house)
    payload = {**WebhookFactory.comment(), "token": "hush-hush-hush"}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = {"X-Hub-Signature-256": f"sha256={hexdigest(body)}", "X-GitHub-Event": "issue_comment",
               "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
    reply = house.post(hook["endpoint"], data=body, headers=headers)
    assert reply.status == 200
    whole = house.get(f"{ALL}/events/{reply.json['event_id']}")
    assert whole.json["payload"]["token"] == MASK and b"hush-hush-hush" not in whole.body


def test_slack_is_given_its_challenge_and_only_when_it_proves_who_it_is(house):
    hook = make(house, provider="slack", secret="a signing secret", commands=[])
    now_s = house._house.system.runtime.now_us() // 1_000_000
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}).encode()

    def ask(seconds):
        signature = "v0=" + hexdigest(b"v0:%d:" % seconds + body, "a signing secret")
        headers = {"X-Slack-Request-Timestamp": str(seconds), "X-Slack-Signature": signature}
        return house.post(hook["endpoint"], data=body, headers=headers)

    assert (ask(now_s).status, ask(now_s).json) == (200, {"challenge": "3eZbrw1aB"})
    assert ask(now_s - 301).status == 401
    assert events(house, hook) == []


def test_sentry_and_anybody_else_deliver_too(house):
    command = WebhookFactory.command(trigger="issue.created", template="{{data.issue.title}}")
    sentry = make(house, provider="sentry", commands=[command])
    body = json.dumps({"action": "created", "data": {"issue": {"id": "42", "title": "ValueError"}}}).encode()
    headers = {"Sentry-Hook-Signature": hexdigest(body), "Sentry-Hook-Resource": "issue"}
    reply = house.post(sentry["endpoint"], data=body, headers=headers)
    assert run_of(house, reply.json["task_id"])["params"]["input_message"] == "ValueError"
    conditions = {"env": ["prod", "stage"], "ok": False}
    command = WebhookFactory.command(trigger="deploy", conditions=conditions, template="{{env}}")
    custom = make(house, provider="custom", commands=[command])
    cases = ({"env": "prod", "ok": False}, "review"), ({"env": "dev", "ok": False}, None), ({"env": "prod"}, None)
    for payload, matched in cases:
        body = json.dumps(payload).encode()
        headers = {"X-Webhook-Signature": hexdigest(body), "X-Webhook-Event": "deploy"}
        assert house.post(custom["endpoint"], data=body, headers=headers).json["matched_command"] == matched, payload


def test_without_a_flow_each_is_a_conversation_of_its_own(house):
    hook = make(house, commands=[WebhookFactory.command(trigger="push", template="{{ref}}")])
    done = [deliver(house, hook, {"ref": ref, "sender": {"login": "a"}}, event="push").json["task_id"] for ref in ("a", "b")]
    assert len({run_of(house, task)["conversation"] for task in done}) == 2


def test_pages_elsewhere_can_not_have_a_browser_deliver(house):
    assert deliver(house, make(house), headers={"Origin": "https://evil.test"}).status == 403


PLAIN = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
                     max_leaves=8)  # fmt: skip


@pytest.fixture(scope="module")
def everything(house):
    command = WebhookFactory.command(trigger="*", template="{{a.b}} {{webhook.text}}", conditions={"a.b[0]": None})
    return make(house, commands=[command])


@given(st.dictionaries(st.sampled_from(["a", "action", "issue", "sender", "repository", "comment"]), PLAIN, max_size=4),
       st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=20))  # fmt: skip
@settings(max_examples=rounds(25, 1_000))
def test_whatever_is_signed_is_taken_in_or_refused(house, everything, payload, event):
    assert deliver(house, everything, payload, event=event).status == 200



def test_what_comes_to_the_inbox_of_the_server_is_no_delivery(house):
    assert house.post("/api/oracle/inbox", json={"alert_name": "a"}).status == 202
    assert all(row["webhook_id"] != "inbox" for row in house.get(f"{ALL}/events?limit=200").json)
    assert "" not in house.get(f"{ALL}/stats").json["events_by_webhook"]


async def test_a_budget_that_is_used_up_lets_no_task_come_of_it_and_says_so(tmp_path):
    tasks = Tasks(budgets={"none": Budget(limit_usd=0.0)})
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), scheduler=Scheduler(enabled=False), tasks=tasks)
    async with open_house(tmp_path, settings=settings) as house:
        hook = (await house.post(ALL, json=WebhookFactory.create())).json["data"]
        body, headers = WebhookFactory.delivery(WebhookFactory.comment())
        first, again = [await house.post(hook["endpoint"], data=body, headers=headers) for _ in range(2)]
        assert (first.status, first.json["status"], first.json["task_id"]) == (200, "refused", None)
        assert (again.json["status"], again.json["task_id"]) == ("duplicate", None)
        (row,) = (await house.get(f"{ALL}/events")).json
        assert (row["matched_command"], row["task_id"]) == ("review", None)
        (told,) = (await house.get("/api/oracle/events?kind=webhook_task_refused")).json["items"]
        assert (told["cause"], told["data"]["code"]) == (row["event_id"], "budget")


async def test_who_delivers_needs_no_token_and_who_reads_does(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        body, headers = WebhookFactory.delivery(WebhookFactory.comment())
        bearer = {"Authorization": f"Bearer {house.fresh_token}"}
        assert (await house.post(ALL, json=WebhookFactory.create())).status == 401
        hook = (await house.post(ALL, json=WebhookFactory.create(), headers=bearer)).json["data"]
        assert (await house.post(hook["endpoint"], data=body, headers=headers)).status == 200
        assert [(await house.get(path)).status for path in (ALL, f"{ALL}/events", "/api/conversations")] == [401] * 3
        assert len((await house.get(f"{ALL}/events", headers=bearer)).json) == 1
