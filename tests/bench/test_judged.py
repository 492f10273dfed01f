"""A measurement is judged by its ratio, and every row has the same keys."""

from __future__ import annotations

import pytest

from bench.__main__ import COLUMNS, judged


@pytest.mark.parametrize(("row", "ratio", "met"), [
    ({"ours": 8.0, "peer_value": 10.0, "target": ">= 0.8"}, 0.8, True),
    ({"ours": 7.9, "peer_value": 10.0, "target": ">= 0.8"}, 0.79, False),
    ({"ours": 20.0, "peer_value": 10.0, "target": "<= 2.0"}, 2.0, True),
    ({"ours": 1.0, "peer_value": 10.0, "target": "<= 2.0", "ratio": 2.5}, 2.5, False),
])
def test_the_ratio_decides(row, ratio, met):
    found = judged({"name": "x", "peer": "y", **row})
    assert tuple(found) == COLUMNS
    assert (found["ratio"], found["met"]) == (ratio, met)


def test_a_target_is_a_sign_and_a_bound():
    with pytest.raises(KeyError):
        judged({"name": "x", "peer": "y", "ours": 1.0, "peer_value": 1.0, "target": "about 2"})
