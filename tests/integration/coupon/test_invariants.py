"""Each thing that ``dankbar verify`` promises about coupons is noticed when it does not hold."""

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from tests.integration.coupon.stage import Stage, install
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import ENDED, FREE, GIVEN, coupon, coupon_code


async def given(stage: Stage) -> tuple[int, int]:
    """A code that is given, and its order."""
    rows = await stage.rows(coupon_code, "id", "order_ref", "state")
    return next((code, ref) for code, ref, state in rows if state == GIVEN)


async def test_a_healthy_shop_has_no_breach(stage: Stage) -> None:
    await stage.tell(*(stage.arrival(id) for id in range(1, 20)))
    await stage.order(30, source="pos")
    await stage.order(31, cancelled_at=stage.now)
    assert await stage.breaches() == []


async def test_a_void_coupon_with_a_live_code_is_noticed(stage: Stage) -> None:
    await stage.order(1)
    await stage.db.write(lambda conn: conn.execute(update(coupon).values(void=True)))
    found = await stage.breaches()
    assert any("live" in text for text in found)
    assert any("follow its facts" in text for text in found)


async def test_a_coupon_that_lost_its_code_is_noticed(stage: Stage) -> None:
    await stage.order(1)
    code, _ = await given(stage)
    lost = update(coupon_code).where(coupon_code.c.id == code).values(order_ref=None, state=FREE)
    await stage.db.write(lambda conn: conn.execute(lost))
    assert any("does not wait" in text for text in await stage.breaches())


async def test_a_code_in_the_pool_that_is_somebodys_is_noticed(stage: Stage) -> None:
    await stage.order(1)
    code, _ = await given(stage)
    freed = update(coupon_code).where(coupon_code.c.id == code).values(state=FREE)
    await stage.db.write(lambda conn: conn.execute(freed))
    assert any("in the pool" in text for text in await stage.breaches())


async def test_a_coupon_of_another_shop_is_noticed(stage: Stage) -> None:
    other = await stage.db.write(lambda conn: install(conn, "other", stage.now, CouponSettings()))
    await stage.order(1)
    code, _ = await given(stage)
    moved = update(coupon_code).where(coupon_code.c.id == code).values(shop_id=other.id)
    await stage.db.write(lambda conn: conn.execute(moved))
    found = await stage.breaches()
    assert any("than its discount" in text for text in found)
    assert any("than its order" in text for text in found)
    await stage.db.write(lambda conn: conn.execute(update(coupon).values(shop_id=other.id)))
    assert any("another shop's" in text for text in await stage.breaches())


async def test_a_code_given_to_an_order_without_a_coupon_is_noticed(stage: Stage) -> None:
    await stage.order(1)
    await stage.db.write(lambda conn: conn.execute(coupon.delete()))
    assert any("without a coupon" in text for text in await stage.breaches())


@pytest.mark.parametrize("state", [GIVEN, ENDED])
async def test_the_database_itself_refuses_a_second_code_for_an_order(stage: Stage, state: str) -> None:
    await stage.order(1)
    _, ref = await given(stage)
    node = (await stage.rows(coupon_code, "node_id"))[0][0]
    row = {"shop_id": stage.shop.id, "node_id": node, "code": "X", "state": state, "order_ref": ref}
    with pytest.raises(IntegrityError):
        await stage.db.write(lambda conn: conn.execute(insert(coupon_code), [row]))


async def test_the_database_itself_refuses_a_code_twice_in_a_shop(stage: Stage) -> None:
    (node, code) = (await stage.rows(coupon_code, "node_id", "code"))[0]
    row = {"shop_id": stage.shop.id, "node_id": node, "code": code, "state": FREE}
    with pytest.raises(IntegrityError):
        await stage.db.write(lambda conn: conn.execute(insert(coupon_code), [row]))
