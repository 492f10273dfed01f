"""Experiments in federated learning: what one consists of, what its rounds say, and what follows from them.

An experiment is a Run of the kind `experiment`. Its facts are `rounds` (the newest that is known), `rounds_total`, `accuracy` and
`loss` of the global model, `clients` (a row each), `history` (a row a round), `notes` (what its reader should know of it) and
`scheduled_us` (when it was to begin by itself).
"""

from oracle.experiments.figures import Figures, figures_of
from oracle.experiments.limits import NAME
from oracle.experiments.reports import ClientReport, RoundReport, known_round, with_client, with_round
from oracle.experiments.taking import Told, begun_told, client_told, result_of, round_told
from oracle.experiments.wish import BASIC, KIND, Configuration, Experiment, read_experiment, trained_here

__all__ = [
    "BASIC", "KIND", "NAME", "ClientReport", "Configuration", "Experiment", "Figures", "RoundReport", "Told", "begun_told",
    "client_told", "figures_of", "known_round", "read_experiment", "result_of", "round_told", "trained_here", "with_client",
    "with_round",
]  # fmt: skip
