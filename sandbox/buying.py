"""Shoppers: carts, codes tried on them, orders placed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sandbox import orders
from sandbox.discount_jobs import finish_due
from sandbox.discounts import Applied, Cart, CartLine, apply_codes
from sandbox.orders import Payment
from sandbox.people import People
from sandbox.state import Customer, Order, Product, Shop
from sandbox.totals import unit

STANDARD = "standard"  # 490 minor units of whatever the currency is

Line = str | tuple[str, int] | Product | tuple[Product, int] | CartLine


class Buying(People):
    """The part of `sandbox.simulator.Simulator` that shoppers use."""

    def cart(
        self,
        lines: Sequence[Line] = ("49.90",),
        *,
        shop: str = "example",
        customer: Customer | None = None,
        shipping: str | None = STANDARD,
        shipping_title: str = "Standardversand",
        country: str | None = None,
        province: str | None = None,
    ) -> Cart:
        """Fill a cart: products, (product, quantity), or prices alone, for which a product is made."""
        found = self.shop(shop)
        with self.state.lock:
            items = tuple(self.line(found, line) for line in lines)
            ships = shipping is not None and any(item.product.requires_shipping for item in items)
            return Cart(
                lines=items,
                shipping=_shipping(found, shipping) if ships and shipping is not None else None,
                shipping_title=shipping_title,
                country=country or found.country,
                province=province if country else (province or found.province),
                customer=customer,
            )

    def quote(self, cart: Cart, codes: Sequence[str], *, shop: str = "example") -> tuple[Applied, ...]:
        """Say what codes would take off a cart; raises CodeRefused, whose message says why not."""
        found = self.shop(shop)
        with self.state.lock:
            finish_due(self.state, found, self.state.now())
            return apply_codes(found, cart, codes, self.state.now())

    def place_order(
        self,
        lines: Sequence[Line] = ("49.90",),
        *,
        shop: str = "example",
        customer: Customer | None = None,
        codes: Sequence[str] = (),
        cart: Cart | None = None,
        shipping: str | None = STANDARD,
        country: str | None = None,
        province: str | None = None,
        payment: Payment = "paid",
        paid: str | None = None,
        at: datetime | None = None,
        processed_at: datetime | None = None,
        order_id: int | None = None,
        test: bool = False,
        source_name: str = "web",
        locale: str = "de",
        checkout_token: str | None = None,
    ) -> Order:
        """Buy a cart (or these lines): orders/create, orders/paid where paid, orders/updated.

        ``at`` sets created_at, ``processed_at`` the business time (default: the same).
        """
        found = self.shop(shop)
        with self.state.lock:
            now = self.state.now()
            filled = cart or self.cart(
                lines, shop=shop, customer=customer, shipping=shipping, country=country, province=province
            )
            finish_due(self.state, found, now)
            order, events = orders.place(
                self.state,
                found,
                filled,
                apply_codes(found, filled, codes, now),
                payment=payment,
                paid=None if paid is None else unit(found, paid),
                created_at=at or now,
                processed_at=processed_at or at or now,
                order_id=order_id,
                test=test,
                source_name=source_name,
                locale=locale,
                checkout_token=checkout_token,
            )
            self.emit(found, events)
            return order

    def line(self, shop: Shop, line: Line) -> CartLine:
        """Read one line of a cart; a price alone stands for a product of that price."""
        if isinstance(line, CartLine):
            return line
        what, quantity = line if isinstance(line, tuple) else (line, 1)
        product = what if isinstance(what, Product) else self._product_at(shop, Decimal(what))
        return CartLine(product, quantity, product.price)

    def _product_at(self, shop: Shop, price: Decimal) -> Product:
        wanted = unit(shop, price)
        plain = (
            p for p in shop.products.values() if not p.gift_card and p.requires_shipping and p.price == wanted
        )
        return next(plain, None) or self.product(f"Artikel zu {price}", str(price), shop=shop.handle)


def _shipping(shop: Shop, price: str) -> int:
    return 490 if price == STANDARD else unit(shop, price)
