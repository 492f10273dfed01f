"""What a detector is worth on series in which people have marked what is odd."""

from __future__ import annotations

import pytest

from bench.detect import BEST, KEPT, METRONOME_ROWS, detections
from bench.series import LABELLED, SCORER, Labelled

needs_series = pytest.mark.skipif(not (LABELLED.is_dir() and SCORER.is_file()), reason=f"no labelled series in {LABELLED}")


@needs_series
def test_it_scores_what_the_benchmark_promises():
    labelled = Labelled.load()
    scores, alarms = detections(labelled)
    assert labelled.score(scores) >= BEST
    assert labelled.score_of_alarms(alarms) >= KEPT
    blind = {name: [row % METRONOME_ROWS == 0 for row in range(1, len(rows) + 1)] for name, rows in labelled.rows.items()}
    assert labelled.score_of_alarms(blind) < 30  # the scoring itself: what knows nothing gets little
