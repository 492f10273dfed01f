"""What is said to people stays on its line and within its length, whatever it is made of."""

from alerting import event, rule
from hypothesis import given
from hypothesis import strategies as st

from oracle.alerts.channels.discord import _escaped
from oracle.alerts.message import clean, html_of, one_line, shortened, subject_of, text_of
from oracle.alerts.owed import deliveries_for

ANY = st.text(st.characters() | st.sampled_from("\r\n\u2028\u202e\x00<&\ud800\U0001f600"))


def units(text):
    return len(text.encode("utf-16-le")) // 2


@given(ANY, st.integers(1, 50))
def test_a_shortened_text_is_a_beginning_that_fits(text, longest):
    text = clean(text)
    made = shortened(text, longest)
    assert units(made) <= longest
    assert made == text or (made.endswith("…") and text.startswith(made[:-1]))


@given(ANY)
def test_one_line_is_one_line(text):
    made = one_line(text)
    assert made.splitlines() in ([], [made])
    assert made == made.strip() and "\u202e" not in made
    made.encode()


@given(ANY, ANY)
def test_subject_text_and_html_are_made_of_anything(name, summary):
    one = rule(name=name, description=summary)
    payload = deliveries_for(one, event(), 0)[0].payload
    payload["event"]["description"] = summary
    assert len(subject_of(one, payload).splitlines()) == 1
    assert (text_of(one, payload) + html_of(one, payload)).encode()
    assert len(text_of(one, payload).splitlines()) == 8


@given(ANY.map(clean), st.integers(1, 2_500))
def test_what_discord_is_sent_fits_once_it_is_escaped(text, times):
    assert units(_escaped(text * times)) <= 2_000


def test_families_of_emoji_stay_together():
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert one_line(f"{family}\n{family}") == f"{family} {family}"


def test_the_subject_says_what_became_of_it():
    payloads = [deliveries_for(rule(), event(), 0, **more)[0].payload for more in ({}, {"status": "resolved"}, {"test": True})]
    assert [subject_of(rule(), payload) for payload in payloads] == [
        "FIML Alert: Big moves", "FIML Alert: Big moves (resolved)", "FIML Alert: Big moves (test)"]


def test_what_is_told_together_is_listed_and_the_rest_counted():
    group = {"by": {}, "count": 25, "events": [{"description": f"move {number}"} for number in range(20)]}
    payload = deliveries_for(rule(), event(), 0, group=group)[0].payload
    lines = text_of(rule(), payload).splitlines()
    assert lines[-11:] == ["Events: 25", *(f"Also: move {number}" for number in range(1, 10)), "And: 15 more"]
    alone = deliveries_for(rule(), event(), 0, group={**group, "count": 1})[0].payload
    assert "Events" not in text_of(rule(), alone)
