"""Deliveries in every state: before an order, promised, handed over, there, late, lost, and what the merchant reads."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial

from playwright.sync_api import expect
from sqlalchemy import TextClause, create_engine, text

from tests.e2e.desk import open_section
from tests.e2e.past import command, live_through
from tests.e2e.screens.story import SHOP, Story, eventually
from tests.e2e.walk import Walk

_LATE = text(
    'select o.order_id from delivery_promise p join "order" o on o.id = p.order_ref '
    "where p.delivered_on is null and p.latest between :since and :until order by p.latest desc limit 1"
)
_MISSED = text(
    'select o.order_id from delivery_promise p join "order" o on o.id = p.order_ref '
    "where p.delivered_on > p.latest order by p.latest desc limit 1"
)


def tell(story: Story) -> None:
    """Hand parcels over, let them be scanned and arrive, and give the shop a past with late ones."""
    for name in ("sent", "there"):
        story.buy(name, "teekanne")
        story.known(name, state="ready")
        story.do("fulfil", name)
    story.do("deliver", "there")
    story.buy("nowhere", "teekanne", country="NL")
    live_through(story.sandbox)
    command(story.sandbox, "tick", "--shop", SHOP)
    today = datetime.now(UTC).date()
    lately = {"since": today - timedelta(days=9), "until": today - timedelta(days=1)}
    long_ago = {"since": today - timedelta(days=70), "until": today - timedelta(days=30)}
    for name, statement, days in (
        ("late", _LATE, lately),
        ("gone", _LATE, long_ago),
        ("missed", _MISSED, {}),
    ):
        story.orders[name] = _found(story, name, statement, days)


def _found(story: Story, name: str, statement: TextClause, days: Mapping[str, date]) -> int:
    engine = create_engine(story.environment()["DANKBAR_DATABASE_URL"])

    def look() -> dict[str, int] | None:
        with engine.connect() as conn:
            number = conn.execute(statement, days).scalar()
        return None if number is None else {"id": int(number)}

    return int(eventually(look, f"an order that is {name}")["id"])


def before(walk: Walk, country: str, *, why: bool = False) -> None:
    """Open a product's page as somebody who chose this country."""
    walk.page.evaluate("(country) => localStorage.setItem('dankbar-country', country)", country)
    walk.go("/storefront/products/teekanne")
    walk.page.evaluate("localStorage.clear()")
    place = walk.page.locator("#dankbar-delivery")
    expect(place.locator("select")).to_have_value(country)
    if why:
        place.locator("summary").click()


def lanes(walk: Walk) -> None:
    """Open the settings, with one lane's times and what they come to."""
    open_section(walk, "delivery")
    walk.admin.locator(".entry summary").first.click()
    expect(walk.admin.locator(".scene").first).to_be_visible()


STATES = ("sent", "there", "nowhere", "late", "gone", "missed")
BEFORE = {
    "product": partial(before, country="DE"),
    "product-why": partial(before, country="CH", why=True),
    "product-no-day": partial(before, country="JP"),
}
