"""Killed, cut off, without room and with wrong clocks, under load: no webhook is lost, none is counted twice.

The long form, with other seeds each time, is ``python -m benchmarks.chaos``.
"""

import pytest

from tests.chaos.run import run


@pytest.mark.parametrize(("home", "seed", "seconds"), [("sqlite", 1, 8), ("postgresql", 2, 10)])
def test_whatever_breaks_each_accepted_webhook_counts_once(home: str, seed: int, seconds: float) -> None:
    outcome = run(home, seed, orders=60, seconds=seconds, patience=120, patient=False)
    assert outcome.breaches == (), outcome.said
    assert outcome.accepted > 60
    assert outcome.duplicates > 0
    assert outcome.troubles.total() > 0
    assert len(outcome.faults) > 2
