"""A shop with a past: what its parcels did is told by webhooks, late ones are known, and what was learned is shown."""

import re
from collections.abc import Iterator

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


@pytest.fixture(scope="module")
def experienced(fresh: Sandbox) -> Sandbox:
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
