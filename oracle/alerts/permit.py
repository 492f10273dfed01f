"""Which actions rules may have: what the settings allow, and what makes sense in the rule that has them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from oracle.alerts.actions import COMMANDS, LEAST_COOLDOWN_S, AlertAction, When
from oracle.alerts.rule import Rule
from oracle.problems import Invalid, Problem, closest, one_of

__all__ = ["action_problems", "checked_patterns", "is_allowed"]


def is_allowed(command: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern means this command: itself, `watchdog.*` for all of an owner, `*` for all."""
    return any(pattern in (command, "*", f"{command.partition('.')[0]}.*") for pattern in patterns)


def checked_patterns(patterns: Iterable[str]) -> None:
    """Raises Invalid for the first that means no command, with paths of the settings."""
    for number, pattern in enumerate(patterns):
        if not any(is_allowed(command, (pattern,)) for command in COMMANDS):
            owners = dict.fromkeys(f"{name.partition('.')[0]}.*" for name in COMMANDS)
            known = (*COMMANDS, *owners, "*")
            raise Invalid([Problem(("alerts", "actions", number), "enum", f"Input should be {one_of(known)}", pattern,
                                   closest(pattern, known))])  # fmt: skip


def action_problems(rule: Rule, patterns: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the actions of a rule where alerts may call what matches `patterns`."""
    if rule.actions and rule.cooldown_seconds < LEAST_COOLDOWN_S:
        why = f"Input should be greater than or equal to {LEAST_COOLDOWN_S} for an alert with actions"
        yield Problem(("cooldown_seconds",), "greater_than_equal", why, rule.cooldown_seconds, ctx={"ge": LEAST_COOLDOWN_S})
    for number, action in enumerate(rule.actions):
        where = ("actions", number)
        if not is_allowed(action.command, patterns):
            allowed = ", ".join(name for name in COMMANDS if is_allowed(name, patterns)) or "nothing"
            why = f"alerts may not call {action.command}: alerts.actions in the settings allows {allowed}"
            yield Problem((*where, "command"), "not_allowed", why, action.command)
        yield from _misdirected(rule, action, where)


def _misdirected(rule: Rule, action: AlertAction, where: tuple[str | int, ...]) -> Iterator[Problem]:
    order = COMMANDS[action.command]
    if order.key and not action.target:
        yield Problem((*where, "target"), "missing", f"{action.command} needs a target")
    if not order.key and action.target:
        yield Problem((*where, "target"), "value_error", f"{action.command} has no target", action.target)
    if order.key and action.reason:
        yield Problem((*where, "reason"), "value_error", f"{action.command} takes no reason", action.reason)
    if order.ref(action.target) == rule.ref:
        yield Problem((*where, "target"), "value_error", "an alert can't act on itself", action.target)
    if action.on is When.escalated and rule.escalate_after_s is None:
        yield Problem((*where, "on"), "value_error", "the alert never escalates: it has no escalate_after_s", str(action.on))
