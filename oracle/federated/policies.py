"""The policies an experiment can ask for, and what each of them changes."""

from __future__ import annotations

__all__ = ["ADAPTIVE", "DYNAMIC", "POLICIES", "PRIORITY", "ROBUST"]

PRIORITY = "priority_fl_traffic"
ADAPTIVE = "adaptive_qos"
ROBUST = "robust_aggregation"
DYNAMIC = "dynamic_client_selection"

POLICIES: dict[str, str] = {
    PRIORITY: "The training's packets go first: they have the whole line, of which other traffic takes 30 % else, and wait in no "
    "queue, which is half of the latency else.",
    ADAPTIVE: "The line is shared by need: who was slow last time gets more of it, until all arrive at once. Else shares are "
    "equal.",
    ROBUST: "The new model is the median of the clients' models, weight by weight, so that a minority of broken ones has no say "
    "(Yin et al. 2018). Else it is their mean, by how many pictures each has.",
    DYNAMIC: "Twice as many clients are drawn as a round needs, and those whose last loss was highest take part, before them "
    "those that never did (power of choice, Cho et al. 2020). Else all are equally likely.",
}
"""What each changes, by its name."""
