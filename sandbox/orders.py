"""The life of an order: each function changes the state and returns the webhooks that Shopify would send for it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from sandbox.bodies import line_body, order_body
from sandbox.discounts import Applied, Cart, CartLine
from sandbox.ids import local
from sandbox.money import Body, of_set
from sandbox.state import Customer, Order, Refused, Shop, State
from sandbox.totals import recalculate

Event = tuple[str, Body]
Payment = Literal["paid", "pending", "authorized", "partially_paid"]


def snapshot(topic: str, order: Order) -> Event:
    """Return a webhook whose body is the order as it is now."""
    return topic, copy.deepcopy(order.body)


def touch(shop: Shop, order: Order, at: datetime, *, same_second: bool = False) -> None:
    """Move ``updated_at`` forward, by a second at least unless ``same_second`` asks for an equal stamp."""
    earliest = order.updated_at if same_second else order.updated_at + timedelta(seconds=1)
    stamp = earliest if same_second else max(at, earliest)
    order.body["updated_at"] = local(stamp, shop.time_zone)


def place(
    state: State,
    shop: Shop,
    cart: Cart,
    applied: Sequence[Applied],
    *,
    payment: Payment,
    paid: int | None,
    created_at: datetime,
    processed_at: datetime,
    order_id: int | None,
    test: bool,
    source_name: str,
    locale: str,
    checkout_token: str | None,
) -> tuple[Order, list[Event]]:
    """Turn a cart into an order and count its codes as used; ``paid`` (minor units) is for partial payment."""
    if order_id is not None and order_id in shop.orders:
        raise Refused(f"Order {order_id} exists already.")
    body = order_body(
        shop,
        state.ids,
        cart,
        applied,
        order_id=order_id,
        created_at=created_at,
        processed_at=processed_at,
        test=test,
        source_name=source_name,
        locale=locale,
        checkout_token=checkout_token,
    )
    order = Order(body, mark="authorized" if payment == "authorized" else None)
    recalculate(shop, order)
    if payment in {"paid", "partially_paid"}:
        order.received = of_set(body["total_price_set"]) if payment == "paid" or paid is None else paid
        recalculate(shop, order)
    shop.orders[order.id] = order
    for one in applied:
        one.redeem_code.uses += 1
        if cart.customer is not None:
            one.discount.used_by.add(cart.customer.id)
    if cart.customer is not None:
        cart.customer.number_of_orders += 1
        cart.customer.amount_spent += order.received
    topics = [
        "orders/create",
        *(["orders/paid"] if body["financial_status"] == "paid" else []),
        "orders/updated",
    ]
    return order, [snapshot(topic, order) for topic in topics]


def pay(
    shop: Shop, order: Order, amount: int | None, at: datetime, *, same_second: bool = False
) -> list[Event]:
    """Receive (or capture) money: all that is outstanding, or ``amount`` in minor units."""
    _require_live(order)
    if order.mark in {"voided", "expired"}:
        raise Refused(f"{order.body['name']} is {order.mark}.")
    outstanding = of_set(order.body["current_total_price_set"]) - order.received + order.refunded
    received = outstanding if amount is None else amount
    if received <= 0:
        raise Refused(f"{order.body['name']} has nothing left to pay.")
    order.mark = None
    order.received += received
    _spend(shop, order, received)
    recalculate(shop, order)
    touch(shop, order, at, same_second=same_second)
    paid = order.body["financial_status"] == "paid"
    return [snapshot(topic, order) for topic in (["orders/paid"] if paid else []) + ["orders/updated"]]


def edit(
    state: State,
    shop: Shop,
    order: Order,
    quantities: Mapping[int, int],
    add: Sequence[CartLine],
    at: datetime,
    *,
    same_second: bool = False,
) -> list[Event]:
    """Change the quantity of lines (by line id) and add lines, as the order editor does.

    More of a line raises ``quantity`` and ``current_quantity``, fewer lowers ``current_quantity`` alone.
    """
    _require_live(order)
    by_id = {line["id"]: line for line in order.body["line_items"]}
    for line_id, wanted in quantities.items():
        if line_id not in by_id or wanted < 0:
            raise Refused(f"{order.body['name']} has no line {line_id} to set to {wanted}.")
        line = by_id[line_id]
        change = wanted - line["current_quantity"]
        line["current_quantity"] = wanted
        line["fulfillable_quantity"] = max(0, line["fulfillable_quantity"] + change)
        if change > 0:
            line["quantity"] += change
    order.body["line_items"] += [
        line_body(state.ids, line.product, line.quantity, line.price, [], shop.currency) for line in add
    ]
    recalculate(shop, order)
    touch(shop, order, at, same_second=same_second)
    return [snapshot("orders/updated", order)]


def void(shop: Shop, order: Order, mark: Literal["voided", "expired"], at: datetime) -> list[Event]:
    """Let an authorization or a pending payment end without money."""
    if order.received:
        raise Refused(f"{order.body['name']} is paid already.")
    order.mark = mark
    recalculate(shop, order)
    touch(shop, order, at)
    return [snapshot("orders/updated", order)]


def mark_cancelled(shop: Shop, order: Order, reason: str, at: datetime, *, same_second: bool) -> None:
    """Set what a cancellation sets; an order nobody paid is voided."""
    _require_live(order)
    touch(shop, order, at, same_second=same_second)
    order.body["cancelled_at"] = order.body["updated_at"]
    order.body["closed_at"] = order.body["updated_at"]
    order.body["cancel_reason"] = reason
    if not order.received:
        order.mark = "voided"
    recalculate(shop, order)


def delete(shop: Shop, order: Order) -> list[Event]:
    """Remove an order for good; the webhook names its id alone."""
    if shop.orders.pop(order.id, None) is None:
        raise Refused(f"{order.body['name']} is deleted already.")
    return [("orders/delete", {"id": order.id})]


def mark_test(shop: Shop, order: Order, at: datetime, *, test: bool) -> list[Event]:
    """Say that an order is, or is not, a test."""
    order.body["test"] = test
    touch(shop, order, at)
    return [snapshot("orders/updated", order)]


def attach(shop: Shop, order: Order, customer: Body | None, at: datetime) -> list[Event]:
    """Put a customer's body on an order, or take it away."""
    order.body["customer"] = customer
    touch(shop, order, at)
    return [snapshot("orders/updated", order)]


