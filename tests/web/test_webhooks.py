"""Webhooks over HTTP: made, changed, given commands; their secrets are never shown."""

import json
import stat

import pytest
from running import open_house

from oracle.secret import Secret
from oracle.settings import Auth, Data, Scheduler, Settings, Tasks
from tests.factories import WebhookFactory

ALL = "/api/webhooks"
SHAPE = {
    "webhook_id", "name", "provider", "endpoint", "is_builtin", "enabled", "has_secret", "commands", "default_command",
    "bot_name", "created_at", "updated_at", "created_by",
}  # fmt: skip
COMMAND = {"command_id", "name", "trigger", "action", "agent", "template", "conditions", "priority"}


def make(house, **different):
    reply = house.post(ALL, json=WebhookFactory.create(**different))
    assert reply.status == 201, reply.body
    return reply.json["data"]


def one(house, ident):
    return house.get(f"{ALL}/{ident}").json


def test_a_webhook_is_made_and_its_secret_is_not_shown(house):
    made = make(house, name="shape", secret="a secret of mine", default_command="review")
    assert made.keys() == SHAPE and made["commands"][0].keys() == COMMAND
    assert made["webhook_id"].startswith("wh-") and len(made["webhook_id"]) == 15
    assert made["endpoint"] == f"/webhooks/github/{made['webhook_id']}" == WebhookFactory.endpoint(made["endpoint"])
    assert (made["is_builtin"], made["enabled"], made["has_secret"], made["default_command"]) == (False, True, True, "review")
    assert one(house, made["webhook_id"]) == made
    ident = made["webhook_id"]
    for path in (ALL, f"{ALL}/{ident}", "/api/oracle/board?kind=webhook", f"/api/oracle/events?subject=webhook:{ident}"):
        assert b"a secret of mine" not in house.get(path).body


def test_the_ones_that_are_built_in_are_listed_first_and_can_not_be_changed(house):
    listed = [row for row in house.get(ALL).json if row["is_builtin"]]
    assert listed == house.get(ALL).json[:4]
    assert [(row["webhook_id"], row["endpoint"], row["enabled"], row["has_secret"]) for row in listed] == [
        (name, f"/webhooks/{name}", False, False) for name in ("github", "jira", "slack", "sentry")]
    asked = [("PUT", "", {"name": "x"}), ("DELETE", "", None), ("POST", "/enable", None), ("POST", "/disable", None),
             ("POST", "/commands", WebhookFactory.command()), ("DELETE", "/commands/github-default", None)]  # fmt: skip
    for method, path, body in asked:
        reply = house.ask(method, f"{ALL}/github{path}", **({} if body is None else {"json": body}))
        assert reply.status == 403 and "built in" in reply.json["detail"], path


def test_a_provider_that_is_none_and_a_name_that_is_taken_are_refused(house):
    make(house, name="taken")
    body = WebhookFactory.create()
    no = house.post(ALL, json={**body, "provider": "gitlab"})
    assert (no.status, no.json["detail"]) == (
        400, "Invalid provider 'gitlab': it should be 'github', 'jira', 'slack', 'sentry' or 'custom'")
    for name in ("taken", "github"):
        no = house.post(ALL, json={**body, "name": name})
        assert (no.status, no.json) == (400, {"detail": f"Webhook with name '{name}' already exists"})
    assert house.post(ALL, json={"name": "bare", "provider": "custom"}).json["data"]["commands"] == []


def test_it_is_changed_in_what_is_given(house):
    ident = make(house)["webhook_id"]
    done = house.ask("PUT", f"{ALL}/{ident}", json={"name": "renamed", "bot_name": "robo"}).json
    assert done["success"] is True
    assert (done["data"]["name"], done["data"]["bot_name"], done["data"]["has_secret"]) == ("renamed", "robo", True)
    assert house.ask("PUT", f"{ALL}/{ident}", json={"secret": "********"}).json["data"]["has_secret"] is True
    assert house.ask("PUT", f"{ALL}/{ident}", json={"secret": ""}).json["data"]["has_secret"] is False
    assert house.post(f"{ALL}/{ident}/disable").json["data"]["enabled"] is False
    assert house.post(f"{ALL}/{ident}/enable").json["data"]["enabled"] is True
    no = house.ask("PUT", f"{ALL}/{ident}", json={"default_command": "none"})
    assert (no.status, no.json) == (400, {"detail": "there is no command 'none'"})
    assert house.ask("PUT", f"{ALL}/{ident}", json={"secret": "short"}).json["detail"][0]["input"] == "********"
    assert house.ask("DELETE", f"{ALL}/{ident}").json == {"success": True, "data": {"webhook_id": ident}}
    assert house.get(f"{ALL}/{ident}").json == {"detail": "Webhook not found"}
    assert house.ask("DELETE", f"{ALL}/{ident}").status == house.get(f"{ALL}/{ident}/events").status == 404


