"""What a shop can be trusted for, in a real browser: on the shop's pages and after the purchase, in both languages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e import seals
from tests.e2e.conftest import Sandbox
from tests.e2e.desk import open_section
from tests.e2e.walk import CODE, NewWalk, Walk

SAID = {
    "de": (
        "Worauf Sie sich verlassen können",
        "Wer Ihr Paket packt",
        "So erreichen Sie uns",
        "Trusted Shops, prüfen",
    ),
    "en": ("What you can rely on", "Who packs your parcel", "How to reach us", "Trusted Shops, check"),
}


@pytest.fixture(scope="module")
def sealed(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """A shop with seals, three of which hold."""
    seals.hang_up(sandbox_process)
    yield sandbox_process
    seals.take_down(sandbox_process)


@pytest.mark.parametrize("locale", ["de", "en"])
def test_the_shop_says_whom_one_can_trust_and_asks_nobody_else(
    sealed: Sandbox, new_walk: NewWalk, locale: str
) -> None:
    """Requests to anybody else fail the walk at its end."""
    walk = new_walk(sealed.base, sealed.app, locale, viewport={"width": 320, "height": 640})
    walk.go(f"/?locale={locale}")
    block = walk.go("/storefront").locator("#dankbar-trust")
    for said in SAID[locale]:
        expect(block.get_by_text(said)).to_be_visible()
    expect(block.get_by_text("Marta Muster")).to_be_visible()
    expect(block.get_by_text("EHI")).to_have_count(0)
    link = block.get_by_role("link", name=SAID[locale][3])
    expect(link).to_have_attribute("href", re.compile(r"^https://www\.trustedshops\.de/"))
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    assert walk.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert walk.shut_out() == []


@pytest.mark.parametrize("locale", ["de", "en"])
def test_the_thank_you_page_says_the_same(
    sealed: Sandbox, new_walk: NewWalk, email: str, locale: str
) -> None:
    walk = new_walk(sealed.base, sealed.app, locale)
    walk.go(f"/?locale={locale}")
    walk.buy("teekanne", email)
    expect(walk.widgets.get_by_text(re.compile(CODE)).first).to_be_visible()
    for said in (*SAID[locale], "Marta Muster"):
        expect(walk.widgets.get_by_text(said)).to_be_visible()
    assert walk.shut_out() == []


def test_the_merchant_is_told_which_seal_is_hidden_and_why(sealed: Sandbox, walk: Walk) -> None:
    walk.go("/admin")
    told = walk.admin.get_by_text("Das Siegel „EHI“ ist verborgen: verlinkt, nicht geprüft")
    expect(told).to_be_visible()


def test_the_merchant_has_a_seal_looked_up_again_and_reads_what_was_found(
    sealed: Sandbox, walk: Walk
) -> None:
    """No issuer is reached from here: what the worker finds hides the seal until somebody is reached again."""
    open_section(walk, "trust")
    looked = walk.admin.locator("#lookups")
    row = looked.get_by_role("listitem").filter(has_text="Trusted Shops")
    expect(row).to_contain_text("Die Seite des Ausstellers nennt diesen Shop")
    expect(row.get_by_text("Zu sehen")).to_be_visible()
    assert walk.shut_out() == []
    looked.get_by_role("button", name="Noch einmal nachsehen").click()
    expect(row.get_by_text("Verborgen")).to_be_visible(timeout=40_000)
    assert walk.shut_out() == []
    seals.hang_up(sealed)


def test_ways_to_reach_the_shop_are_large_enough_to_touch(sealed: Sandbox, walk: Walk) -> None:
    block = walk.go("/storefront").locator("#dankbar-trust")
    for link in (block.get_by_role("link", name="hallo@"), block.get_by_role("link", name="Trusted Shops")):
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 44
