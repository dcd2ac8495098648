"""The code that waits: seen by its customer in every theme, used with one tap, gone once the cart shows it."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Sandbox
from tests.e2e.test_road import code_shown, told_after
from tests.e2e.walk import CODE, NewWalk, Walk


def reminder(walk: Walk) -> Locator:
    """The place of the coupon on a page of the shop."""
    return walk.page.locator("[data-dankbar-block=coupon]")


@pytest.mark.parametrize("theme", ["light", "dark", "loud"])
def test_a_code_waits_in_the_shop_until_it_is_used_and_then_the_next_one_does(
    walk: Walk, email: str, theme: str
) -> None:
    page = walk.page
    walk.go(f"/storefront?theme={theme}")
    walk.buy("wollschal", email)
    code = code_shown(walk)
    walk.go("/storefront")
    expect(page.locator("#dankbar-loyalty")).to_be_visible()
    expect(reminder(walk)).to_have_count(0)

    walk.sign_in(email)
    walk.go("/storefront")
    expect(reminder(walk).locator("code")).to_have_text(code)
    expect(reminder(walk)).to_contain_text("Ihr Code wartet.")
    expect(reminder(walk)).to_contain_text("10 % auf Ihre nächste Bestellung. Gültig bis")
    assert walk.shut_out() == []
    assert walk.shifts() == []

    walk.add("teekanne")
    reminder(walk).get_by_role("link", name="Jetzt einlösen").click()
    expect(page).to_have_url(f"{walk.base}/storefront/cart")
    amounts = page.locator(".amounts")
    expect(amounts).to_contain_text(f"Rabattcode {code}")
    expect(amounts).to_contain_text("− 6,40 €")
    expect(reminder(walk)).to_have_count(0)

    walk.check_out(None)
    following = code_shown(walk)
    assert following != code
    walk.go("/storefront")
    expect(reminder(walk).locator("code")).to_have_text(following)


def test_with_nothing_in_the_cart_the_shopper_stays_where_they_are(walk: Walk, email: str) -> None:
    walk.buy("notizbuch", email)
    code = code_shown(walk)
    walk.sign_in(email)
    page = walk.go("/storefront/products/obstschale")
    reminder(walk).get_by_role("link", name="Jetzt einlösen").click()
    expect(page.get_by_role("status").filter(has_text=code)).to_be_visible()
    expect(page).to_have_url(re.compile("/storefront/products/obstschale$"))
    page.get_by_role("button", name=walk.say("shop.add")).click()
    expect(page.locator(".amounts")).to_contain_text(f"Rabattcode {code}")


def test_when_its_only_code_is_void_the_place_says_so_and_nothing_moves(walk: Walk, email: str) -> None:
    first = walk.buy("briefpapier", email)
    code_shown(walk)
    walk.sign_in(email)
    walk.go(f"/storefront/orders/{first}")
    told_after(
        walk, "desk.refund_all", "Diese Bestellung wurde erstattet, deshalb gibt es keinen Gutschein dazu."
    )
    walk.go("/storefront")
    expect(reminder(walk)).to_have_text(
        "Im Moment wartet kein Code. Die nächste Bestellung kann einen bringen."
    )
    assert walk.shut_out() == []
    assert walk.shifts() == []


def test_the_account_shows_the_code_that_waits_and_leads_into_the_shop(walk: Walk, email: str) -> None:
    walk.buy("keramikbecher", email)
    code = code_shown(walk)
    walk.sign_in(email)
    expect(walk.widgets.get_by_text(code, exact=True)).to_be_visible()
    expect(walk.widgets.get_by_text("Ihr Code wartet.")).to_be_visible()
    walk.widgets.get_by_role("link", name="Im Shop einlösen").first.click()
    expect(walk.page.get_by_role("status").filter(has_text=code)).to_be_visible()


def test_without_javascript_the_code_can_be_read_and_used(
    sandbox: Sandbox, new_walk: NewWalk, walk: Walk, email: str
) -> None:
    walk.buy("olivenseife", email)
    code = code_shown(walk)
    plain = new_walk(sandbox.base, sandbox.app, java_script_enabled=False)
    plain.sign_in(email)
    plain.add("wollschal")
    plain.page.get_by_role("link", name="Nachsehen, ob ein Code für die nächste Bestellung wartet").click()
    expect(plain.page.get_by_text(re.compile(f"^{CODE}$"))).to_have_text(code)
    expect(plain.page.get_by_role("button")).to_have_count(0)
    plain.page.get_by_role("link", name="Jetzt einlösen").click()
    plain.go("/storefront/cart")
    expect(plain.page.locator(".amounts")).to_contain_text(f"Rabattcode {code}")


def test_two_customers_never_see_each_others_code(
    sandbox: Sandbox, new_walk: NewWalk, walk: Walk, email: str
) -> None:
    other = new_walk(sandbox.base, sandbox.app, "en")
    walk.buy("bienenwachskerze", email)
    other.buy("bienenwachskerze", f"other-{email}")
    codes = []
    for person, address in ((walk, email), (other, f"other-{email}")):
        code_shown(person)
        person.sign_in(address)
        person.go("/storefront")
        expect(reminder(person).locator("code")).to_be_visible()
        codes.append(reminder(person).locator("code").inner_text())
    assert codes[0] != codes[1]
    expect(reminder(other)).to_contain_text("Your code is waiting.")
