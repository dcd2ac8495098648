"""Codes at Shopify: for their customer alone, until their own date, and points back only where none was made (B 16)."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, select, update

from plugin.core.redemptions import redemption
from plugin.shops import shop
from plugin.tasks import Wanted, enqueue, task
from sandbox.discounts import CodeRefused
from sandbox.state import Discount
from tests.integration.loyalty.till import Till
from webhooks.erasure import erase_customer
from widgets.loyalty import reward_codes
from widgets.loyalty.redeem import MINT


def made(till: Till, code: str) -> Discount:
    """The discount that holds the code."""
    (found,) = [one for one in till.discounts if code.casefold() in one.codes]
    return found


async def test_a_code_is_its_customers_alone_serves_once_and_ends_by_itself(till: Till) -> None:
    customer, stranger = await till.rich(), till.customer()
    code = await till.bought(customer)
    given = made(till, code).input
    assert given["usageLimit"] == 1
    assert given["context"] == {"customers": {"add": [customer.gid]}}
    assert given["endsAt"] is not None
    shop = till.shop.handle
    for who in (stranger, None):
        with pytest.raises(CodeRefused, match="another customer"):
            till.sim.quote(till.sim.cart(["40.00"], shop=shop, customer=who), [code], shop=shop)
    (applied,) = till.sim.quote(till.sim.cart(["40.00"], shop=shop, customer=customer), [code], shop=shop)
    assert applied.total == 500
    till.sim.place_order(["40.00"], shop=shop, customer=customer, codes=[code])
    with pytest.raises(CodeRefused, match="used"):
        till.sim.quote(till.sim.cart(["40.00"], shop=shop, customer=customer), [code], shop=shop)


async def test_every_kind_of_reward_takes_off_what_it_says(till: Till) -> None:
    cup = till.sim.product("Becher", "18.50", shop=till.shop.handle)
    gift = f'{{"id": "cup", "title": "Becher", "cost": 9, "kind": "free_product", "value": "gid://shopify/ProductVariant/{cup.variant_id}"}}'
    customer = await till.rich()
    tenth, ship = await till.bought(customer, "tenth"), await till.bought(customer, "ship")
    await till.stage.change("loyalty", rewards=f"[{gift}]")
    free = await till.bought(customer, "cup")
    shop = till.shop.handle
    cart = till.sim.cart([(cup, 3), "30.00"], shop=shop, customer=customer)

    def off(code: str) -> int:
        (applied,) = till.sim.quote(cart, [code], shop=shop)
        return applied.total

    assert off(tenth) == 855
    assert off(ship) == cart.shipping
    assert off(free) == 1850, "one of three"
    small = till.sim.cart(["10.00"], shop=shop, customer=customer)
    with pytest.raises(CodeRefused, match="at least"):
        till.sim.quote(small, [ship], shop=shop)
    with pytest.raises(CodeRefused, match="does not apply"):
        till.sim.quote(small, [free], shop=shop)


async def test_a_code_whose_making_was_answered_into_the_void_is_found_and_made_once(till: Till) -> None:
    customer = await till.rich()
    till.lossy.lose = ["CouponCreate"]
    code = await till.bought(customer)
    assert till.failures == []
    assert till.calls("CouponCreate") == len(till.discounts) == 1
    assert code in till.codes()


async def test_a_code_that_was_made_before_a_crash_is_taken_and_ours(till: Till) -> None:
    customer = await till.rich()
    code = await till.bought(customer)
    id = await pretend_unmade(till, code)
    again = [Wanted(till.shop.id, MINT, str(id), till.now, {})]
    await till.db.write(lambda conn: enqueue(conn, again, till.now))
    await till.work()
    assert await till.states() == ["ready"]
    assert (till.calls("CouponCreate"), len(till.discounts)) == (2, 1)
    assert till.codes() == {code}


async def test_a_code_that_is_somebody_elses_is_changed(till: Till) -> None:
    customer = await till.rich()
    await till.redeem(customer, request_id="one")
    wanted = await till.db.read(lambda conn: conn.execute(select(redemption.c.code)).scalar_one())
    till.somebody_elses(wanted)
    await till.work()
    await till.work()
    assert [failure.partition(":")[0] for failure in till.failures] == ["Retry"]
    answer = (await till.redeem(customer, request_id="one")).json()
    assert answer["state"] == "ready"
    assert answer["code"] != wanted
    assert len(till.discounts) == 2


async def test_redeem_race_a_code_that_cannot_be_made_gives_the_points_back(till: Till) -> None:
    customer = await till.rich(100)
    await till.redeem(customer, request_id="one")
    del till.sim.state.shops[till.shop.handle].customers[customer.id]
    await till.work()
    answer = (await till.redeem(customer, request_id="one")).json()
    assert answer == {"request_id": "one", "state": "reversed", "cost": 100, "available": 100, "code": None}
    assert await till.kinds() == [("redemption", -100), ("redemption_reversal", 100)]
    assert till.failures == []
    assert await till.breaches() == ()


async def test_a_product_that_is_gone_is_no_gift_and_the_points_are_back(till: Till) -> None:
    gift = '{"id": "cup", "title": "X", "cost": 9, "kind": "free_product", "value": "gid://shopify/ProductVariant/9"}'
    await till.stage.change("loyalty", rewards=f"[{gift}]")
    customer = await till.rich(100)
    await till.redeem(customer, "cup")
    await till.work()
    assert (await till.states(), await till.available(customer)) == (["reversed"], 100)


async def test_an_outage_takes_no_points_back_and_ends_with_the_code(till: Till) -> None:
    customer = await till.rich(100)
    till.sim.switch(till.shop.handle, api="down")
    await till.redeem(customer, request_id="one")
    for _ in range(2):
        await till.work()
        till.ahead += timedelta(minutes=11)
    assert await till.states() == ["pending"]
    assert await till.available(customer) == 0
    till.sim.switch(till.shop.handle, api="ok")
    await till.work()
    assert await till.states() == ["ready"]


async def test_a_code_absent_at_two_looks_ten_minutes_apart_is_given_up(till: Till) -> None:
    customer = await till.rich(100)
    await till.redeem(customer)
    id = await till.db.read(lambda conn: conn.execute(select(redemption.c.id)).scalar_one())

    async def look() -> bool:
        return await till.db.write(lambda conn: reward_codes.absent(conn, id, till.now))

    assert [await look(), await look()] == [False, False]
    till.ahead += timedelta(minutes=9)
    assert (await look(), await till.available(customer)) == (False, 0)
    till.ahead += timedelta(minutes=2)
    assert (await look(), await till.available(customer)) == (True, 100)
    assert await till.states() == ["reversed"]
    await till.work()
    assert till.discounts == [], "what was given up is not made"
    assert await till.breaches() == ()


async def test_the_nightly_sweep_deletes_the_live_code_of_a_reversed_redemption(till: Till) -> None:
    customer = await till.rich(300)
    kept, code = await till.bought(customer), await till.bought(customer)
    id = await pretend_unmade(till, code)
    await till.db.write(lambda conn: reward_codes.reverse(conn, id, till.now))
    till.ahead += timedelta(hours=2)
    await till.tick()
    await till.work()
    assert till.codes() == {kept}
    await till.tick()
    calls = len(till.sim.state.shops[till.shop.handle].api_calls)
    await till.work()
    assert len(till.sim.state.shops[till.shop.handle].api_calls) == calls, "swept once"
    assert await till.breaches() == ()


async def test_what_was_set_aside_is_asked_for_again_in_the_night(till: Till) -> None:
    customer = await till.rich(300)
    old = await till.bought(customer)
    over = update(redemption).values(ends_at=till.now)
    await till.db.write(lambda conn: conn.execute(over))
    await till.tick()
    await till.redeem(customer)
    park = (
        update(task).where(task.c.name.like("loyalty.%")).values(state="parked", reason="The shop is frozen.")
    )
    await till.db.write(lambda conn: conn.execute(park))
    gone = update(shop).values(uninstalled_at=till.now)
    await till.db.write(lambda conn: conn.execute(gone))
    till.ahead += timedelta(hours=2)
    await till.tick()
    await till.work()
    assert await till.states() == ["expired", "pending"], "nothing is asked of a shop that is gone"
    await till.db.write(lambda conn: conn.execute(update(shop).values(uninstalled_at=None)))
    await till.tick()
    await till.work()
    assert await till.states() == ["ended", "ready"]
    assert old not in till.codes()
    assert await till.available(customer) == 200
    assert await till.breaches() == ()


async def test_the_night_walks_through_more_than_one_portion(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await till.rich(300)
    for _ in range(3):
        await till.redeem(customer)
    await till.db.write(lambda conn: conn.execute(delete(task)))
    monkeypatch.setattr(reward_codes, "_LEFT", reward_codes._LEFT.limit(1))
    till.ahead += timedelta(hours=2)
    await till.tick()
    await till.work()
    assert await till.states() == ["ready"] * 3


async def test_a_code_used_while_it_was_to_be_removed_is_done_with(till: Till) -> None:
    customer = await till.rich(100)
    code = await till.bought(customer)
    till.ahead += timedelta(days=92)
    await till.tick()
    await till.stage.tell(till.order_with(customer, code))
    await till.work()
    assert await till.states() == ["expired"]
    await till.tick()
    assert (await till.states(), await till.available(customer)) == (["spent"], 0)
    assert await till.breaches() == ()


async def test_an_unused_code_past_its_date_is_deleted_and_only_then_are_the_points_back(till: Till) -> None:
    customer = await till.rich(200)
    unused, used = await till.bought(customer), await till.bought(customer)
    await till.stage.tell(till.order_with(customer, used))
    till.ahead += timedelta(days=89)
    await till.tick()
    assert await till.states() == ["ready", "ready"]
    till.ahead += timedelta(days=2)
    await till.tick()
    assert await till.states() == ["expired", "spent"]
    before = await till.available(customer)
    await till.work()
    assert await till.states() == ["ended", "spent"]
    assert await till.available(customer) == before + 100
    assert till.codes() == {used}
    assert unused not in till.codes()
    assert await till.breaches() == ()


async def test_a_code_used_faster_than_it_was_removed_takes_the_points_again(till: Till) -> None:
    customer = await till.rich(100)
    code = await till.bought(customer)
    till.ahead += timedelta(days=92)
    await till.tick()
    await till.work()
    assert await till.available(customer) == 100
    await till.stage.tell(till.order_with(customer, code))
    assert (await till.kinds())[-2:] == [("redemption_reversal", 100), ("redemption_reversal", -100)]
    assert await till.breaches() == ()


async def test_an_erased_customers_redemption_is_neither_made_nor_given_back(till: Till) -> None:
    customer = await till.rich(300)
    code = await till.bought(customer)
    await till.redeem(customer)
    keyring = till.stage.display.keyring
    await till.db.write(lambda conn: erase_customer(conn, keyring, till.shop, customer.id, [], till.now))
    rows = await till.db.read(lambda conn: conn.execute(select(redemption)).all())
    assert {(row.code, row.gid, row.request_id) for row in rows} == {(None, None, None)}
    await till.work()
    till.ahead += timedelta(days=92)
    await till.tick()
    await till.work()
    assert till.codes() == {code}, "it ends at Shopify by its own date"
    assert await till.kinds() == [("redemption", -100), ("redemption", -100)]
    assert (await till.redeem(customer)).status_code == 409
    payloads = await till.db.read(lambda conn: conn.execute(select(task.c.key, task.c.payload)).all())
    assert not [row for row in payloads if str(customer.id) in row.key + row.payload]
    assert await till.breaches() == ()


async def pretend_unmade(till: Till, code: str) -> int:
    """Forget that Shopify made this code, as a crash right after the call does; returns the redemption's id."""

    def work(conn: Connection) -> int:
        mine = redemption.c.code == code
        conn.execute(update(redemption).where(mine).values(state="pending", gid=None))
        return int(conn.execute(select(redemption.c.id).where(mine)).scalar_one())

    return await till.db.write(work)
