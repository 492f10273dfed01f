"""The language of templates: what it says, where it is wrong, and that nothing makes it fail once it was accepted."""

import html
import string

import pytest
from alerting import event, rule
from hypothesis import example, given
from hypothesis import strategies as st

from oracle.alerts.message import html_of, subject_of, text_of
from oracle.alerts.owed import deliveries_for
from oracle.alerts.template import FILTERS, LONGEST, LONGEST_OUTPUT, parse, render
from oracle.border import Invalid
from oracle.problems import Bad

PAYLOAD = {
    "alert_name": "Big <moves>", "n": 5, "none": None, "yes": True, "list": ["a", 2], "big": 10**400,
    "event": {"severity": "high", "timestamp": "2023-11-14T22:13:20.5Z", "data": {"change_pct": -6.2549, "empty": ""}},
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
)
SLOTS = st.builds(
    lambda path, filters: "{{ " + " | ".join([".".join(path), *filters]) + " }}",
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4), st.lists(st.sampled_from(sorted(FILTERS)), max_size=4),
)


@pytest.mark.parametrize(("template", "said"), [
    ("plain", "plain"), ("", ""), ("{ {x} } }}", "{ {x} } }}"), ("{{alert_name}}!", "Big <moves>!"),
    ("{{ event.data.change_pct | round(2) }} %", "-6.25 %"), ("{{ event.data.change_pct|round }}", "-6"),
    ("{{ n | signed(1) }}", "+5.0"), ("{{ n | round(2) }}", "5.00"), ("{{ event.severity | upper }}", "HIGH"),
    ("{{ event.timestamp | time }}", "2023-11-14 22:13:20 UTC"), ("{{ none }}{{ no.such.thing }}", ""),
    ("{{ no | default('n/a') }}{{ event.data.empty | default(\"-\") }}", "n/a-"), ("{{ yes }}", "true"),
    ("{{ list | join(' + ') }}", "a + 2"), ("{{ list }}", '["a",2]'), ("{{ event.severity | truncate(3) }}", "hi…"),
    ("{{ event.severity.upper }}{{ alert_name.__class__ }}", ""), ("{{ alert_name | lower | trim }}", "big <moves>"),
    ("{{ alert_name | round(2) }}{{ list | time | json }}", 'Big <moves>["a",2]'), ("{{ big | round }}", ""),
])  # fmt: skip
def test_it_says(template, said):
    if "big |" in template:
        assert isinstance(render(template, PAYLOAD), str)
    else:
        assert render(template, PAYLOAD) == said


@pytest.mark.parametrize(("template", "why", "line", "column"), [
    ("{{", "not closed", 1, 1), ("a {{ b", "not closed", 1, 3), ("{{ }}", "expected a name", 1, 4),
    ("{{ a b }}", "expected .", 1, 6),
    ("x\n  {{ a | uper }}", "uper is no filter", 2, 10), ("{{ a | round('x') }}", "round takes a whole number", 1, 8),
    ("{{ a | upper(1) }}", "upper takes nothing", 1, 8), ("{{ a | round(1.5) }}", "whole number", 1, 14),
    ("{{ a. }}", "expected a name", 1, 7), ("{{ a() }}", "expected .", 1, 5), ("{{ a[0] }}", "expected .", 1, 5),
    ("{{ a | default('x' }}", "expected , or )", 1, 20), ("{{ 1 + 1 }}", "expected a name", 1, 4),
    ("{{ " + "a." * 10 + "a }}", "at most 10 names", 1, 1), ("{{ a" + " | upper" * 9 + " }}", "at most 8 filters", 1, 1),
])  # fmt: skip
def test_it_says_where_it_is_wrong(template, why, line, column):
    with pytest.raises(Bad) as caught:
        parse(template)
    assert why in caught.value.reason
    assert caught.value.ctx == {"line": line, "column": column}


def test_a_filter_that_was_misspelled_is_suggested_and_a_long_template_is_refused():
    with pytest.raises(Bad) as caught:
        parse("{{ a | uper }}")
    assert caught.value.suggestion == "upper"
    with pytest.raises(Bad) as caught:
        parse("a" * (LONGEST + 1))
    assert caught.value.type == "string_too_long"


@given(st.text(alphabet="{}|.()'\", \nab1" + string.ascii_letters[:4]))
@example("{{ a | default('")
@example("{{ a | round(")
@example("{{{{ a }}}}")
def test_any_text_is_accepted_or_its_place_is_named(text):
    try:
        assert isinstance(render(text, PAYLOAD), str)
    except Bad as bad:
        lines = text.split("\n")
        assert 1 <= bad.ctx["line"] <= len(lines)
        assert 1 <= bad.ctx["column"] <= len(lines[bad.ctx["line"] - 1]) + 1


TEMPLATES = st.lists(SLOTS | st.sampled_from(["<b>", "</b>", " "]), max_size=5).map("".join)


@given(TEMPLATES, st.dictionaries(st.sampled_from("abc"), JSON))
def test_whatever_is_in_a_payload_what_was_accepted_is_written_and_escaped(template, payload):
    made = render(template, payload, html.escape)
    assert len(made) <= LONGEST_OUTPUT
    assert "<" not in made.replace("<b>", "").replace("</b>", "")


@given(st.text(alphabet="<&a", min_size=1), st.integers(1, 40_000))
def test_what_is_too_long_is_cut_between_escapes(text, times):
    made = render("{{ a }}", {"a": text * (times // len(text) + 1)}, html.escape)
    assert len(made) <= LONGEST_OUTPUT
    assert html.escape(html.unescape(made)) == made


def test_a_rule_says_its_own_words():
    one = rule(name="n", templates={
        "subject": "{{ event.severity }}:\n{{ alert_name }}", "text": "{{ event.asset.symbol }} <up>",
        "html": "<b>{{ alert_name }}</b>"})
    payload = deliveries_for(one, event(), 0)[0].payload | {"alert_name": "<x>"}
    assert (subject_of(one, payload), text_of(one, payload)) == ("high: <x>", "BTC <up>")
    assert html_of(one, payload) == "<b>&lt;x&gt;</b>"
    only_text = rule(templates={"text": "{{ alert_name }}"})
    assert html_of(only_text, payload) == "<pre>&lt;x&gt;</pre>"


@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_a_rule_with_a_wrong_template_is_refused_by_the_name_of_its_field(field):
    with pytest.raises(Invalid) as caught:
        rule(templates={field: "a {{ b"})
    (problem,) = caught.value.problems
    assert (problem.where, problem.type, problem.ctx["column"]) == (f"templates.{field}", "template_syntax", 3)
