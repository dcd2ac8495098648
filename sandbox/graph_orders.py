"""Orders in the Admin API, answered from the very bodies that went out as webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from graphql import GraphQLError

from sandbox.graph import (
    Context,
    Fields,
    Tables,
    bag,
    bag_of,
    bag_of_text,
    connection,
    global_id,
    key,
    keys,
    listing,
    money,
    time_of,
)
from sandbox.graph_parcels import parcels
from sandbox.graph_refunds import refunds
from sandbox.ids import instant, number_of
from sandbox.money import Body
from sandbox.state import Order

_SORT_KEYS: dict[str, Callable[[Order], Any]] = {
    "UPDATED_AT": lambda order: order.body["updated_at"],
    "CREATED_AT": lambda order: order.body["created_at"],
    "PROCESSED_AT": lambda order: order.body["processed_at"],
    "ID": lambda order: "",
}
_TERM = re.compile(r"\s*(?:AND\s+)?(\w+):(>=|<=|>|<|)('[^']*'|\"[^\"]*\"|\S+)\s*")
_FULFILMENT = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED"}


def _body(name: str, change: Callable[[Any], Any] = lambda value: value) -> Callable[..., Any]:
    inner = key(name, change)
    return lambda order, context: inner(order.body, context)


def find_order(context: Context, global_id: str) -> Order | None:
    """Find an order that the app may still see: older ones than 60 days need another scope."""
    order = context.shop.orders.get(number_of(global_id, "Order") or 0)
    return order if order is not None and _is_visible(context, order) else None


def _refund(source: Any, context: Context, *, id: str) -> Body | None:
    number = number_of(id, "Refund")
    visible = (order for order in context.shop.orders.values() if _is_visible(context, order))
    found = (one for order in visible for one in refunds(order, context) if one["id"] == number)
    return next(found, None)


def _is_visible(context: Context, order: Order) -> bool:
    days = context.shop.order_window_days
    if days is None or "read_all_orders" in context.shop.scopes:
        return True
    return instant(order.body["created_at"]) > context.now - timedelta(days=days)


def _orders(
    source: Any,
    context: Context,
    *,
    query: str | None = None,
    sortKey: str = "PROCESSED_AT",  # noqa: N803 the schema names the argument
    **page: Any,
) -> Body:
    if sortKey not in _SORT_KEYS or page.pop("savedSearchId", None) is not None:
        raise GraphQLError(f"The sandbox does not sort orders by {sortKey}.")
    by = _SORT_KEYS[sortKey]
    wanted = _filter(query or "")

    def position(order: Order) -> tuple[float, int]:
        stamp = by(order)
        return (instant(stamp).timestamp() if stamp else 0.0, order.id)

    found = [order for order in context.shop.orders.values() if _is_visible(context, order) and wanted(order)]
    return connection(sorted(found, key=position), position, **page)


def _filter(query: str) -> Callable[[Order], bool]:
    tests, at = [], 0
    while at < len(query):
        match = _TERM.match(query, at)
        if match is None:
            raise GraphQLError(f"The sandbox cannot search orders by {query[at:]!r}.")
        tests.append(_test(match[1], match[2], match[3].strip("'\"")))
        at = match.end()
    return lambda order: all(test(order) for test in tests)


def _test(field: str, operator: str, text: str) -> Callable[[Order], bool]:
    if field in {"updated_at", "created_at", "processed_at"}:
        limit = instant(text)
        return lambda order: _holds(instant(order.body[field]), operator, limit)
    if field == "id":
        return lambda order: _holds(order.id, operator, int(text))
    if field == "name" and not operator:
        return lambda order: (
            str(order.body["name"]).removeprefix("#").lower() == text.removeprefix("#").lower()
        )
    if field in {"financial_status", "test", "source_name"} and not operator:
        return lambda order: str(order.body[field]).lower() == text.lower()
    if field == "customer_id" and not operator:
        return lambda order: order.customer_id == int(text)
    raise GraphQLError(f"The sandbox cannot search orders by {field}{operator}.")


def _holds(value: Any, operator: str, limit: Any) -> bool:
    if operator == ">=":
        return bool(value >= limit)
    if operator == ">":
        return bool(value > limit)
    if operator == "<=":
        return bool(value <= limit)
    return bool(value < limit if operator == "<" else value == limit)


def _with_order(name: str) -> Callable[..., Any]:
    return lambda order, context: [{**one, "_order": order} for one in order.body[name]]


def _lines(order: Order, context: Context, **page: Any) -> Body:
    return listing(_with_order("line_items")(order, context), **page)


def _shipping_lines(order: Order, context: Context, **page: Any) -> Body:
    removed = page.pop("includeRemovals", False)
    lines = [one for one in order.body["shipping_lines"] if removed or not one["is_removed"]]
    return listing(lines, **page)


def _applications(order: Order) -> list[Body]:
    return [
        {**one, "_type": "DiscountCodeApplication", "_index": i, "_currency": order.currency}
        for i, one in enumerate(order.body["discount_applications"])
    ]


def _application_page(order: Order, context: Context, **page: Any) -> Body:
    return listing(_applications(order), **page)


def _allocations(line: Body, context: Context) -> list[Body]:
    applications = _applications(line["_order"])
    return [
        {
            "allocatedAmountSet": bag(one["amount_set"]),
            "discountApplication": applications[one["discount_application_index"]],
        }
        for one in line["discount_allocations"]
    ]


def _value(application: Body, context: Context) -> Body:
    if application["value_type"] == "percentage":
        return {"_type": "PricingPercentageValue", "percentage": float(application["value"])}
    return {"_type": "MoneyV2", **money(application["value"], application["_currency"])}


def _customer(order: Order, context: Context) -> Any:
    return context.shop.customers.get(order.customer_id or 0)


def _product(line: Body, context: Context) -> Any:
    return context.shop.products.get(line["product_id"])


_ORDER: Fields = {
    "id": lambda order, context: order.gid,
    "legacyResourceId": lambda order, context: str(order.id),
    "cancelReason": _body("cancel_reason", str.upper),
    "cancelledAt": _body("cancelled_at", time_of),
    "checkoutToken": _body("checkout_token"),
    "closedAt": _body("closed_at", time_of),
    "confirmationNumber": _body("confirmation_number"),
    "createdAt": _body("created_at", time_of),
    "currencyCode": _body("currency"),
    "currentShippingPriceSet": _body("current_shipping_price_set", bag),
    "currentSubtotalPriceSet": _body("current_subtotal_price_set", bag),
    "currentTotalDiscountsSet": _body("current_total_discounts_set", bag),
    "currentTotalPriceSet": _body("current_total_price_set", bag),
    "currentTotalTaxSet": _body("current_total_tax_set", bag),
    "customer": _customer,
    "customerLocale": _body("customer_locale"),
    "discountApplications": _application_page,
    "discountCode": lambda order, context: next((one["code"] for one in order.body["discount_codes"]), None),
    "discountCodes": lambda order, context: [one["code"] for one in order.body["discount_codes"]],
    "displayFinancialStatus": _body("financial_status", str.upper),
    "displayFulfillmentStatus": lambda order, context: _FULFILMENT[order.body["fulfillment_status"]],
    "disputes": lambda order, context: order.disputes,
    "fulfillments": parcels,
    "lineItems": _lines,
    "name": _body("name"),
    "number": _body("number"),
    "presentmentCurrencyCode": _body("presentment_currency"),
    "processedAt": _body("processed_at", time_of),
    "refunds": refunds,
    "shippingAddress": _body("shipping_address"),
    "shippingLines": _shipping_lines,
    "sourceName": _body("source_name"),
    "statusPageUrl": lambda order, context, **_: order.body["order_status_url"],
    "subtotalPriceSet": _body("subtotal_price_set", bag),
    "tags": lambda order, context: [tag.strip() for tag in order.body["tags"].split(",") if tag.strip()],
    "taxesIncluded": _body("taxes_included"),
    "test": _body("test"),
    "totalDiscountsSet": _body("total_discounts_set", bag),
    "totalOutstandingSet": lambda order, context: bag_of_text(
        order.body["total_outstanding"], order.currency
    ),
    "totalPriceSet": _body("total_price_set", bag),
    "totalReceivedSet": lambda order, context: bag_of(order.received, order.currency),
    "totalRefundedSet": lambda order, context: bag_of(order.refunded, order.currency),
    "totalShippingPriceSet": _body("total_shipping_price_set", bag),
    "totalTaxSet": _body("total_tax_set", bag),
    "updatedAt": _body("updated_at", time_of),
}


TABLES: Tables = {
    "QueryRoot": {
        "orders": _orders,
        "order": lambda source, context, id: find_order(context, id),
        "refund": _refund,
    },
    "Order": _ORDER,
    "LineItem": {
        "id": key("id", global_id("LineItem")),
        "currentQuantity": key("current_quantity"),
        "discountAllocations": _allocations,
        "isGiftCard": key("gift_card"),
        "name": key("name"),
        "originalUnitPriceSet": key("price_set", bag),
        "product": _product,
        "quantity": key("quantity"),
        "requiresShipping": key("requires_shipping"),
        "sku": key("sku"),
        "taxable": key("taxable"),
        "title": key("title"),
        "totalDiscountSet": key("total_discount_set", bag),
    },
    "DiscountAllocation": keys("allocatedAmountSet", "discountApplication"),
    "DiscountCodeApplication": {
        "allocationMethod": key("allocation_method", str.upper),
        "code": key("code"),
        "index": key("_index"),
        "targetSelection": key("target_selection", str.upper),
        "targetType": key("target_type", str.upper),
        "value": _value,
    },
    "PricingPercentageValue": keys("percentage"),
    "ShippingLine": {
        "id": key("id", global_id("ShippingLine")),
        "code": key("code"),
        "currentDiscountedPriceSet": key("current_discounted_price_set", bag),
        "discountedPriceSet": key("discounted_price_set", bag),
        "isRemoved": key("is_removed"),
        "originalPriceSet": key("price_set", bag),
        "source": key("source"),
        "title": key("title"),
    },
    "MailingAddress": {
        "address1": key("address1"),
        "city": key("city"),
        "country": key("country"),
        "countryCodeV2": key("country_code"),
        "firstName": key("first_name"),
        "lastName": key("last_name"),
        "name": key("name"),
        "province": key("province"),
        "provinceCode": key("province_code"),
        "zip": key("zip"),
    },
    "OrderDisputeSummary": {
        "id": key("id", global_id("ShopifyPaymentsDispute")),
        "initiatedAs": key("initiatedAs"),
        "status": key("status"),
    },
}
