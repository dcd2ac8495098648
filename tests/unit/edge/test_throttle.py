"""The bucket holds back what would be refused, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.shopify.throttle import Bucket


def told(
    available: float, requested: float = 100, maximum: float = 2000, rate: float = 100
) -> dict[str, object]:
    status = {"currentlyAvailable": available, "maximumAvailable": maximum, "restoreRate": rate}
    return {"requestedQueryCost": requested, "actualQueryCost": 3, "throttleStatus": status}


def test_a_full_bucket_lets_calls_pass_until_it_is_empty() -> None:
    bucket = Bucket()
    bucket.learn("Orders", told(250), 0.0)
    assert bucket.cost("Orders") == 100
    assert bucket.take(100, 0.0) == 0.0
    assert bucket.take(100, 0.0) == 0.0
    assert bucket.take(100, 0.0) == 0.25
    assert bucket.take(100, 0.5) == 0.0


def test_an_empty_bucket_tells_how_long_it_takes() -> None:
    bucket = Bucket()
    bucket.learn("Orders", told(50), 0.0)
    assert bucket.take(100, 0.0) == 0.5
    assert bucket.take(100, 0.4) == pytest.approx(0.1)
    assert bucket.take(100, 0.5) == 0.0


def test_what_was_not_spent_comes_back() -> None:
    bucket = Bucket()
    bucket.learn("Orders", told(100), 0.0)
    assert bucket.take(100, 0.0) == 0.0
    assert bucket.take(100, 0.0) == 0.25
    bucket.give_back(100)
    bucket.learn("Orders", told(97), 0.0)
    assert bucket.take(97, 0.0) == 0.0


def test_it_never_holds_more_than_its_maximum() -> None:
    bucket = Bucket()
    bucket.learn("Orders", told(0), 0.0)
    assert bucket.take(2000, 1000.0) == 0.0
    assert bucket.take(1, 1000.0) == 0.01


def test_a_document_dearer_than_the_bucket_waits_for_a_full_one_only() -> None:
    bucket = Bucket()
    bucket.learn("Huge", told(0, requested=5000), 0.0)
    assert bucket.cost("Huge") == 2000
    assert bucket.wait("Huge", 0.0) == 20.0
    assert bucket.take(bucket.cost("Huge"), 20.0) == 0.0


def test_a_refused_call_waits_at_least_a_tenth_of_a_second() -> None:
    bucket = Bucket()
    bucket.learn("Orders", told(1999), 0.0)
    assert bucket.wait("Orders", 0.0) == 0.1


@pytest.mark.parametrize(
    "cost",
    [
        None,
        "x",
        [],
        {},
        {"throttleStatus": 7},
        {"requestedQueryCost": "9", "throttleStatus": {}},
        told(0, rate=0),
    ],
    ids=repr,
)
def test_nonsense_teaches_nothing(cost: object) -> None:
    bucket = Bucket()
    bucket.learn("Orders", cost, 5.0)
    assert bucket.take(1000, 5.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 3)), max_size=30))
def test_never_more_is_under_way_than_was_available(calls: list[tuple[float, float]]) -> None:
    bucket, now, taken = Bucket(), 0.0, 0.0
    bucket.learn("Orders", told(1000, maximum=1000), 0.0)
    for cost, pause in calls:
        now += pause
        if bucket.take(cost, now) == 0.0:
            taken += cost
        assert taken <= 1000 + 1e-6
