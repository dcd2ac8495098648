"""A shop to walk around in: products, customers and a few weeks of orders."""

from __future__ import annotations

from datetime import timedelta

from sandbox.simulator import Simulator
from sandbox.state import Product

_ALL, _KITCHEN, _PAPER = 1, 2, 3
"""Collections; every product is in the first."""

_PRODUCTS = (
    ("Leinenhemd", "79.90", (_ALL,), ("Leinen", "Neu")),
    ("Wollschal", "49.90", (_ALL,), ("Wolle",)),
    ("Keramikbecher", "18.50", (_ALL, _KITCHEN), ("Keramik",)),
    ("Notizbuch", "14.00", (_ALL, _PAPER), ()),
    ("Bienenwachskerze", "24.00", (_ALL,), ()),
    ("Einkaufstasche", "12.90", (_ALL,), ("Leinen",)),
    ("Teekanne", "64.00", (_ALL, _KITCHEN), ("Keramik", "Neu")),
    ("Leinenschürze", "44.00", (_ALL, _KITCHEN), ("Leinen",)),
    ("Obstschale", "38.00", (_ALL, _KITCHEN), ("Keramik",)),
    ("Briefpapier", "16.50", (_ALL, _PAPER), ()),
    ("Schneidebrett", "42.00", (_ALL, _KITCHEN), ()),
    ("Olivenseife", "7.90", (_ALL,), ("Neu",)),
)
_CUSTOMERS = (
    ("anna@example.com", "Anna", "Beispiel"),
    ("bela@example.com", "Bela", "Muster"),
    ("clara@example.com", "Clara", "Vorlage"),
)


def furnish(simulator: Simulator, shop: str) -> None:
    """Fill a shop that has nothing yet: twelve products, a gift card, three customers, six orders in all states."""
    simulator.shop(shop, name="Muster & Söhne")
    goods = [
        simulator.product(title, price, shop=shop, collections=collections, tags=tags)
        for title, price, collections, tags in _PRODUCTS
    ]
    card = simulator.product("Geschenkgutschein", "50.00", shop=shop, gift_card=True)
    people = [
        simulator.customer(email, shop=shop, first_name=first, last_name=last)
        for email, first, last in _CUSTOMERS
    ]
    now = simulator.state.now()

    def buy(days: int, who: int | None, *lines: Product | tuple[Product, int], payment: str = "paid") -> None:
        simulator.place_order(
            lines,
            shop=shop,
            customer=None if who is None else people[who],
            at=now - timedelta(days=days),
            payment="pending" if payment == "pending" else "paid",
        )

    buy(40, 0, goods[0], goods[2])
    buy(21, 1, (goods[3], 3))
    buy(12, 0, goods[1], card)
    buy(6, 2, goods[4], (goods[5], 2))
    buy(3, None, goods[2])
    buy(1, 2, goods[0], payment="pending")
    first = min(simulator.shop(shop).orders.values(), key=lambda order: order.body["created_at"])
    parcel = simulator.fulfil(first, at=now - timedelta(days=39))
    simulator.scan(first, parcel["id"], "in_transit", at=now - timedelta(days=38))
    simulator.scan(first, parcel["id"], "delivered", at=now - timedelta(days=37))