def test_commands_are_added_changed_and_removed(house):
    ident = make(house, default_command="review")["webhook_id"]
    path = f"{ALL}/{ident}/commands"
    added = house.post(path, json={"trigger": "issues.opened", "template": "Look at {{issue.title}}", "priority": 3})
    assert (added.status, added.json["success"], added.json["data"]["name"]) == (201, True, "issues.opened")
    no = house.post(path, json=WebhookFactory.command())
    assert (no.status, no.json) == (400, {"detail": "Command with name 'review' already exists"})
    first = house.get(path).json[0]
    renamed = house.ask("PUT", f"{path}/{first['command_id']}", json=WebhookFactory.command(name="look")).json["data"]
    assert (renamed["command_id"], renamed["name"]) == (first["command_id"], "look")
    assert one(house, ident)["default_command"] == "look"
    gone = f"{path}/{first['command_id']}"
    assert house.ask("DELETE", gone).json == {"success": True, "data": {"command_id": first["command_id"]}}
    assert [row["name"] for row in house.get(path).json] == ["issues.opened"]
    assert one(house, ident)["default_command"] is None
    assert house.ask("DELETE", gone).json == {"detail": "Command not found"}
    wrong = house.post(path, json={"trigger": "*", "template": "{{", "conditions": {"a[": 1}}).json["detail"]
    assert [row["loc"] for row in wrong] == [["body", "template"], ["body", "conditions"]]


def test_events_recent_is_no_event(house):
    assert house.get(f"{ALL}/events/recent").json["success"] is True
    assert house.get(f"{ALL}/events/evt_0").json == {"detail": "Event not found"}
    assert house.get(f"{ALL}/events?limit=201").status == 422
    assert house.get(f"{ALL}/stats").json.keys() == {"total_webhooks", "active_webhooks", "events_by_webhook"}


def test_one_with_a_key_of_its_own_is_made_once(house):
    key, body = {"Idempotency-Key": "make-1"}, WebhookFactory.create()
    first, again = (house.post(ALL, json=body, headers=key) for _ in range(2))
    assert first.json == again.json and again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(("different", "where", "kind"), [
    ({"name": ""}, ["name"], "string_too_short"), ({"enabled": "yes"}, ["enabled"], "bool_type"),
    ({"commands": [{"trigger": "*"}]}, ["commands", 0, "template"], "missing"),
    ({"commands": [WebhookFactory.command()] * 2}, ["commands"], "value_error"),
])  # fmt: skip
def test_a_webhook_is_refused_by_its_field(house, different, where, kind):
    reply = house.post(ALL, json={**WebhookFactory.create(), **different})
    assert (reply.status, [(row["loc"], row["type"]) for row in reply.json["detail"]]) == (422, [(["body", *where], kind)])


async def test_secrets_are_in_a_file_of_their_owner_and_only_those_that_are_needed(tmp_path):
    async with open_house(tmp_path) as house:
        async def make_one(secret):
            return (await house.post(ALL, json=WebhookFactory.create(secret=secret))).json["data"]["webhook_id"]

        first, second = await make_one("the first secret"), await make_one("the second secret")
        await house.ask("PUT", f"{ALL}/{first}", json={"secret": "a new secret"})
        await house.ask("DELETE", f"{ALL}/{second}")
    file = tmp_path / "webhook-secrets.json"
    assert list(json.loads(file.read_text()).values()) == ["a new secret"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    async with open_house(tmp_path) as house:
        assert (await house.get(f"{ALL}/{first}")).json["has_secret"] is True


async def test_a_built_in_one_is_enabled_by_the_settings_that_say_where_its_secret_is(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "of the environment")
    tasks = Tasks(webhook_secrets={"github": Secret("env", "GITHUB_WEBHOOK_SECRET")}, bot_name="robo")
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), scheduler=Scheduler(enabled=False), tasks=tasks)
    async with open_house(tmp_path, settings=settings) as house:
        github = (await house.get(f"{ALL}/github")).json
        assert (github["enabled"], github["has_secret"], github["commands"][0]["trigger"]) == (True, True, "@robo")
        body, headers = WebhookFactory.delivery(WebhookFactory.comment("hello @robo"), secret="of the environment")
        taken = await house.post("/webhooks/github", data=body, headers=headers)
        assert (taken.status, taken.json["matched_command"]) == (200, "@robo")
        assert (await house.get(f"{ALL}/stats")).json == {
            "total_webhooks": 4, "active_webhooks": 1, "events_by_webhook": {"github": 1}}


def test_a_trial_delivery_goes_the_whole_way_and_shows_no_secret(house):
    command = WebhookFactory.command(trigger="build.*", template="{{webhook.text}}")
    made = make(house, name="tried", provider="custom", secret="a secret of mine", commands=[command])
    place = f"/api/oracle/webhooks/{made['webhook_id']}/trial"
    wish = {"json": {"event": "build.done", "text": "it is green"}, "headers": {"Idempotency-Key": "trial-1"}}
    reply = house.post(place, **wish)
    assert (reply.status, reply.json["matched_command"], reply.json["refused"]) == (201, "review", False)
    assert house.post(place, **wish).json == reply.json
    assert house.get(f"/api/tasks/{reply.json['task_id']}").json["input_message"] == "it is green"
    event = house.get(f"{ALL}/events/{reply.json['event_id']}")
    assert event.json["delivery_id"].startswith("trial-") and b"a secret of mine" not in event.body + reply.body
    assert house.post(place, json={"event": "other"}).json["task_id"] is None
    assert house.post(f"{ALL}/{made['webhook_id']}/disable").status == 200
    assert house.post(place, json={}).status == 403
    github = make(house, name="not tried", secret="a secret of mine")
    refused = house.post(f"/api/oracle/webhooks/{github['webhook_id']}/trial", json={})
    assert (refused.status, refused.json["error"]["code"]) == (409, "conflict")
    assert house.post("/api/oracle/webhooks/wh-nobody/trial", json={}).status == 404
    assert house.post(place, json={"txt": "x"}).status == 422
