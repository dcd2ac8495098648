"""Carriers that report arrivals alone: their silent parcels are waited for as far as they will be heard of at all."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.unit.delivery.synthetic import BERLIN, SETTINGS
from widgets.delivery.learned import Way
from widgets.delivery.learning import Known, Parcel, heard, learn
from widgets.delivery.survival import incidence

DE = Way("DE", None, "DHL")
NOW = datetime(2026, 6, 30, 3, tzinfo=UTC)
TODAY = date(2026, 6, 30)
TRUTH = tuple([0.0] * 4 + [0.1 * 0.9**n for n in range(25)])


def parcels(days: int, *, followed: bool, untracked: float = 0.1) -> list[Parcel]:
    """Twenty a day; ``followed``: the carrier says that it has a parcel, not only that it arrived."""
    chance, found = random.Random(5), []
    for back in range(1, days):
        sent = TODAY - timedelta(days=back)
        for _ in range(20):
            if chance.random() < untracked:
                found.append(Parcel(DE, sent, scanned=False))
                continue
            arrives = sent + timedelta(days=chance.choices(range(len(TRUTH)), TRUTH)[0])
            under_way = Parcel(DE, sent, scanned=followed)
            there = replace(under_way, delivered_on=arrives, scanned=True, at_once=not followed)
            found.append(there if arrives < TODAY else under_way)
    return found


EVERY_DAY = SETTINGS.model_copy(
    update={
        "dispatch_days": "mon-sun",
        "origin": "XX",
        "lanes": (SETTINGS.lanes[0].model_copy(update={"days": "mon-sun"}),),
    }
)


def by_day_sixteen(found: list[Parcel]) -> tuple[float, float]:
    """The chance of arriving by the sixteenth day as it is learned, and from those heard of alone."""
    alone = [one for one in found if one.scanned]
    curves = [
        incidence(learn(EVERY_DAY, BERLIN, Known(NOW, (), some, {})).transit[DE]) for some in (found, alone)
    ]
    return curves[0].by(16), curves[1].by(16)


@pytest.mark.parametrize("days", [60, 95])
def test_the_silent_are_waited_for_where_a_carrier_reports_arrivals_alone(days: int) -> None:
    truth = sum(TRUTH[:17]) / sum(TRUTH)
    learned, naive = by_day_sixteen(parcels(days, followed=False))
    assert learned == pytest.approx(truth, abs=0.04)
    assert naive - truth > 0.06


def test_a_young_shop_waits_as_long_as_it_can_know_of() -> None:
    learned, naive = by_day_sixteen(parcels(30, followed=False))
    assert learned < naive - 0.01


def test_where_the_way_is_reported_the_silent_say_nothing() -> None:
    found = parcels(95, followed=True)
    learned, naive = by_day_sixteen(found)
    assert learned == naive
    assert heard(found, TODAY - timedelta(days=95)).lasting(TODAY) is None


def test_the_share_that_is_heard_of_is_that_of_old_parcels() -> None:
    found = parcels(95, followed=False, untracked=0.2)
    assert heard(found, TODAY - timedelta(days=95)).lasting(TODAY) == pytest.approx(0.8, abs=0.03)
