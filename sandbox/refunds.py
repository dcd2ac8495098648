"""Refunds and cancellations: lines given back, money returned, and the difference between the two."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sandbox.ids import gid, local
from sandbox.money import Body, decimal, money_set, of_set
from sandbox.orders import Event, mark_cancelled, snapshot, touch
from sandbox.state import Order, Refused, Shop, State
from sandbox.totals import line_tax, line_value, recalculate, shipping_tax


def refund(
    state: State,
    shop: Shop,
    order: Order,
    quantities: Mapping[int, int],
    *,
    amount: int | None,
    shipping: int,
    note: str | None,
    at: datetime,
    processed_at: datetime | None = None,
    same_second: bool = False,
) -> tuple[Body, list[Event]]:
    """Give lines (by line id) and shipping back and return ``amount``, or what they cost where it is None.

    Another amount than that leaves an order adjustment: negative where more was given than the lines were worth.
    """
    body = order.body
    touch(shop, order, at, same_second=same_second)
    stamp = body["updated_at"]
    refund_id = state.ids.next()
    lines = [_refund_line(state, shop, order, line_id, k) for line_id, k in quantities.items() if k > 0]
    shipping_lines = _give_back_shipping(state, shop, order, shipping)
    worth = _worth(shop, lines) + shipping + (0 if shop.taxes_included else shipping_tax(shop, shipping))
    available = order.received - order.refunded
    returned = min(worth, available) if amount is None else amount
    if not 0 <= returned <= available:
        raise Refused(f"{body['name']} has only {decimal(available, order.currency)} left to refund.")
    difference = min(worth, available) - returned
    made: Body = {
        "id": refund_id,
        "admin_graphql_api_id": gid("Refund", refund_id),
        "order_id": order.id,
        "created_at": stamp,
        "note": note,
        "user_id": 548_380_009,
        "processed_at": stamp if processed_at is None else local(processed_at, shop.time_zone),
        "restock": bool(lines),
        "duties": [],
        "total_duties_set": money_set(0, order.currency),
        "return": None,
        "refund_shipping_lines": shipping_lines,
        "order_adjustments": _adjustments(state, order, refund_id, difference),
        "refund_line_items": lines,
        "transactions": _transactions(state, order, returned, stamp),
    }
    order.refunded += returned
    body["refunds"].append(made)
    recalculate(shop, order)
    return made, [("refunds/create", copy.deepcopy(made)), snapshot("orders/updated", order)]


def cancel(
    state: State,
    shop: Shop,
    order: Order,
    *,
    reason: str,
    refund_money: bool,
    at: datetime,
    same_second: bool = False,
) -> list[Event]:
    """Cancel an order; money received is returned unless ``refund_money`` is False."""
    mark_cancelled(shop, order, reason, at, same_second=same_second)
    if not (refund_money and order.received > order.refunded):
        return [snapshot("orders/cancelled", order), snapshot("orders/updated", order)]
    rest = {line["id"]: line["current_quantity"] for line in order.body["line_items"]}
    shipping = sum(of_set(line["current_discounted_price_set"]) for line in order.body["shipping_lines"])
    _, events = refund(
        state,
        shop,
        order,
        rest,
        amount=order.received - order.refunded,
        shipping=shipping,
        note=None,
        at=at,
        same_second=True,
    )
    return [snapshot("orders/cancelled", order), *events]


def _refund_line(state: State, shop: Shop, order: Order, line_id: int, quantity: int) -> Body:
    line = next((one for one in order.body["line_items"] if one["id"] == line_id), None)
    if line is None or quantity > line["current_quantity"]:
        raise Refused(f"{order.body['name']} has no {quantity} of line {line_id} left to refund.")
    before = line["current_quantity"]
    subtotal = line_value(line, before) - line_value(line, before - quantity)
    tax = line_tax(shop, line, before) - line_tax(shop, line, before - quantity)
    line["current_quantity"] = before - quantity
    line["fulfillable_quantity"] = max(0, line["fulfillable_quantity"] - quantity)
    inner = {
        key: value for key, value in line.items() if key not in {"current_quantity", "attributed_staffs"}
    }
    return {
        "id": state.ids.next(),
        "quantity": quantity,
        "line_item_id": line_id,
        "location_id": None,
        "restock_type": "no_restock",
        "subtotal": float(Decimal(decimal(subtotal, order.currency))),
        "total_tax": float(Decimal(decimal(tax, order.currency))),
        "subtotal_set": money_set(subtotal, order.currency),
        "total_tax_set": money_set(tax, order.currency),
        "line_item": copy.deepcopy(inner),
    }


def _worth(shop: Shop, lines: list[Body]) -> int:
    goods = sum(of_set(one["subtotal_set"]) for one in lines)
    return goods if shop.taxes_included else goods + sum(of_set(one["total_tax_set"]) for one in lines)


def _give_back_shipping(state: State, shop: Shop, order: Order, amount: int) -> list[Body]:
    if amount == 0:
        return []
    line = next(iter(order.body["shipping_lines"]), None)
    left = 0 if line is None else of_set(line["current_discounted_price_set"])
    if line is None or not 0 < amount <= left:
        raise Refused(
            f"{order.body['name']} has only {decimal(left, order.currency)} of shipping left to refund."
        )
    line["current_discounted_price_set"] = money_set(left - amount, order.currency)
    return [
        {
            "id": state.ids.next(),
            "shipping_line": copy.deepcopy(line),
            "subtotal_amount_set": money_set(amount, order.currency),
            "tax_amount_set": money_set(shipping_tax(shop, amount), order.currency),
        },
    ]


def _adjustments(state: State, order: Order, refund_id: int, difference: int) -> list[Body]:
    if difference == 0:
        return []
    return [
        {
            "id": state.ids.next(),
            "order_id": order.id,
            "refund_id": refund_id,
            "amount": decimal(difference, order.currency),
            "tax_amount": decimal(0, order.currency),
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
            "amount_set": money_set(difference, order.currency),
            "tax_amount_set": money_set(0, order.currency),
        },
    ]


def _transactions(state: State, order: Order, amount: int, stamp: str) -> list[Body]:
    if amount == 0:
        return []
    number = state.ids.next()
    unsettled = {"amount": "0.0", "currency": order.currency}
    return [
        {
            "id": number,
            "admin_graphql_api_id": gid("OrderTransaction", number),
            "order_id": order.id,
            "kind": "refund",
            "gateway": "bogus",
            "status": "success",
            "message": None,
            "created_at": stamp,
            "processed_at": stamp,
            "test": order.body["test"],
            "authorization": None,
            "location_id": None,
            "user_id": None,
            "parent_id": None,
            "device_id": None,
            "error_code": None,
            "source_name": order.body["source_name"],
            "receipt": {},
            "amount": decimal(amount, order.currency),
            "currency": order.currency,
            "payment_id": f"{order.body['name']}.1",
            "total_unsettled_set": {"presentment_money": unsettled, "shop_money": dict(unsettled)},
            "manual_payment_gateway": False,
            "amount_rounding": None,
        },
    ]
