"""Which command a delivery calls, and what an owner may write."""

import attrs
import pytest

from oracle.border import structure
from oracle.inbound import Incoming
from oracle.inbound.conditions import fit
from oracle.inbound.matching import asked, called, matched
from oracle.inbound.webhook import NewCommand, NewWebhook
from oracle.problems import Invalid
from tests.factories import WebhookFactory

SAID = Incoming("github", "issue_comment.created", {"issue": {"title": "T", "labels": [{"name": "bug"}], "n": 1}},
                "please, @agent review\n this", "T", "ada", "github:o/h#1")  # fmt: skip


@pytest.mark.parametrize(("trigger", "fits"), [
    ("issue_comment", True), ("issue_comment.created", True), ("issue_comment.*", True), ("*", True), ("issues", False),
    ("issue", False), ("issue_comment.edited", False), ("@agent", True), ("@agent review", True), ("@AGENT  Review", True),
    ("@agent review this", True), ("@agent fix", False), ("@agent rev", False), ("@age", False), ("/agent", False),
    ("issue_comment @agent review", True), ("issues @agent review", False), ("issue_comment.created @agent fix", False),
])  # fmt: skip
def test_a_trigger_is_an_event_or_words_or_both(trigger, fits):
    assert called(trigger, SAID) is fits


@pytest.mark.parametrize("text", ["mail@agent review", "@@agent review", "a.@agent review", "@agent reviews", "@agent-review"])
def test_words_within_other_words_are_not_said(text):
    assert not called("@agent review", attrs.evolve(SAID, text=text))


def hook(*commands, default=""):
    made = [structure(NewCommand, one).value(f"cmd-{n}") for n, one in enumerate(commands)]
    return {"commands": made, "default_command": default}


def name_of(found):
    return None if found is None else found["name"]


def test_the_highest_priority_counts_then_the_first():
    named = {"a": 0, "b": 5, "c": 5}
    a, b, c = (WebhookFactory.command(name=name, trigger="issue_comment", priority=n) for name, n in named.items())
    assert name_of(matched(hook(a, b, c), SAID, "agent")) == "b"
    picky = {**b, "conditions": {"issue.n": 2}}
    assert name_of(matched(hook(a, picky), SAID, "agent")) == "a"
    assert matched(hook(), SAID, "agent") is None


def test_who_only_mentions_us_gets_the_default_and_who_does_not_gets_none():
    fix = WebhookFactory.command(name="fix", trigger="@agent fix")
    assert name_of(matched(hook(fix, default="fix"), SAID, "agent")) == "fix"
    assert matched(hook(fix), SAID, "agent") is None
    assert matched(hook(fix, default="fix"), attrs.evolve(SAID, text="review"), "agent") is None
    assert matched(hook(fix, default="fix"), SAID, "") is None


def test_what_we_did_ourselves_calls_nothing():
    everything = WebhookFactory.command(trigger="*")
    assert matched(hook(everything, default="review"), attrs.evolve(SAID, own=True), "agent") is None


@pytest.mark.parametrize(("conditions", "fits"), [
    ({}, True), ({"issue.title": "T"}, True), ({"issue.title": "t"}, False), ({"issue.labels[].name": "bug"}, True),
    ({"issue.labels[].name": ["a", "bug"]}, True), ({"issue.labels[].name": {"not": "bug"}}, False), ({"issue.x": None}, True),
    ({"issue.title": {"not": None}}, True), ({"issue.n": 1, "issue.title": "T"}, True), ({"issue.n": True}, False),
    ({"length(issue.labels)": 1}, True), ({"length(issue.n)": 1}, False), ({"issue.title": {"contains": "t"}}, True),
    ({"issue.n": {"contains": "1"}}, False), ({"issue.title": {"not": {"contains": "z"}}}, True), ({"issue.n": []}, False),
])  # fmt: skip
def test_conditions_are_wishes_by_path(conditions, fits):
    assert fit(conditions, SAID.payload) is fits


def test_a_template_names_the_payload_and_what_is_said():
    command = WebhookFactory.command(template="{{issue.title}} by {{webhook.sender}} {{nothing.there}}: {{webhook.text | upper}}")
    assert asked(command, SAID) == "T by ada : PLEASE, @AGENT REVIEW\n THIS"
    injected = attrs.evolve(SAID, text="{{issue.title}}")
    assert asked(WebhookFactory.command(template="{{webhook.text}}"), injected) == "{{issue.title}}"


# ---- what an owner may write


@pytest.mark.parametrize(("different", "place", "kind"), [
    ({"trigger": ""}, "trigger", "string_too_short"), ({"trigger": "x" * 201}, "trigger", "string_too_long"),
    ({"template": " "}, "template", "string_too_short"), ({"template": "{{a"}, "template", "template_syntax"),
    ({"action": "comment"}, "action", "enum"), ({"agent": "a b"}, "agent", "string_pattern_mismatch"),
    ({"priority": 1001}, "priority", "less_than_equal"), ({"priority": True}, "priority", "int_type"),
    ({"conditions": {"a[": 1}}, "conditions", "value_error"), ({"conditions": {"a": {"b": 1}}}, "conditions", "value_error"),
    ({"conditions": {"a": {"contains": 1}}}, "conditions", "value_error"), ({"conditions": []}, "conditions", "dict_type"),
    ({"conditions": {f"a{n}": 1 for n in range(21)}}, "conditions", "too_long"),
])  # fmt: skip
def test_a_command_is_refused_by_its_field(different, place, kind):
    with pytest.raises(Invalid) as wrong:
        structure(NewCommand, {"trigger": "*", "template": "x", **different})
    assert [(one.where, one.type) for one in wrong.value.problems] == [(place, kind)]


@pytest.mark.parametrize(("different", "place", "kind"), [
    ({"name": ""}, "name", "string_too_short"), ({"secret": "short"}, "secret", "value_error"),
    ({"secret": "whsec_!!!!!"}, "secret", "value_error"), ({"enabled": "yes"}, "enabled", "bool_type"),
    ({"commands": {}}, "commands", "list_type"), ({"commands": [WebhookFactory.command()] * 2}, "commands", "value_error"),
    ({"commands": [{"trigger": "*"}]}, "commands[0].template", "missing"),
    ({"default_command": "no"}, "default_command", "value_error"),
])  # fmt: skip
def test_a_webhook_is_refused_by_its_field(different, place, kind):
    with pytest.raises(Invalid) as wrong:
        structure(NewWebhook, {"name": "w", "provider": "github", **different})
    assert [(one.where, one.type) for one in wrong.value.problems] == [(place, kind)]
    assert "short" not in str(wrong.value) or place != "secret"
