"""Who and what is in the sandbox: shops, products, customers, and the app's coming and going."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox import charges, oauth, orders
from sandbox.bodies import customer_body
from sandbox.ids import local
from sandbox.money import Body
from sandbox.shops import scopes_body, shop_body
from sandbox.state import Customer, Product, Shop
from sandbox.totals import unit
from sandbox.webhooks import Delivery
from sandbox.world import World


class People(World):
    """The part of `sandbox.simulator.Simulator` that is about shops, products and customers."""

    def product(
        self,
        title: str,
        price: str,
        *,
        shop: str = "example",
        gift_card: bool = False,
        requires_shipping: bool = True,
        collections: Iterable[int] = (),
        tags: Iterable[str] = (),
    ) -> Product:
        """Put a product on sale; a gift card is never shipped."""
        found = self.shop(shop)
        with self.state.lock:
            made = Product(
                id=self.state.ids.next(),
                variant_id=self.state.ids.next(),
                title=title,
                handle=_handle(title),
                price=unit(found, price),
                gift_card=gift_card,
                requires_shipping=requires_shipping and not gift_card,
                collections=tuple(collections),
                tags=tuple(tags),
                created_at=self.state.now(),
            )
            found.products[made.id] = made
            return made

    def customer(
        self,
        email: str | None = "anna@example.com",
        *,
        shop: str = "example",
        customer_id: int | None = None,
        first_name: str = "Anna",
        last_name: str = "Beispiel",
        locale: str = "de",
        tags: Iterable[str] = (),
    ) -> Customer:
        """Return the customer with this address, made on first mention; an address belongs to one customer."""
        found = self.shop(shop)
        with self.state.lock:
            for known in found.customers.values():
                if email is not None and known.email == email:
                    return known
            now = self.state.now()
            made = Customer(
                id=customer_id if customer_id is not None else self.state.ids.next(),
                email=email,
                first_name=first_name,
                last_name=last_name,
                locale=locale,
                created_at=now,
                updated_at=now,
                tags=sorted(tags),
            )
            found.customers[made.id] = made
            return made

    def merge_customers(
        self, kept: Customer, deleted: Customer, *, shop: str = "example", status: str = "completed"
    ) -> None:
        """Merge two customers: customers/merge; only a completed one changes anything."""
        found = self.shop(shop)
        with self.state.lock:
            body = customer_body(kept, found)
            self.emit(found, orders.merge_customers(self.state, found, kept, deleted, body, status))

    def update_shop(self, shop: str = "example", **facts: Any) -> None:
        """Change facts of a shop: shop/update."""
        found = self.shop(shop, **facts)
        with self.state.lock:
            self.emit(found, [("shop/update", shop_body(found, self.state.now()))])

    def grant_scopes(self, scopes: Iterable[str], *, shop: str = "example") -> None:
        """Change the scopes a merchant granted: app/scopes_update."""
        found = self.shop(shop)
        with self.state.lock:
            previous, found.scopes = found.scopes, tuple(scopes)
            self.emit(found, [("app/scopes_update", scopes_body(found, previous, self.state))])

    def uninstall(self, shop: str = "example") -> list[Delivery]:
        """Remove the app: every token and its subscription end, app/uninstalled goes out, then nothing but compliance topics."""
        found = self.shop(shop)
        with self.state.lock:
            oauth.revoke_all(found)
            charges.end(self.state, found, self.state.now())
            sent = self.emit(found, [("app/uninstalled", shop_body(found, self.state.now()))])
            found.installed = False
            return sent

    def install(self, shop: str = "example") -> Shop:
        """Install the app (again) with the scopes its configuration asks for; it still has to open to get a token."""
        return self.shop(shop, installed=True, scopes=self.state.config.scopes)

    def redact_shop(self, shop: str = "example") -> None:
        """Send shop/redact, as Shopify does 48 hours after an uninstall."""
        found = self.shop(shop)
        self._compliance(found, "shop/redact", {})

    def redact_customer(
        self, customer: Customer, orders_to_redact: Iterable[int], *, shop: str = "example"
    ) -> None:
        """Send customers/redact for a customer and these orders."""
        found = self.shop(shop)
        person = {"id": customer.id, "email": customer.email, "phone": None}
        self._compliance(
            found, "customers/redact", {"customer": person, "orders_to_redact": list(orders_to_redact)}
        )

    def request_data(
        self, customer: Customer, orders_requested: Iterable[int], *, shop: str = "example"
    ) -> int:
        """Send customers/data_request; returns the id of the request."""
        found = self.shop(shop)
        request_id = self.state.ids.next()
        person = {"id": customer.id, "email": customer.email, "phone": None}
        self._compliance(
            found,
            "customers/data_request",
            {
                "orders_requested": list(orders_requested),
                "customer": person,
                "data_request": {"id": request_id},
            },
        )
        return request_id

    def _compliance(self, shop: Shop, topic: str, body: Body) -> None:
        with self.state.lock:
            installed, shop.installed = shop.installed, True
            self.emit(shop, [(topic, {"shop_id": shop.id, "shop_domain": shop.domain, **body})])
            shop.installed = installed

    def stamp(self, shop: Shop) -> str:
        """Return the present as this shop's webhooks write it."""
        return local(self.state.now(), shop.time_zone)


def _handle(title: str) -> str:
    spelt = title.lower()
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        spelt = spelt.replace(letter, pair)
    return re.sub(r"[^a-z0-9]+", "-", spelt).strip("-")
