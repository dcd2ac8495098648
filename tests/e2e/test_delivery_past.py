"""A shop with a past: what its parcels did is told by webhooks, late ones are known, and what was learned is shown."""

import re
import time
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Sandbox, running
from tests.e2e.past import command, live_through
from tests.e2e.walk import NewWalk


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of these tests' own, as it is after installing."""
    with running(tmp_path_factory.mktemp("past")) as found:
        yield found


def quote(sandbox: Sandbox) -> dict[str, Any]:
    """What a visitor from Germany is told now; a sandbox that has just begun is still being given its lanes."""
    url, deadline = f"{sandbox.base}/apps/dankbar/widgets/delivery.json", time.monotonic() + 30
    while True:
        found = httpx.get(url, params={"country": "DE", "locale": "de"}, timeout=30)
        if found.status_code == 200:
            return cast("dict[str, Any]", found.json())
        assert time.monotonic() < deadline, found.status_code
        time.sleep(0.2)


@pytest.fixture(scope="module")
def at_first(fresh: Sandbox) -> dict[str, Any]:
    """What a visitor is told of the shop as it is after installing."""
    return quote(fresh)


@pytest.fixture(scope="module")
def experienced(fresh: Sandbox, at_first: dict[str, Any]) -> Sandbox:
    """The same shop with three hundred past orders, all of which count."""
    command(fresh, "settings", "--shop", "example", "shop", "active_from=2020-01-01")
    live_through(fresh)
    command(fresh, "tick", "--shop", "example")
    return fresh


def test_who_waits_too_long_is_one_tap_away_and_reads_an_apology(
    experienced: Sandbox, new_walk: NewWalk
) -> None:
    walk = new_walk(experienced.base, experienced.app)
    walk.go("/admin")
    alert = re.compile(r"Bestellungen warten über ihren zugesagten Tag hinaus")
    expect(walk.admin.get_by_text(alert).first).to_be_visible()
    walk.go("/admin/apps/dankbar/admin/widgets/delivery/reports")
    late = walk.admin.locator("#report-late s-link")
    expect(late.first).to_be_visible()
    assert walk.shut_out() == []
    late.first.click()
    walk.page.wait_for_url(re.compile(r"/storefront/orders/\d+$"))
    expect(walk.widgets.get_by_text("Ihr Paket kommt später. Das tut uns leid.")).to_be_visible()
    expect(walk.widgets.get_by_text("Zuerst zugesagt: ")).to_be_visible()
    expect(walk.widgets.get_by_text("Wenn Sie nicht warten können")).to_be_visible()
    assert walk.shut_out() == []


def test_how_many_promises_were_kept_is_told_to_merchant_and_shopper(
    experienced: Sandbox, new_walk: NewWalk, email: str
) -> None:
    walk = new_walk(experienced.base, experienced.app, "en")
    walk.go("/admin/apps/dankbar/admin/widgets/delivery/reports")
    lanes = walk.admin.locator("#report-lanes")
    expect(lanes).to_contain_text("Germany, DHL")
    share = re.search(r"Kept in 90 days\s*([\d.]+)%", lanes.inner_text())
    assert share is not None
    walk.buy("teekanne", email)
    told = walk.widgets.get_by_text(re.compile(r"Of our last \d+ promised parcels, \d+% came in time\."))
    expect(told).to_be_visible()
    said = re.search(r"(\d+)%", told.inner_text())
    assert said is not None
    assert int(said[1]) == int(float(share[1])), "rounded down"


def test_what_was_learned_changes_the_day_and_says_how_sure_it_is(
    experienced: Sandbox, at_first: dict[str, Any], new_walk: NewWalk, email: str
) -> None:
    taught = quote(experienced)
    assert (at_first["chance"], at_first["note"]) == (None, None)
    assert taught["latest"] > at_first["latest"], "the seeded parcels take longer than the merchant says"
    assert 90 <= taught["chance"] < 100
    walk = new_walk(experienced.base, experienced.app)
    walk.go("/storefront/products/teekanne")
    expect(walk.page.get_by_text("9 von 10 solchen Paketen sind bis ").first).to_be_visible()
    assert walk.shut_out() == []
    assert walk.shifts() == []
    walk.buy("teekanne", email)
    expect(walk.widgets.get_by_text("9 von 10 solchen Paketen sind bis ")).to_be_visible()
    expect(walk.widgets.get_by_text(taught["title"])).to_be_visible()
