"""A shopper reads which tier they hold, what it brings, and what is missing to the next one."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.earning.conftest import NewErrand
from tests.integration.earning.shopify import Errand
from widgets.fragment import fragment
from widgets.loyalty import widget
from widgets.loyalty.levels import NextTier, TierView

TIERS: dict[str, list[dict[str, Any]]] = {
    "points": [
        {"id": "silver", "title": "Silber", "threshold": 100, "multiplier": "1.5"},
        {"id": "gold", "title": "Gold", "threshold": 300},
    ],
    "spend": [{"id": "gold", "title": "Gold", "threshold": 13_500}],
    "orders": [{"id": "gold", "title": "Gold", "threshold": 3, "multiplier": 2}],
}


async def shop(new_errand: NewErrand, basis: str) -> tuple[Errand, Any]:
    errand = await new_errand(tiers=TIERS[basis], tier_basis=basis, tier_months=6)
    return errand, errand.sim.customer(shop=errand.shop.handle)


def plain(found: TierView | None) -> tuple[str | None, str | None, str | None]:
    assert found is not None
    missing = found.next.missing_text.replace("\xa0", " ") if found.next else None
    return found.title, found.multiplier_text, missing


async def test_the_tier_its_multiplier_and_what_is_missing(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand, "points")
    errand.buy("100.00", customer=anna, at=errand.now - timedelta(days=3))
    order = errand.buy("10.00", customer=anna, at=errand.now - timedelta(days=1))
    await errand.tell()
    shown = await errand.page(customer=anna.id)
    assert shown.tier == TierView(
        id="silver",
        title="Silber",
        multiplier_text="1,5-fache Punkte auf jede Bestellung",
        next=NextTier("Gold", "Noch 190 Punkte bis Gold"),
    )
    english = await errand.page(customer=anna.id, locale="en")
    assert plain(english.tier) == (
        "Silber",
        "1.5 times the points on every order",
        "190 more points to Gold",
    )
    about = await errand.page(order, customer=anna.id)
    assert about.order is not None
    assert about.order.breakdown == "15 Punkte: 10\xa0€ × 1,5 (Silber)"
    html = fragment(widget, *await errand.shown(order, customer=anna.id))
    for text in (
        "<strong>Silber</strong>",
        "1,5-fache Punkte",
        "Noch 190 Punkte bis Gold",
        about.order.breakdown,
    ):
        assert text in html


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("spend", (None, None, "Noch 35 € bis Gold")),
        ("orders", (None, None, "Noch 2 Bestellungen bis Gold")),
        ("points", ("Silber", "1,5-fache Punkte auf jede Bestellung", "Noch 200 Punkte bis Gold")),
    ],
)
async def test_whatever_is_counted_is_named(
    new_errand: NewErrand, basis: str, expected: tuple[str | None, str | None, str | None]
) -> None:
    errand, anna = await shop(new_errand, basis)
    errand.buy("100.00", customer=anna, at=errand.now - timedelta(days=3))
    errand.buy("900.00", customer=anna, at=errand.now - timedelta(days=300))  # too long ago
    await errand.tell()
    assert plain((await errand.page(customer=anna.id)).tier) == expected


async def test_at_the_top_nothing_is_missing(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand, "spend")
    errand.buy("135.00", customer=anna, at=errand.now - timedelta(days=3))
    await errand.tell()
    assert plain((await errand.page(customer=anna.id)).tier) == ("Gold", None, None)


async def test_who_never_bought_reads_what_the_first_tier_takes(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand, "orders")
    assert plain((await errand.page(customer=anna.id)).tier) == (None, None, "Noch 3 Bestellungen bis Gold")


async def test_a_guest_and_a_shop_without_tiers_read_nothing_of_them(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand, "orders")
    order = errand.buy("10.00", customer=anna)
    await errand.tell()
    assert (await errand.page(order)).tier is None
    await errand.set(tiers=[])
    assert (await errand.page(customer=anna.id)).tier is None


async def test_points_for_a_tier_name_it_and_say_when_they_are_taken_back(new_errand: NewErrand) -> None:
    gold = {"id": "gold", "title": "Gold", "threshold": 50, "entry_points": 20}
    errand = await new_errand(tiers=[gold])
    anna = errand.sim.customer(shop=errand.shop.handle)
    order = errand.buy("100.00", customer=anna, at=errand.now - timedelta(days=3))
    await errand.tell()
    errand.sim.cancel(order)
    await errand.tell()
    shown = await errand.page(customer=anna.id)
    assert sorted((line.points, line.text) for line in shown.entries if line.kind == "bonus") == [
        (-20, "Bonus für eine Stufe zurückgenommen: Gold"),
        (20, "Bonus für eine Stufe: Gold"),
    ]
