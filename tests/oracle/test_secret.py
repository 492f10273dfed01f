"""References that lead to no secret are named, wherever in the settings they stand."""

import pytest

from oracle.problems import Bad
from oracle.secret import Secret, missing
from oracle.settings import Alerts, Settings, Tasks


def test_each_reference_that_leads_nowhere_is_named_by_its_place(monkeypatch):
    monkeypatch.setenv("THERE", "hush")
    nowhere, there = Secret("env", "NOT_THERE"), Secret("env", "THERE")
    tasks = Tasks(webhook_secrets={"github": there, "jira": nowhere})
    found = list(missing(Settings(tasks=tasks, alerts=Alerts(smtp_password=nowhere))))
    assert {problem.where for problem in found} == {"tasks.webhook_secrets.jira", "alerts.smtp_password"}
    assert {problem.type for problem in found} == {"secret_missing"}


def test_a_table_of_secrets_has_only_providers_that_are_built_in():
    with pytest.raises(Bad, match="none of github"):
        Tasks(webhook_secrets={"githb": Secret("env", "THERE")})
