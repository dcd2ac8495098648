"""Coupons follow their orders' facts: undone, back again, redeemed, whatever the order of arrival."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from plugin.core.orders import Arrival
from tests.integration.coupon.stage import Stage, install
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import FREE, GIVEN, REVOKED, coupon, coupon_code, coupon_use


async def count_of(stage: Stage, state: str) -> int:
    return (await stage.rows(coupon_code, "state")).count((state,))


@pytest.mark.parametrize(
    "undone",
    [{"cancelled": True}, {"status": "refunded"}, {"status": "voided"}, {"deleted": True}],
    ids=["cancelled", "refunded", "voided", "deleted"],
)
async def test_an_undone_order_loses_its_code_and_no_other_does(stage: Stage, undone: dict[str, Any]) -> None:
    await stage.tell(stage.arrival(1), stage.arrival(2))
    kept = await stage.code(2)
    stage.pass_time(hours=1)
    await stage.tell(undoing(stage, 1, **undone))
    seen = await stage.seen(1)
    assert (seen.state, seen.code, seen.apply_url) == ("void", None, None)
    assert await stage.code(2) == kept
    assert await count_of(stage, REVOKED) == 1
    assert [name for name, _ in await stage.tasks()].count("coupon.remove") == 1
    assert await stage.breaches() == []


def undoing(
    stage: Stage, order_id: int, *, cancelled: bool = False, status: str = "paid", deleted: bool = False
) -> Arrival:
    if deleted:
        return Arrival(stage.shop.id, order_id, deleted=True)
    return stage.arrival(order_id, status=status, cancelled_at=stage.now if cancelled else None)


async def test_an_order_that_comes_back_gets_a_fresh_code(stage: Stage) -> None:
    await stage.order(1)
    first = await stage.code(1)
    stage.pass_time(hours=1)
    await stage.order(1, status="voided")
    stage.pass_time(hours=1)
    await stage.order(1, status="paid")
    second = await stage.code(1)
    assert second != first
    assert await stage.breaches() == []


async def test_an_order_undone_before_it_was_known_costs_no_code(stage: Stage) -> None:
    await stage.order(1, cancelled_at=stage.now)
    assert await stage.states([1]) == ["void"]
    assert await count_of(stage, FREE) == 300
    stage.pass_time(hours=1)
    await stage.order(1)
    assert await stage.states([1]) == ["ready"]


async def test_an_order_known_by_its_deletion_alone_gets_none(stage: Stage) -> None:
    await stage.tell(Arrival(stage.shop.id, 1, deleted=True))
    assert await stage.rows(coupon) == []
    await stage.order(1)
    assert await stage.states([1]) == ["void"]
    assert await count_of(stage, FREE) == 300


async def test_a_coupon_is_redeemed_by_another_order_in_any_case(stage: Stage) -> None:
    await stage.order(1)
    code = await stage.code(1)
    await stage.order(2, codes=("SUMMER10", code.lower()))
    assert await stage.states([1, 2]) == ["redeemed", "ready"]
    assert (await stage.seen(1)).code is None
    assert await stage.breaches() == []


async def test_a_used_coupon_is_not_taken_back(stage: Stage) -> None:
    await stage.order(1)
    code = await stage.code(1)
    await stage.order(2, codes=(code,))
    stage.pass_time(hours=1)
    await stage.order(1, status="refunded")
    assert await stage.states([1]) == ["redeemed"]
    assert await count_of(stage, REVOKED) == 0
    assert "coupon.remove" not in [name for name, _ in await stage.tasks()]
    assert await stage.breaches() == []


async def test_a_use_follows_the_facts_of_the_order_that_used_it(stage: Stage) -> None:
    await stage.order(1)
    await stage.order(2, codes=(await stage.code(1),))
    stage.pass_time(hours=1)
    await stage.order(2)
    assert await stage.states([1]) == ["ready"]
    assert await stage.rows(coupon_use) == []


async def test_a_void_coupon_whose_use_is_undone_loses_its_code_after_all(stage: Stage) -> None:
    await stage.order(1)
    await stage.order(2, codes=(await stage.code(1),))
    stage.pass_time(hours=1)
    await stage.order(1, status="refunded")
    assert await stage.states([1]) == ["redeemed"]
    await stage.order(2)
    assert await stage.states([1]) == ["void"]
    assert await count_of(stage, REVOKED) == 1
    assert await stage.breaches() == []


async def test_another_shops_order_with_the_same_text_uses_nothing(stage: Stage) -> None:
    other = await stage.db.write(lambda conn: install(conn, "other", stage.now, CouponSettings()))
    await stage.order(1)
    await stage.tell(stage.arrival(11, other, codes=(await stage.code(1),)))
    assert await stage.states([1]) == ["ready"]


async def test_a_checkout_that_was_faster_than_the_removal_is_honoured(stage: Stage) -> None:
    await stage.order(1)
    code = await stage.code(1)
    stage.pass_time(hours=1)
    await stage.order(1, status="refunded")
    await stage.order(2, codes=(code,))
    assert await stage.states([1]) == ["redeemed"]
    stage.pass_time(hours=1)
    await stage.order(1, status="paid")
    assert await stage.states([1]) == ["redeemed"]
    assert await count_of(stage, GIVEN) == 1
    assert await stage.breaches() == []


async def test_a_late_use_of_a_code_taken_back_ends_the_one_given_since(stage: Stage) -> None:
    await stage.order(1)
    code = await stage.code(1)
    stage.pass_time(hours=1)
    await stage.order(1, status="voided")
    stage.pass_time(hours=1)
    await stage.order(1)
    await stage.order(2, codes=(code,))
    assert await stage.states([1]) == ["redeemed"]
    assert sorted(state for state, ref in await stage.rows(coupon_code, "state", "order_ref") if ref) == [
        GIVEN,
        REVOKED,
        REVOKED,
    ]
    assert await stage.breaches() == []


async def test_any_order_of_arrival_with_duplicates_ends_in_the_same_states(stage: Stage) -> None:
    """Three facts of an order and one of the order that used its coupon: what rule 18 leaves to no arrival."""
    base = 1000
    for number, arrangement in enumerate(permutations(range(3))):
        order_id = base + number
        told = [
            stage.arrival(order_id, status="pending"),
            stage.arrival(order_id, updated_at=stage.now + timedelta(hours=1)),
            stage.arrival(order_id, updated_at=stage.now + timedelta(hours=2), status="refunded"),
        ]
        for index in arrangement:
            await stage.tell(told[index], told[arrangement[0]])
    states = await stage.states(range(base, base + 6))
    assert states == ["void"] * 6
    assert await stage.breaches() == []
    assert (await stage.rows(coupon, "refusal")) == [(None,)] * 6


async def test_a_use_told_before_and_after_gives_the_same_state(stage: Stage) -> None:
    await stage.tell(stage.arrival(1), stage.arrival(2))
    one, two = await stage.code(1), await stage.code(2)
    later = stage.now + timedelta(hours=1)
    cancel = stage.arrival(1, updated_at=later, cancelled_at=later)
    use = stage.arrival(11, codes=(one,))
    await stage.tell(cancel)
    await stage.tell(use)
    await stage.tell(stage.arrival(12, codes=(two,)))
    await stage.tell(replace_id(cancel, 2))
    assert await stage.states([1, 2]) == ["redeemed", "redeemed"]
    assert await stage.breaches() == []


def replace_id(arrival: Arrival, order_id: int) -> Arrival:
    snapshot = arrival.snapshot
    assert snapshot is not None
    moved = replace(snapshot, facts=replace(snapshot.facts, id=order_id))
    return replace(arrival, order_id=order_id, snapshot=moved)
