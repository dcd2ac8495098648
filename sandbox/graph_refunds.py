"""Refunds in the Admin API, answered from the bodies that went out as webhooks."""

from __future__ import annotations

from typing import Any

from sandbox.graph import Context, Tables, bag, bag_of, global_id, key, listing, time_of
from sandbox.money import Body, minor
from sandbox.state import Order

_REASONS = {
    "Refund discrepancy": "REFUND_DISCREPANCY",
    "Pending refund discrepancy": "PENDING_REFUND_DISCREPANCY",
}


def refunds(order: Order, context: Context, first: int | None = None) -> list[Body]:
    """List the refunds of an order, oldest first."""
    return [{**one, "_order": order} for one in order.body["refunds"][:first]]


def _refund_lines(refund: Body, context: Context, **page: Any) -> Body:
    lines = {one["id"]: {**one, "_order": refund["_order"]} for one in refund["_order"].body["line_items"]}
    items = [{**one, "_line": lines[one["line_item_id"]]} for one in refund["refund_line_items"]]
    return listing(items, **page)


def _refunded(refund: Body, context: Context) -> Body:
    currency = refund["_order"].currency
    return bag_of(sum(minor(one["amount"], currency) for one in refund["transactions"]), currency)


TABLES: Tables = {
    "Refund": {
        "id": key("id", global_id("Refund")),
        "legacyResourceId": key("id", str),
        "createdAt": key("created_at", time_of),
        "processedAt": key("processed_at", time_of),
        "updatedAt": key("created_at", time_of),
        "note": key("note"),
        "order": key("_order"),
        "orderAdjustments": lambda refund, context, **page: listing(refund["order_adjustments"], **page),
        "refundLineItems": _refund_lines,
        "refundShippingLines": lambda refund, context, **page: listing(
            refund["refund_shipping_lines"], **page
        ),
        "totalRefundedSet": _refunded,
    },
    "RefundLineItem": {
        "id": key("id", global_id("RefundLineItem")),
        "lineItem": key("_line"),
        "quantity": key("quantity"),
        "restockType": key("restock_type", str.upper),
        "subtotalSet": key("subtotal_set", bag),
        "totalTaxSet": key("total_tax_set", bag),
    },
    "OrderAdjustment": {
        "id": key("id", global_id("OrderAdjustment")),
        "amountSet": key("amount_set", bag),
        "taxAmountSet": key("tax_amount_set", bag),
        "reason": key("reason", _REASONS.get),
    },
    "RefundShippingLine": {
        "id": key("id", global_id("RefundShippingLine")),
        "shippingLine": key("shipping_line"),
        "subtotalAmountSet": key("subtotal_amount_set", bag),
        "taxAmountSet": key("tax_amount_set", bag),
    },
}
