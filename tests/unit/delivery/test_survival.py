"""The estimator against the numbers of two survival libraries, frozen, and against what must hold of any of them."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.delivery.survival import (
    DONE,
    LOST,
    OPEN,
    Curve,
    Spell,
    Table,
    blended,
    incidence,
    pooled,
    tabled,
)

FROZEN = json.loads((Path(__file__).parent / "survival_numbers.json").read_text("utf-8"))
OUTCOMES = {0: OPEN, 1: DONE, 2: LOST}


def curve(spells: list[Spell]) -> Curve:
    return incidence(tabled(Counter(spells)))


@pytest.mark.parametrize("library", sorted({case["by"] for case in FROZEN["cases"]}))
def test_it_is_what_a_survival_library_computes(library: str) -> None:
    cases = [case for case in FROZEN["cases"] if case["by"] == library]
    assert len(cases) >= 30
    for case in cases:
        found = curve([Spell(left, OUTCOMES[outcome], entered) for entered, left, outcome in case["spells"]])
        assert found.chances == pytest.approx(case["done"], abs=1e-9)
        if "lost" in case:
            assert found.lost == pytest.approx(case["lost"], abs=1e-9)


SPELLS = st.lists(
    st.builds(
        Spell,
        left=st.integers(0, 30),
        outcome=st.sampled_from([DONE, DONE, LOST, OPEN]),
        entered=st.just(0),
    ),
    max_size=60,
)


@given(SPELLS)
def test_chances_rise_and_never_exceed_one(spells: list[Spell]) -> None:
    found = curve(spells)
    assert all(step >= 0 for step in found.shares)
    for done, lost in zip(found.chances, found.lost, strict=True):
        assert -1e-12 <= done + lost <= 1 + 1e-12


@given(SPELLS, SPELLS)
def test_tables_of_different_parcels_add_up(one: list[Spell], other: list[Spell]) -> None:
    closed = [[spell for spell in spells if spell.outcome != OPEN] for spells in (one, other)]
    both = tabled(Counter(closed[0])) + tabled(Counter(closed[1]))
    assert both == tabled(Counter(closed[0] + closed[1]))


@given(SPELLS)
def test_without_open_parcels_it_is_the_share_that_arrived(spells: list[Spell]) -> None:
    ended = [spell for spell in spells if spell.outcome != OPEN]
    found = curve(ended)
    for age, chance in enumerate(found.chances):
        arrived = sum(one.left <= age and one.outcome == DONE for one in ended)
        assert chance == pytest.approx(arrived / len(ended), abs=1e-9)


def test_leaving_out_open_and_lost_parcels_promises_too_much() -> None:
    spells = [Spell(1, DONE)] * 60 + [Spell(2, OPEN)] * 30 + [Spell(9, LOST)] * 10
    delivered = [spell for spell in spells if spell.outcome == DONE]
    assert curve(delivered).by(1) == 1.0
    assert curve(spells).by(1) == pytest.approx(0.6)


def test_who_is_first_seen_under_way_says_nothing_about_earlier_days() -> None:
    early, late = [Spell(1, DONE)] * 50 + [Spell(5, DONE)] * 50, [Spell(5, DONE, entered=4)] * 900
    assert curve(early + late).by(1) == pytest.approx(0.5)


def test_a_thin_curve_leans_on_its_parent_and_a_thick_one_does_not() -> None:
    parent = Curve((0.0, 0.8, 1.0), 500, (0.0, 0.0, 0.0))
    thin = blended(tabled(Counter({Spell(2, DONE): 5})), parent)
    assert thin.by(1) == pytest.approx(20 * 0.8 / 25)
    assert thin.events == 25
    thick = blended(tabled(Counter({Spell(2, DONE): 2000})), parent)
    assert thick.by(1) < 0.01


def test_where_few_are_left_under_observation_the_parent_says_how_it_ends() -> None:
    parent = Curve((0.0, 0.5, 0.9), 500, (0.0, 0.0, 0.1))
    young = tabled(Counter({Spell(1, DONE): 800, Spell(1, OPEN): 800}))
    found = blended(young, parent)
    assert found.by(1) == pytest.approx(0.5)
    assert found.by(2) == pytest.approx(0.9)


def test_nothing_learned_leaves_the_prior() -> None:
    prior = Curve((0.0, 0.8, 0.95), 20)
    assert pooled(prior, [Table(), Table()]) == prior


@given(SPELLS, st.integers(-5, 5))
def test_a_table_is_moved_by_days(spells: list[Spell], by: int) -> None:
    ended = [spell for spell in spells if spell.outcome != OPEN]
    moved = [Spell(max(0, spell.left + by), spell.outcome) for spell in ended]
    expected, found = curve(moved), incidence(tabled(Counter(ended)).moved(by))
    assert found.chances == pytest.approx(expected.chances, abs=1e-9)


def test_a_chance_of_few_is_worth_less() -> None:
    assert Curve((1.0,), 9).worth == pytest.approx(0.9)
