"""The whole table: which surfaces there are. A route that is not reachable from here does not exist."""

from __future__ import annotations

from web.routes import Route
from web.surfaces import (
    agent_analytics,
    agent_conversations,
    agent_lists,
    agent_logs,
    agent_sockets,
    agent_status,
    agent_tasks,
    agent_webhooks,
    agent_work,
    alert_analytics,
    alert_history,
    alert_life,
    alert_past,
    alert_presets,
    alert_writing,
    alerts_at_once,
    alpha_backtests,
    alpha_oracle,
    alpha_portfolio,
    alpha_rankings,
    alpha_risk,
    alpha_strategies,
    alpha_system,
    alpha_trades,
    archive,
    broker,
    budgets,
    deliveries,
    fiml,
    fiml_alerts,
    fiml_market,
    flopy_alerts,
    flopy_config,
    flopy_dashboard,
    flopy_experiments,
    flopy_health,
    flopy_metrics,
    flopy_parts,
    flopy_runners,
    front,
    happened,
    inbound,
    live,
    mt5,
    native,
    programs,
    push,
    questions,
    run_output,
    runs,
    tokens,
    trading,
    trials,
    union,
    vitals,
    watchdogs,
)

__all__ = ["routes"]

SURFACES = (
    run_output, front, native, fiml, alert_past, alert_life, fiml_alerts, alert_presets, alerts_at_once, alert_analytics,
    fiml_market, live, mt5, union, runs, push, deliveries, broker, alpha_oracle, alpha_risk, alpha_portfolio, alpha_trades,
    alpha_system, alpha_strategies, alpha_backtests, alpha_rankings, trading, tokens, vitals, archive, budgets, programs,
    agent_analytics, agent_lists, agent_tasks, agent_work, agent_logs, agent_status, agent_sockets, agent_conversations,
    agent_webhooks, inbound, trials, watchdogs, happened, alert_history, alert_writing, questions, flopy_experiments,
    flopy_parts, flopy_runners, flopy_metrics, flopy_health, flopy_config, flopy_alerts, flopy_dashboard,
)  # fmt: skip


def routes() -> tuple[Route, ...]:
    """Every route of the server."""
    return tuple(route for surface in SURFACES for route in surface.ROUTES)
