"""A discount that Shopify refuses to make holds nobody up: the merchant is told what to change, orders get another."""

from typing import Any

import pytest

from plugin.language import language
from plugin.tasks import task
from sandbox.state import Shop as Pocket
from tests.integration.coupon.shopify import Errand, NewErrand
from tests.integration.coupon.stage import LOCALES
from widgets.coupon import refusals
from widgets.coupon.alerts import alerts
from widgets.coupon.jobs import keep_stock
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon, coupon_budget, coupon_node

DEAD = "gid://shopify/Product/404"
AUSTRIA: dict[str, Any] = {"country": "AT"}


def cups(**more: Any) -> dict[str, Any]:
    """A campaign for Austria on a product that is there no longer."""
    return {"id": "cups", "title": "Cups", "value": 30, "countries": ["AT"], "only_products": [DEAD], **more}


async def told(errand: Errand, locale: str = "en") -> list[str]:
    spoken, stage = language(locale, "sie", folder=LOCALES), errand.stage
    return await stage.db.read(
        lambda conn: [str(one) for one in alerts(conn, stage.shop.id, spoken, errand.now)]
    )


async def values(errand: Errand, *order_ids: int) -> list[tuple[str, str | None]]:
    seen = [await errand.stage.seen(id, "en") for id in order_ids]
    return [(one.state, one.value_text) for one in seen]


async def work(errand: Errand) -> None:
    """Work until nothing follows from it."""
    while await errand.work():
        pass


def pocket(errand: Errand) -> Pocket:
    return errand.sim.state.shops[errand.handle]


@pytest.fixture
async def refused(new_errand: NewErrand) -> Errand:
    """A shop with such a campaign beside the ordinary coupon, before anything was made at Shopify."""
    return await new_errand(CouponSettings.model_validate({"campaigns": [cups()]}))


async def test_the_merchant_reads_which_campaign_and_what_of_it_to_change(refused: Errand) -> None:
    await work(refused)
    assert refused.failures == []
    (said,) = await told(refused)
    assert said == (
        "Shopify does not make the discount “Dankbar 30 % (Cups)” and says: “A product or variant does not exist.”"
        " Please change on the coupon page: its products. Until then orders get the next coupon that fits."
    )
    (german,) = await told(refused, "de")
    assert "Bitte auf der Gutscheinseite ändern: seine Artikel." in german
    await refused.stage.set(campaigns=[])
    assert await told(refused) == []


async def test_an_order_gets_the_next_coupon_that_fits(refused: Errand) -> None:
    await work(refused)
    await refused.stage.order(1, **AUSTRIA)
    assert await values(refused, 1) == [("ready", "10%")]


async def test_orders_that_wait_get_it_as_soon_as_the_refusal_is_known(refused: Errand) -> None:
    fixed = {"kind": "amount", "value": 1500, "minimum_subtotal": 4000}
    await refused.stage.set(kind="amount", value=500, minimum_subtotal=3000, campaigns=[cups(**fixed)])
    await refused.stage.set(monthly_cap=3000)
    await refused.stage.tell(*(refused.stage.arrival(id, **AUSTRIA) for id in (1, 2)))
    assert await values(refused, 1, 2) == [("pending", "€15")] * 2
    await work(refused)
    assert refused.failures == []
    assert await values(refused, 1, 2) == [("ready", "€5")] * 2
    assert await refused.stage.rows(coupon_budget, "issued") == [(1000,)]
    assert await refused.stage.breaches() == []


async def test_a_coupon_that_was_promised_is_not_lost_to_a_full_month(refused: Errand) -> None:
    fixed = {"kind": "amount", "value": 300, "minimum_subtotal": 4000}
    await refused.stage.set(kind="amount", value=500, minimum_subtotal=3000, campaigns=[cups(**fixed)])
    await refused.stage.set(monthly_cap=400)
    await refused.stage.order(1, **AUSTRIA)
    assert await values(refused, 1) == [("pending", "€3")]
    await work(refused)
    assert await values(refused, 1) == [("ready", "€5")]
    assert await refused.stage.rows(coupon_budget, "issued") == [(500,)]
    assert await refused.stage.breaches() == []


async def test_where_nothing_else_fits_an_order_waits_until_the_campaign_is_mended(refused: Errand) -> None:
    await refused.stage.set(minimum_subtotal=90_000)
    await refused.stage.tell(refused.stage.arrival(1, **AUSTRIA), refused.stage.arrival(2))
    await work(refused)
    assert await values(refused, 1, 2) == [("pending", "30%"), ("none", None)]
    assert "1 order waits for it, since no other coupon fits." in (await told(refused))[0]
    product = refused.sim.product("Cup", "20.00", shop=refused.handle)
    await refused.stage.set(campaigns=[cups(only_products=[f"gid://shopify/Product/{product.id}"], value=25)])
    await work(refused)
    assert refused.failures == []
    assert await values(refused, 1) == [("ready", "25%")]
    assert await refused.stage.rows(coupon, "campaign") == [("",), ("cups",)]
    assert await told(refused) == []
    assert await refused.stage.breaches() == []


async def test_an_order_moves_when_the_campaign_goes(refused: Errand) -> None:
    await refused.stage.set(minimum_subtotal=90_000)
    await refused.stage.order(1, **AUSTRIA)
    await work(refused)
    await refused.stage.set(campaigns=[], minimum_subtotal=0)
    await work(refused)
    assert await values(refused, 1) == [("ready", "10%")]


async def test_an_order_whose_other_choice_asks_about_the_customer_waits_for_the_answer(
    refused: Errand,
) -> None:
    await refused.stage.set(first_order_only=True)
    anna = refused.sim.customer("anna@example.com", shop=refused.handle)
    await refused.stage.order(1, customer_id=anna.id, **AUSTRIA)
    await work(refused)
    assert refused.failures == []
    assert await values(refused, 1) == [("ready", "10%")]
    assert refused.calls("CustomerFacts") == 1
    assert await refused.stage.breaches() == []


async def test_it_is_tried_again_with_the_stock_and_serves_when_shopify_makes_it(refused: Errand) -> None:
    await work(refused)
    product = refused.sim.product("Cup", "20.00", shop=refused.handle)
    product.id, pocket(refused).products[404] = 404, product
    await refused.stage.db.write(lambda conn: keep_stock(conn, None, refused.now))
    await work(refused)
    assert await told(refused) == []
    assert await refused.stage.rows(coupon_node, "trouble", "differs") == [(None, None)] * 2
    await refused.stage.order(1, **AUSTRIA)
    assert await values(refused, 1) == [("ready", "30%")]


async def test_the_clock_moves_what_came_to_wait_meanwhile(refused: Errand) -> None:
    """As when an answer about the customer leaves an order no choice but a discount refused since."""
    stage = refused.stage
    await stage.set(minimum_subtotal=90_000)
    await work(refused)
    await stage.order(1, **AUSTRIA)
    await stage.set(minimum_subtotal=0)
    await stage.db.write(lambda conn: conn.execute(task.delete()))
    await work(refused)
    assert await values(refused, 1) == [("pending", "30%")]
    await stage.db.write(lambda conn: refusals.ask(conn, None, refused.now))
    await work(refused)
    assert await values(refused, 1) == [("ready", "10%")]
