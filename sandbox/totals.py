"""The amounts of an order that follow from its lines, its shipping and the money that moved."""

from __future__ import annotations

from decimal import Decimal

from sandbox.money import Body, decimal, minor, money_set, nearest, of_set
from sandbox.state import Order, Shop


def line_value(line: Body, quantity: int) -> int:
    """Return what so many of a line cost after their share of its discounts, minor units.

    Shares are rounded down per quantity, so that the values of parts sum to the value of the whole.
    """
    off = sum(of_set(one["amount_set"]) for one in line["discount_allocations"])
    share: int = off * quantity // max(1, line["quantity"])
    return of_set(line["price_set"]) * quantity - share


def tax_on(shop: Shop, amount: int) -> int:
    """Return the tax in an amount (tax-inclusive shops) or on it, minor units."""
    rate = shop.tax_rate
    share = rate / (1 + rate) if shop.taxes_included else rate
    return nearest(amount * share)


def line_tax(shop: Shop, line: Body, quantity: int) -> int:
    """Return the tax of so many of a line; gift cards are not taxed when sold."""
    return tax_on(shop, line_value(line, quantity)) if line["taxable"] else 0


def shipping_tax(shop: Shop, amount: int) -> int:
    """Return the tax of shipping, where the shop charges it."""
    return tax_on(shop, amount) if shop.tax_shipping else 0


def recalculate(shop: Shop, order: Order) -> None:
    """Write every derived amount and the financial status into the order's body."""
    body, currency = order.body, order.currency
    lines = body["line_items"]
    for line in lines:
        _tax_lines(shop, line, line_tax(shop, line, line["quantity"]), currency)
    shipping = sum(of_set(line["discounted_price_set"]) for line in body["shipping_lines"])
    current_shipping = sum(of_set(line["current_discounted_price_set"]) for line in body["shipping_lines"])
    first = _totals(shop, [(line, line["quantity"]) for line in lines], shipping)
    current = _totals(shop, [(line, line["current_quantity"]) for line in lines], current_shipping)
    current["total"] += _discrepancies(order)
    items = sum(of_set(line["price_set"]) * line["quantity"] for line in lines)
    off_shipping = sum(
        of_set(one["amount_set"]) for line in body["shipping_lines"] for one in line["discount_allocations"]
    )
    _write(body, "", first, currency)
    _write(body, "current_", current, currency)
    body["total_discounts"], body["total_discounts_set"] = _both(first["discounts"] + off_shipping, currency)
    _both_into(body, "total_line_items_price", items, currency)
    body["total_shipping_price_set"] = money_set(shipping + off_shipping, currency)
    body["current_shipping_price_set"] = money_set(current_shipping, currency)
    outstanding = current["total"] - order.received + order.refunded
    body["total_outstanding"] = decimal(outstanding, currency)
    body["financial_status"] = _financial_status(order, outstanding)
    body["fulfillment_status"] = _fulfillment_status(lines)


def _totals(shop: Shop, parts: list[tuple[Body, int]], shipping: int) -> dict[str, int]:
    subtotal = sum(line_value(line, quantity) for line, quantity in parts)
    tax = sum(line_tax(shop, line, quantity) for line, quantity in parts) + shipping_tax(shop, shipping)
    full = sum(of_set(line["price_set"]) * quantity for line, quantity in parts)
    return {
        "subtotal": subtotal,
        "tax": tax,
        "discounts": full - subtotal,
        "total": subtotal + shipping + (0 if shop.taxes_included else tax),
    }


def _write(body: Body, prefix: str, totals: dict[str, int], currency: str) -> None:
    _both_into(body, f"{prefix}subtotal_price", totals["subtotal"], currency)
    _both_into(body, f"{prefix}total_tax", totals["tax"], currency)
    _both_into(body, f"{prefix}total_price", totals["total"], currency)
    _both_into(body, f"{prefix}total_discounts", totals["discounts"], currency)


def _both_into(body: Body, key: str, amount: int, currency: str) -> None:
    body[key], body[f"{key}_set"] = _both(amount, currency)


def _both(amount: int, currency: str) -> tuple[str, Body]:
    return decimal(amount, currency), money_set(amount, currency)


def _tax_lines(shop: Shop, line: Body, tax: int, currency: str) -> None:
    if tax == 0:
        line["tax_lines"] = []
        return
    line["tax_lines"] = [
        {
            "title": "MwSt",
            "rate": float(shop.tax_rate),
            "price": decimal(tax, currency),
            "price_set": money_set(tax, currency),
            "channel_liable": False,
        },
    ]


def _discrepancies(order: Order) -> int:
    """Sum what refunds gave beyond their lines (negative) or kept back (positive)."""
    return sum(
        minor(one["amount"], order.currency)
        for refund in order.body["refunds"]
        for one in refund["order_adjustments"]
    )


def _financial_status(order: Order, outstanding: int) -> str:
    if order.mark is not None:
        return order.mark
    if order.refunded > 0:
        return "refunded" if order.refunded >= order.received else "partially_refunded"
    if outstanding <= 0:
        return "paid"
    return "partially_paid" if order.received > 0 else "pending"


def _fulfillment_status(lines: list[Body]) -> str | None:
    states = {line["fulfillment_status"] for line in lines if line["requires_shipping"]}
    if states == {"fulfilled"}:
        return "fulfilled"
    return "partial" if states - {None} else None


def unit(shop: Shop, amount: str | Decimal) -> int:
    """Read a decimal amount in the shop's currency."""
    return minor(amount, shop.currency)
