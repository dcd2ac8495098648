"""The whole road: an order, a coupon and points, the discounted next cart, the balance, and the switch in the admin."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Sandbox
from tests.e2e.desk import set_switch
from tests.e2e.walk import CODE, NewWalk, Walk


def code_shown(walk: Walk) -> str:
    """Wait for the coupon on the page and return its code."""
    code = walk.widgets.get_by_text(re.compile(f"^{CODE}$"))
    expect(code).to_be_visible()
    return code.inner_text()


def test_from_the_first_order_to_a_discounted_second_cart(walk: Walk, email: str) -> None:
    page = walk.page
    walk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first = walk.buy("wollschal", email)
    code = code_shown(walk)
    expect(walk.widgets.get_by_text("Diese Bestellung bringt Ihnen 49 Punkte.")).to_be_visible()

    walk.widgets.get_by_role("button", name="Kopieren").click()
    expect(walk.widgets.get_by_role("button", name="Kopiert")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code

    walk.widgets.get_by_role("link", name="Im Shop einlösen").click()
    expect(page.get_by_role("status").filter(has_text=code)).to_be_visible()
    walk.add("teekanne")
    amounts = page.locator(".amounts")
    expect(amounts).to_contain_text(f"Rabattcode {code}")
    expect(amounts).to_contain_text("− 6,40 €")
    expect(amounts).to_contain_text("62,50 €")

    walk.check_out(email)
    assert code_shown(walk) != code
    expect(walk.widgets.get_by_text("Diese Bestellung bringt Ihnen 57 Punkte.")).to_be_visible()
    walk.go(f"/storefront/orders/{first}")
    expect(walk.widgets.get_by_text("Ihr Gutschein ist eingelöst.")).to_be_visible()

    walk.sign_in(email)
    expect(walk.widgets.get_by_text("+106", exact=True)).to_be_visible()
    walk.go("/storefront")
    points = page.locator("#dankbar-loyalty")
    expect(points).to_contain_text("unterwegs")
    expect(points).to_contain_text("106")


def test_a_coupon_is_used_up_by_its_first_order(walk: Walk, email: str) -> None:
    walk.buy("notizbuch", email)
    code = code_shown(walk)
    for expected in ("− 1,85 €", "Dieser Code wurde schon eingelöst."):
        walk.add("keramikbecher")
        walk.go(f"/discount/{code}?redirect=/cart")
        expect(walk.page).to_have_url(re.compile("/storefront/cart$"))
        expect(walk.page.locator(".sum")).to_contain_text(expected)
        walk.check_out(email)
    assert code_shown(walk) != code


def test_a_reload_leads_to_the_order_page_with_the_same_coupon(walk: Walk, email: str) -> None:
    order = walk.buy("olivenseife", email)
    code = code_shown(walk)
    walk.page.reload()
    expect(walk.page).to_have_url(f"{walk.base}/storefront/orders/{order}")
    assert code_shown(walk) == code
    expect(walk.widgets.get_by_text("Diese Bestellung bringt Ihnen 7 Punkte.")).to_be_visible()


def test_paying_later_brings_the_points_then(walk: Walk, email: str) -> None:
    order = walk.buy("obstschale", email, payment="pending")
    code_shown(walk)
    expect(walk.widgets.get_by_text("Diese Bestellung bringt keine Punkte.")).to_be_visible()
    walk.go(f"/storefront/orders/{order}")
    walk.page.get_by_role("button", name=walk.say("desk.pay")).click()
    expect(walk.widgets.get_by_text("Diese Bestellung bringt Ihnen 38 Punkte.")).to_be_visible()


def test_whatever_is_refunded_takes_its_points_and_the_coupon_along(walk: Walk, email: str) -> None:
    walk.add("schneidebrett")
    order = walk.buy("olivenseife", email)
    code_shown(walk)
    walk.go(f"/storefront/orders/{order}")
    expect(walk.widgets.get_by_text("Diese Bestellung bringt Ihnen 49 Punkte.")).to_be_visible()
    told_after(walk, "desk.refund", "Diese Bestellung bringt Ihnen 7 Punkte.")
    told_after(
        walk, "desk.refund_all", "Diese Bestellung wurde erstattet, deshalb gibt es keinen Gutschein dazu."
    )
    expect(walk.widgets.get_by_text("Diese Bestellung bringt keine Punkte.")).to_be_visible()


def told_after(walk: Walk, deed: str, sentence: str) -> None:
    """Do something at the merchant's desk and read the page until it says so."""
    walk.page.get_by_role("button", name=walk.say(deed), exact=True).click()
    expect(walk.page.get_by_text(walk.say("desk.done"))).to_be_visible()
    for _ in range(20):
        try:
            expect(walk.widgets.get_by_text(sentence)).to_be_visible(timeout=1500)
        except AssertionError:
            walk.page.reload()
        else:
            return
    raise AssertionError(f"The page never said: {sentence}")


@pytest.mark.parametrize(
    "switches",
    [{"delay": 1.5}, {"duplicate": 1}, {"reorder": 0.7}, {"delay": 1, "duplicate": 1, "reorder": 0.7}],
    ids=["late", "twice", "disordered", "all at once"],
)
def test_the_road_is_the_same_when_webhooks_come(
    walk: Walk, sandbox: Sandbox, email: str, switches: dict[str, float]
) -> None:
    sandbox.switch(**switches)
    walk.buy("briefpapier", email)
    code_shown(walk)
    expect(walk.widgets.get_by_text("Diese Bestellung bringt Ihnen 16 Punkte.")).to_be_visible()
    walk.sign_in(email)
    expect(walk.widgets.get_by_text("+16", exact=True)).to_have_count(2)  # the figure, and one entry


def test_no_coupon_after_the_merchant_has_switched_it_off(
    sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    merchant, shopper = new_walk(sandbox.base, sandbox.app), new_walk(sandbox.base, sandbox.app)
    earlier = shopper.buy("teekanne", email)
    code = code_shown(shopper)
    set_switch(merchant, "coupon", "enabled", on=False)
    try:
        shopper.buy("wollschal", email)
        expect(shopper.widgets.get_by_text("Diese Bestellung bringt Ihnen 49 Punkte.")).to_be_visible()
        expect(shopper.widgets.get_by_text(re.compile(CODE))).to_have_count(0)
        shopper.go(f"/storefront/orders/{earlier}")
        assert code_shown(shopper) == code, "what was issued stays"
    finally:
        set_switch(merchant, "coupon", "enabled", on=True)
    shopper.buy("wollschal", email)
    code_shown(shopper)
