"""Stripe in a browser: subscribe, a payment that fails and recovers, a change that is shown before, cancel and keep."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.conftest import running
from tests.e2e.walk import NewWalk, Walk

PLAN = "/admin/apps/dankbar/admin/plan"
LATER = "4000000000000341"
GOOD = "4242424242424242"

WORDS = {
    "de": {
        "small": "Klein",
        "medium": "Mittel",
        "free": "Kostenlos",
        "ends": "Endet am",
        "open": "Zahlung offen",
    },
    "en": {"small": "Small", "medium": "Medium", "free": "Free", "ends": "Ends on", "open": "Payment open"},
}


@pytest.fixture(params=["de", "en"])
def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    new_walk: NewWalk,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Walk]:
    """A walk through a sandbox of its own whose shop is billed by Stripe."""
    with running(tmp_path_factory.mktemp("stripe"), "--billing", "stripe") as found:
        yield new_walk(found.base, found.app, request.param)


def standing(walk: Walk) -> Locator:
    return walk.admin.locator("dl.numbers").first


def days(walk: Walk, number: int) -> None:
    """Let days pass at Stripe."""
    httpx.post(f"{walk.base}/stripe", data={"do": "pass", "days": number}, verify=False, timeout=60)


def expect_soon(walk: Walk, text: str) -> None:
    """The page says so as soon as Stripe's webhook has been worked off."""
    for _ in range(20):
        walk.go(PLAN)
        expect(standing(walk)).to_be_visible()
        if text in (standing(walk).text_content() or ""):
            return
        walk.page.wait_for_timeout(250)
    raise AssertionError(standing(walk).text_content())


def press(walk: Walk, key: str) -> None:
    """Press one of Stripe's own buttons."""
    walk.page.get_by_role("button", name=walk.say(key), exact=True).first.click()


def test_a_merchant_subscribes_fails_to_pay_recovers_changes_cancels_and_stays(walk: Walk) -> None:
    words = WORDS[walk.locale]
    walk.go("/")
    assert walk.shut_out() == []
    walk.page.get_by_role("link", name=walk.say("index.pay.page")).click()
    expect(standing(walk)).to_contain_text(words["free"])

    walk.admin.locator("#offer-small s-button").click()
    walk.page.wait_for_url("**/stripe/checkout/**")
    assert walk.shut_out() == []
    walk.page.locator("select[name=card]").select_option("4000000000000002")
    press(walk, "stripe.subscribe")
    expect(walk.page.get_by_role("alert")).to_have_text(walk.say("stripe.declined"))
    walk.page.locator("select[name=card]").select_option(GOOD)
    press(walk, "stripe.subscribe")
    walk.page.wait_for_url(re.compile(PLAN))
    expect_soon(walk, words["small"])

    walk.admin.locator("s-section s-button[hx-post*='/plan/manage']").click()
    walk.page.wait_for_url("**/stripe/portal/**")
    assert walk.shut_out() == []
    walk.page.locator("select[name=card]").select_option(LATER)
    press(walk, "stripe.card.change")
    days(walk, 31)
    expect_soon(walk, words["open"])
    assert walk.shut_out() == []

    walk.admin.locator("s-section s-button[hx-post*='/plan/manage']").click()
    walk.page.wait_for_url("**/stripe/portal/**")
    walk.page.locator("select[name=card]").select_option(GOOD)
    press(walk, "stripe.card.change")
    press(walk, "stripe.pay")
    expect_soon(walk, words["small"])
    expect(standing(walk)).not_to_contain_text(words["open"])

    walk.admin.locator("#offer-medium s-button").click()
    sure = walk.admin.locator("#sure")
    expect(sure).to_contain_text(words["medium"])
    expect(sure).to_contain_text(re.compile(r"\b38[.,]\d\d"))  # of the 40 between the two, less a day
    sure.locator("s-button[type=submit]").click()
    expect(standing(walk)).to_contain_text(words["medium"])

    walk.admin.locator("s-button[hx-post*='/plan/cancel']").click()
    expect(standing(walk)).to_contain_text(words["ends"])
    walk.admin.locator("s-button[hx-post*='/plan/resume']").click()
    expect(standing(walk)).not_to_contain_text(words["ends"])
    expect(standing(walk)).to_contain_text(words["medium"])
