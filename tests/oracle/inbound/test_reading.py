"""What deliveries of the providers mean: who said what, about what."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors import Refused
from oracle.inbound import PROVIDERS
from oracle.inbound.payload import MOST_STORED, payload_of, stored_text
from oracle.secret import MASK
from tests.factories import WebhookFactory
from tests.soak import rounds

REPOSITORY = {"full_name": "octo/hello"}
SENDER = {"login": "octocat"}


def read(provider, payload, bot="agent", **headers):
    return PROVIDERS[provider].read({name.replace("_", "-"): value for name, value in headers.items()}, payload, bot)


def test_a_comment_at_github_is_said_by_its_sender_about_its_issue():
    found = read("github", WebhookFactory.comment("@agent review", issue={"number": 7, "title": "Slow"}),
                 x_github_event="issue_comment", x_github_delivery="d-1")  # fmt: skip
    assert (found.event_type, found.text, found.title) == ("issue_comment.created", "@agent review", "Slow")
    assert found.sender == "octocat"
    assert (found.flow_id, found.url, found.own, found.delivery) == ("github:octo/hello#7", "https://a.test/c", False, "d-1")


@pytest.mark.parametrize(("event", "payload", "text"), [
    ("issues", {"action": "opened", "issue": {"number": 1, "title": "T", "body": "B"}}, "T\nB"),
    ("issues", {"action": "labeled", "issue": {"number": 1, "title": "T", "body": "@agent fix"}}, ""),
    ("issue_comment", {"action": "edited", "issue": {"number": 1}, "comment": {"body": "@agent fix"}}, ""),
    ("issue_comment", {"action": "deleted", "issue": {"number": 1}, "comment": {"body": "@agent fix"}}, ""),
    ("pull_request", {"action": "opened", "pull_request": {"number": 1, "title": "T", "body": None}}, "T"),
    ("pull_request_review", {"action": "submitted", "review": {"body": "hm"}, "pull_request": {"number": 1}}, "hm"),
    ("push", {"ref": "refs/heads/main", "head_commit": {"message": "@agent fix"}}, ""),
    ("ping", {"zen": "Keep it logically awesome."}, ""),
])  # fmt: skip
def test_only_what_is_newly_said_at_github_is_text(event, payload, text):
    found = read("github", {**payload, "repository": REPOSITORY, "sender": SENDER}, x_github_event=event)
    assert found.text == text
    assert found.event_type == ".".join(filter(None, (event, payload.get("action"))))


@pytest.mark.parametrize(("title", "flow"), [
    ("PROJ-12: it does not start", "jira:PROJ-12"), ("Fix (AB1-7)", "jira:AB1-7"), ("[PROJ-1] and PROJ-2", "jira:PROJ-1"),
    ("Read UTF-8 and SHA-256", "github:octo/hello#3"), ("proj-12", "github:octo/hello#3"), ("X-PROJ-12", "github:octo/hello#3"),
    ("A-1", "github:octo/hello#3"), ("", "github:octo/hello#3"),
])  # fmt: skip
def test_an_item_whose_title_carries_a_jira_key_joins_that_flow(title, flow):
    payload = {"action": "opened", "issue": {"number": 3, "title": title}, "repository": REPOSITORY, "sender": SENDER}
    assert read("github", payload, x_github_event="issues").flow_id == flow


@pytest.mark.parametrize(("sender", "own"), [
    ("agent", True), ("Agent", True), ("agent[bot]", True), ("agent2", False), ("octocat", False), ("", False),
])  # fmt: skip
def test_what_our_own_account_does_at_github_is_known(sender, own):
    assert read("github", WebhookFactory.comment(sender={"login": sender}), x_github_event="issue_comment").own is own
    through_app = {"body": "x", "performed_via_github_app": {"slug": "agent"}}
    assert read("github", WebhookFactory.comment(comment=through_app), x_github_event="issue_comment").own


def test_jira_is_read():
    issue = {"key": "PROJ-1", "self": "https://a.test/1", "fields": {"summary": "Slow", "description": "Very."}}
    user = {"accountId": "5b1", "displayName": "Ada"}
    payload = {"webhookEvent": "jira:issue_created", "issue": issue, "user": user}
    made = read("jira", payload, x_atlassian_webhook_identifier="w-1")
    assert (made.event_type, made.text, made.sender, made.flow_id) == ("jira:issue_created", "Slow\nVery.", "Ada", "jira:PROJ-1")
    assert (made.delivery, made.own) == ("w-1", False)
    comment = {"body": "@agent fix", "author": {"displayName": "Agent"}}
    said = read("jira", {"webhookEvent": "comment_created", "issue": issue, "comment": comment})
    assert (said.text, said.own) == ("@agent fix", True)
    assert read("jira", {"webhookEvent": "comment_updated", "issue": issue, "comment": comment}).text == ""
    assert read("jira", {"webhookEvent": "jira:issue_updated", "issue": issue, "user": user}).text == ""


def slack(**event):
    ours = [{"user_id": "U9", "is_bot": True}, {"user_id": "U1", "is_bot": False}]
    event = {"type": "app_mention", "user": "U1", "text": "<@U9> review", "ts": "1.5", "channel": "C1", **event}
    return {"type": "event_callback", "event_id": "Ev1", "token": "x", "authorizations": ours, "event": event}


def test_slack_is_read_and_a_mention_of_our_account_is_its_name():
    found = read("slack", slack())
    assert (found.event_type, found.text, found.sender, found.flow_id) == ("app_mention", "@agent review", "U1", "slack:C1:1.5")
    assert (found.delivery, found.own) == ("Ev1", False)
    assert read("slack", slack(thread_ts="1.1")).flow_id == "slack:C1:1.1"
    assert read("slack", slack(subtype="message_changed")).text == ""
    ours = {"bot_id": "B1"}, {"subtype": "bot_message"}, {"user": "U9"}
    assert [read("slack", slack(**who)).own for who in ours] == [True] * 3


def test_slack_asks_for_a_challenge_and_sends_commands_and_buttons():
    assert read("slack", {"type": "url_verification", "challenge": "abc", "token": "x"}).challenge == "abc"
    form = b"command=%2Fagent&text=review+it&user_id=U1&channel_id=C1&trigger_id=1.2"
    typed = payload_of("application/x-www-form-urlencoded", form)
    found = read("slack", typed)
    assert (found.event_type, found.text, found.sender, found.flow_id) == ("command", "/agent review it", "U1", "slack:C1:1.2")
    form = b"payload=" + b"%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D%7D"
    pressed = read("slack", payload_of("application/x-www-form-urlencoded; charset=utf-8", form))
    assert (pressed.event_type, pressed.sender) == ("block_actions", "U1")


def test_sentry_is_read():
    issue = {"id": "42", "title": "ValueError", "web_url": "https://a.test/42"}
    payload = {"action": "created", "data": {"issue": issue}, "actor": {"type": "application", "name": "Sentry"}}
    found = read("sentry", payload, sentry_hook_resource="issue", request_id="r-1")
    assert (found.event_type, found.text, found.flow_id) == ("issue.created", "ValueError", "sentry:42")
    assert (found.url, found.delivery, found.own) == ("https://a.test/42", "r-1", False)
    alert = {"action": "triggered", "data": {"event": {"issue_id": "42", "title": "E"}, "triggered_rule": "r"}, "actor": {}}
    assert read("sentry", alert, sentry_hook_resource="event_alert").flow_id == "sentry:42"


def test_anybody_else_is_read():
    payload = {"event": "deploy.done", "text": "up", "title": "T", "sender": "Agent", "flow_id": "deploy:1", "url": "https://a.test"}
    found = read("custom", payload, x_webhook_id="d-1")
    assert (found.event_type, found.text, found.flow_id, found.own) == ("deploy.done", "up", "deploy:1", True)
    assert read("custom", payload, x_webhook_event="other").event_type == "other"
    assert read("custom", {}).event_type == "custom"
    assert read("custom", payload, webhook_id="w-1", x_webhook_id="d-1").delivery == "w-1"


# ---- bodies


def test_what_sounds_like_a_secret_is_masked_and_keys_of_issues_are_not():
    raw = {"token": "x", "a": [{"api_key": "x", "issue": {"key": "PROJ-1"}}], "authorizations": [{"user_id": "U9"}],
           "password": None, "keys_url": "https://a.test", "author": "ada", "X-Signature": 5, "secret_on": True}  # fmt: skip
    assert payload_of("application/json", json.dumps(raw).encode()) == {
        "token": MASK, "a": [{"api_key": MASK, "issue": {"key": "PROJ-1"}}], "authorizations": [{"user_id": "U9"}],
        "password": None, "keys_url": "https://a.test", "author": "ada", "X-Signature": MASK, "secret_on": True,
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), [
    ("application/json", b""), ("application/json", b"[]"), ("application/json", b'"x"'), ("application/json", b"{"),
    ("application/json", b'{"a":"\xff"}'), ("application/json", b"[" * 100_000), ("text/plain", b"hello"),
    ("application/json", b'{"a":' * 60 + b"1" + b"}" * 60), ("application/x-www-form-urlencoded", b"payload=%7B"),
    ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 300)), ("application/x-www-form-urlencoded", b"a=%ff"),
])  # fmt: skip
def test_a_body_that_is_no_object_is_refused(kind, body):
    with pytest.raises(Refused) as no:
        payload_of(kind, body)
    assert no.value.code == "invalid"


def test_a_long_payload_is_kept_in_part():
    text, cut = stored_text({"a": "x" * MOST_STORED})
    assert (len(text), cut) == (MOST_STORED, True)
    assert stored_text({"a": 1}) == ('{"a":1}', False)


WORDS = ("action", "issue", "comment", "body", "title", "number", "repository", "full_name", "sender", "login", "event", "type",
         "user", "text", "channel", "ts", "data", "id", "key", "fields", "authorizations", "user_id", "is_bot", "actor", "name",
         "webhookEvent", "subtype", "created", "opened", "jira:issue_created", "event_callback")  # fmt: skip
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5), max_leaves=20,
)  # fmt: skip
HEADERS = {"x-github-event": "issues", "sentry-hook-resource": "issue"}


@given(st.sampled_from(sorted(PROVIDERS)), st.dictionaries(st.sampled_from(WORDS), PLAIN, max_size=8))
@example("slack", {"event": {"subtype": []}})
@settings(max_examples=rounds(150, 10_000))
def test_a_payload_of_any_shape_is_read_as_texts(provider, payload):
    found = PROVIDERS[provider].read(HEADERS, payload, "agent")
    texts = (found.event_type, found.text, found.title, found.sender, found.flow_id, found.url, found.delivery)
    assert all(isinstance(text, str) for text in texts) and found.event_type
    assert isinstance(found.own, bool) and found.payload == payload
