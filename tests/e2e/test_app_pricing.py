"""Shopify App Pricing in a browser: from the app to Shopify's plan page and back by the welcome link, and without it."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Sandbox
from tests.e2e.walk import NewWalk, Walk

PLANS = "/store/example/charges/dankbar/pricing_plans"
PLAN = "/admin/apps/dankbar/admin/plan"

WORDS = {
    "de": {"small": "Klein", "large": "Groß", "free": "Kostenlos"},
    "en": {"small": "Small", "large": "Large", "free": "Free"},
}


@pytest.fixture(autouse=True)
def _without_a_plan(sandbox: Sandbox) -> Iterator[None]:
    """Whatever was taken is over afterwards, for the next test."""
    yield
    sandbox.switch(partner="ok")
    do(sandbox, "unfreeze")
    do(sandbox, "cancel")
    do(sandbox, "finish")


def do(sandbox: Sandbox, deed: str) -> None:
    """Press a button on Shopify's plan page, as another tab would."""
    httpx.post(f"{sandbox.base}{PLANS}", data={"do": deed}, verify=False, timeout=60)


def approve(sandbox: Sandbox, plan: str) -> None:
    """Approve a plan in a tab that is closed before it comes back."""
    httpx.post(f"{sandbox.base}{PLANS}/{plan}", data={"answer": "approve"}, verify=False, timeout=60)


def standing(walk: Walk) -> Locator:
    return walk.admin.locator("dl.numbers").first


def choose(walk: Walk, plan: str, answer: str) -> None:
    """Go to Shopify's page from the app, choose there, and answer."""
    walk.admin.locator(f"#offer-{plan} s-button").click()
    walk.page.wait_for_url(f"**{PLANS}")
    assert walk.shut_out() == []
    walk.page.locator(f"a[href$='/{plan}']").click()
    walk.page.get_by_role("button", name=walk.say(f"plans.approve.{answer}")).click()


@pytest.mark.parametrize("locale", ["de", "en"])
def test_a_merchant_declines_subscribes_changes_and_cancels(
    sandbox: Sandbox, new_walk: NewWalk, locale: str
) -> None:
    walk, words = new_walk(sandbox.base, sandbox.app, locale), WORDS[locale]
    walk.go("/")
    assert walk.shut_out() == []
    walk.page.get_by_role("link", name=walk.say("index.pay.page")).click()
    expect(standing(walk)).to_contain_text(words["free"])
    choose(walk, "small", "no")
    walk.page.wait_for_url(f"**{PLANS}")
    expect(walk.page.locator(".notice")).to_have_text(walk.say("plans.declined"))
    walk.go(PLAN)
    expect(standing(walk)).to_contain_text(words["free"])
    choose(walk, "small", "yes")
    walk.page.wait_for_url(re.compile(PLAN))
    expect(standing(walk)).to_contain_text(words["small"])
    assert walk.shut_out() == []
    choose(walk, "large", "yes")
    walk.page.wait_for_url(re.compile(PLAN))
    expect(standing(walk)).to_contain_text(words["large"])
    walk.go(PLANS)
    walk.page.get_by_role("button", name=walk.say("plans.cancel")).click()
    walk.go(PLAN)
    expect(standing(walk)).to_contain_text(words["large"])
    expect(standing(walk).locator("s-badge")).to_contain_text("Endet am" if locale == "de" else "Ends on")
    walk.go(PLANS)
    walk.page.get_by_role("button", name=walk.say("plans.finish")).click()
    walk.go(PLAN)
    expect(standing(walk)).to_contain_text(words["free"])


def test_a_tab_that_is_closed_after_the_approval_is_found_out(sandbox: Sandbox, walk: Walk) -> None:
    walk.go(PLAN)
    expect(standing(walk)).to_contain_text("Kostenlos")
    approve(sandbox, "small")
    walk.page.reload()
    expect(standing(walk)).to_contain_text("Klein")


def test_what_the_welcome_link_says_is_not_believed(walk: Walk) -> None:
    walk.go(f"{PLAN}?plan_handle=large")
    expect(standing(walk)).to_contain_text("Kostenlos")


def test_unpaid_bills_pause_the_plan_and_a_silent_shopify_changes_nothing(
    sandbox: Sandbox, walk: Walk
) -> None:
    approve(sandbox, "large")
    walk.go(f"{PLAN}?plan_handle=large")
    expect(standing(walk)).to_contain_text("Groß")
    do(sandbox, "freeze")
    walk.go(f"{PLAN}?plan_handle=large")
    expect(walk.admin.locator("s-banner[heading*=pausiert]")).to_be_visible()
    do(sandbox, "unfreeze")
    walk.go(f"{PLAN}?plan_handle=large")
    expect(standing(walk)).to_contain_text("Groß")
    expect(walk.admin.locator("s-banner[heading*=pausiert]")).to_have_count(0)
    sandbox.switch(partner="down")
    do(sandbox, "cancel")
    walk.go(f"{PLAN}?plan_handle=large")
    expect(standing(walk)).to_contain_text("Groß")
    expect(walk.admin.locator("s-banner[heading*='gerade nicht']")).to_be_visible()
    assert walk.shut_out() == []


def test_a_development_store_pays_nothing_until_it_is_a_real_one(sandbox: Sandbox, walk: Walk) -> None:
    do(sandbox, "development")
    try:
        badge = standing(walk).locator("s-badge")
        for _ in range(20):
            walk.go(PLAN)
            expect(badge).to_be_visible()
            if "Entwicklung" in badge.inner_text():
                break
            walk.page.wait_for_timeout(250)
        expect(badge).to_contain_text("Entwicklung")
    finally:
        do(sandbox, "development")
