"""What is said about an alert to people: a subject, a text and HTML, in our own words or by the rule's templates. Pure.

Names, descriptions and events come from anywhere. Here they lose what could end a line or turn it around, and what is too
long; a channel then escapes what has a meaning where it speaks.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from oracle.alerts.rule import Rule
from oracle.alerts.template import plain, render

__all__ = ["clean", "facts", "html_of", "one_line", "own_text", "shortened", "subject_of", "text_of", "units"]

LONGEST_SUBJECT = 200
LONGEST_VALUE = 4_000
MOST_LISTED = 10  # events of a group

# Control characters but for line ends and tabs, halves of characters, and what turns the direction of writing around.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]+")
_BREAKS = re.compile("[\\s\x85\u2028\u2029]+")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")


def clean(text: str) -> str:
    """The text without characters that nobody sees."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """The text on one line, shortened."""
    return shortened(_BREAKS.sub(" ", clean(text)).strip(), longest)


def shortened(text: str, longest: int) -> str:
    """The beginning of a text that takes at most `longest` UTF-16 code units, as the far ends count."""
    if units(text) <= longest:
        return text
    raw = text.encode("utf-16-le")[: 2 * (longest - 1)]
    return raw.decode("utf-16-le", errors="ignore") + "…"


def facts(rule: Rule, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What there is to say about the event: labels and values, each value on one line."""
    event = payload.get("event") or {}
    asset = event.get("asset") or {}
    when = _ISO.fullmatch(str(event.get("timestamp", "")))
    said = {
        "Event type": event.get("type"),
        "Severity": event.get("severity"),
        "Description": event.get("description"),
        "Asset": asset.get("symbol") or "N/A",
        "Time": f"{when[1]} {when[2]} UTC" if when else event.get("timestamp"),
    }
    return [(label, one_line(plain(value), LONGEST_VALUE)) for label, value in said.items()] + list(_group(payload))


def _group(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What there is to say about further events that are told with the first."""
    group = payload.get("group") or {}
    events, count = list(group.get("events") or ()), int(group.get("count") or 0)
    if count > 1:
        yield "Events", str(count)
        for event in events[1:MOST_LISTED]:
            yield "Also", one_line(plain(event.get("description")), LONGEST_VALUE)
        if count > MOST_LISTED:
            yield "And", f"{count - MOST_LISTED} more"


def subject_of(rule: Rule, payload: Mapping[str, Any]) -> str:
    """The subject, on one line."""
    template = rule.templates and rule.templates.subject
    if template:
        return one_line(render(template, payload))
    word = "test" if payload.get("test") else payload.get("status")
    return one_line(f"FIML Alert: {rule.name}{f' ({word})' if word else ''}")


def text_of(rule: Rule, payload: Mapping[str, Any]) -> str:
    """The text, by the rule's template where it has one."""
    return own_text(rule, payload) or _plain_text(rule, payload)


def own_text(rule: Rule, payload: Mapping[str, Any]) -> str:
    """The text by the rule's template; empty where it has none."""
    template = rule.templates and rule.templates.text
    return clean(render(template, payload)) if template else ""


def html_of(rule: Rule, payload: Mapping[str, Any]) -> str:
    """The text as HTML: every value escaped, also in a template, whose own marks are the owner's."""
    template = rule.templates and rule.templates.html
    if template:
        return clean(render(template, payload, lambda value: html.escape(value)))
    if own := own_text(rule, payload):
        return f"<pre>{html.escape(own)}</pre>"
    rows = "".join(
        f"<tr><th align=\"left\">{label}</th><td>{html.escape(value)}</td></tr>" for label, value in facts(rule, payload)
    )
    head = html.escape(one_line(rule.name))
    about = html.escape(one_line(rule.description, LONGEST_VALUE))
    return f"<html><body><h2>{head}</h2><p>{about}</p><table>{rows}</table><p><small>{FOOTER}</small></p></body></html>"


FOOTER = "This is an automated FIML alert, sent by oracle."


def _plain_text(rule: Rule, payload: Mapping[str, Any]) -> str:
    rows = "\n".join(f"{label}: {value}" for label, value in facts(rule, payload))
    return f"\N{BELL} {one_line(rule.name)}\n{one_line(rule.description, LONGEST_VALUE)}\n\n{rows}"


def units(text: str) -> int:
    """How long a text is for the far ends: in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)