def dispute(state: State, shop: Shop, order: Order, status: str, at: datetime) -> list[Event]:
    """Open a chargeback or move it on; only the Admin API tells of it, the webhook says that something changed."""
    if order.disputes:
        order.disputes[0]["status"] = status
    else:
        order.disputes.append({"id": state.ids.next(), "initiatedAs": "CHARGEBACK", "status": status})
    touch(shop, order, at)
    return [snapshot("orders/updated", order)]


def merge_customers(
    state: State, shop: Shop, kept: Customer, deleted: Customer, kept_body: Body, status: str
) -> list[Event]:
    """Merge two customers; a completed merge moves the orders, the tags and the counts to the one kept."""
    if kept is deleted:
        raise Refused("A customer cannot be merged with itself.")
    if status == "completed":
        for order in shop.orders.values():
            if order.customer_id == deleted.id:
                order.body["customer"] = dict(kept_body)
        kept.number_of_orders += deleted.number_of_orders
        kept.amount_spent += deleted.amount_spent
        kept.tags = sorted({*kept.tags, *deleted.tags})
        del shop.customers[deleted.id]
    errors = (
        [] if status != "failed" else [{"customer_ids": [deleted.id], "field": "base", "message": "Blocked."}]
    )
    return [
        (
            "customers/merge",
            {
                "admin_graphql_api_customer_kept_id": kept.gid,
                "admin_graphql_api_customer_deleted_id": deleted.gid,
                "admin_graphql_api_job_id": f"gid://shopify/Job/{state.ids.next()}",
                "status": status,
                "errors": errors,
            },
        ),
    ]


def _require_live(order: Order) -> None:
    if order.body["cancelled_at"] is not None:
        raise Refused(f"{order.body['name']} is cancelled.")


def _spend(shop: Shop, order: Order, amount: int) -> None:
    customer = shop.customers.get(order.customer_id or 0)
    if customer is not None:
        customer.amount_spent += amount
