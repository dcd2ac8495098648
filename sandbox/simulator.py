"""The pocket Shopify as one object: what merchants, shoppers and carriers do in it, and what the app then hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sandbox import fulfilments, orders, refunds
from sandbox.bodies import customer_body
from sandbox.buying import Buying, Line
from sandbox.charges import Charges
from sandbox.money import Body
from sandbox.proofs import Proofs
from sandbox.state import Customer, Order
from sandbox.totals import unit


class Simulator(Buying, Charges, Proofs):
    """A sandbox with its webhooks; every method may be called from any thread.

    Shops are named by handle and made on first mention. Amounts are decimal strings in the shop's currency.
    ``at`` is the moment something happens (default: now). Methods raise `Refused` where Shopify would refuse.
    """

    def pay(
        self, order: Order, amount: str | None = None, *, at: datetime | None = None, **more: Any
    ) -> None:
        """Pay what is outstanding, or a part: orders/paid once it is all paid, orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            received = None if amount is None else unit(shop, amount)
            self.emit(shop, orders.pay(shop, order, received, at or self.state.now(), **more))

    def edit_order(
        self,
        order: Order,
        quantities: Mapping[int, int] | None = None,
        add: Sequence[Line] = (),
        *,
        at: datetime | None = None,
        **more: Any,
    ) -> None:
        """Set quantities by line id and add lines: orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            lines = [self.line(shop, line) for line in add]
            now = at or self.state.now()
            self.emit(shop, orders.edit(self.state, shop, order, quantities or {}, lines, now, **more))

    def refund(
        self,
        order: Order,
        quantities: Mapping[int, int] | None = None,
        *,
        amount: str | None = None,
        shipping: str = "0",
        note: str | None = None,
        at: datetime | None = None,
        **more: Any,
    ) -> Body:
        """Refund lines (by line id) and shipping: refunds/create, orders/updated; returns the refund's body.

        ``amount`` other than what these cost leaves a refund discrepancy.
        """
        shop = self.shop_of(order)
        with self.state.lock:
            made, events = refunds.refund(
                self.state,
                shop,
                order,
                quantities or {},
                amount=None if amount is None else unit(shop, amount),
                shipping=unit(shop, shipping),
                note=note,
                at=at or self.state.now(),
                **more,
            )
            self.emit(shop, events)
            return made

    def cancel(
        self,
        order: Order,
        *,
        reason: str = "customer",
        refund: bool = True,
        at: datetime | None = None,
        **more: Any,
    ) -> None:
        """Cancel an order: orders/cancelled, refunds/create where money is returned, orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            now = at or self.state.now()
            events = refunds.cancel(
                self.state, shop, order, reason=reason, refund_money=refund, at=now, **more
            )
            self.emit(shop, events)

    def void(
        self, order: Order, mark: Literal["voided", "expired"] = "voided", *, at: datetime | None = None
    ) -> None:
        """Let a pending or authorized payment end: orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            self.emit(shop, orders.void(shop, order, mark, at or self.state.now()))

    def delete_order(self, order: Order) -> None:
        """Delete an order: orders/delete; the Admin API no longer knows it."""
        shop = self.shop_of(order)
        with self.state.lock:
            self.emit(shop, orders.delete(shop, order))

    def mark_test(self, order: Order, *, test: bool = True, at: datetime | None = None) -> None:
        """Make an order a test order, or a real one: orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            self.emit(shop, orders.mark_test(shop, order, at or self.state.now(), test=test))

    def attach(self, order: Order, customer: Customer | None, *, at: datetime | None = None) -> None:
        """Give an order a customer, or take it away: orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            body = None if customer is None else customer_body(customer, shop)
            self.emit(shop, orders.attach(shop, order, body, at or self.state.now()))

    def dispute(self, order: Order, status: str = "LOST", *, at: datetime | None = None) -> None:
        """Open a chargeback or move it on; its status is in the Admin API alone: orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            self.emit(shop, orders.dispute(self.state, shop, order, status, at or self.state.now()))

    def fulfil(
        self,
        order: Order,
        quantities: Mapping[int, int] | None = None,
        *,
        company: str | None = "DHL",
        number: str | None = "00340434161094042557",
        url: str | None = "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html",
        at: datetime | None = None,
    ) -> Body:
        """Hand a parcel over: fulfillments/create, orders/fulfilled or _partially_fulfilled, orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            parcel, events = fulfilments.fulfil(
                self.state,
                shop,
                order,
                quantities,
                tracking_company=company,
                tracking_number=number,
                tracking_url=url,
                at=at or self.state.now(),
            )
            self.emit(shop, events)
            return parcel

    def scan(
        self,
        order: Order,
        fulfilment_id: int,
        status: str,
        *,
        at: datetime | None = None,
        estimated_delivery_at: datetime | None = None,
    ) -> Body:
        """Let the carrier report: fulfillment_events/create, fulfillments/update, orders/updated."""
        shop = self.shop_of(order)
        with self.state.lock:
            now = self.state.now()
            scan, events = fulfilments.report(
                self.state,
                shop,
                order,
                fulfilment_id,
                status,
                happened_at=at or now,
                estimated_delivery_at=estimated_delivery_at,
                at=at or now,
            )
            self.emit(shop, events)
            return scan
