"""Orders as the Admin API shows them, in the same canonical form as a webhook's (semantics A 1).

Needs ``read_orders``; ``read_customers`` and ``read_products`` for the ids of customer and products, which may be
withheld. Orders older than 60 days are invisible without ``read_all_orders``.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from plugin.core.money import minor
from plugin.core.orders import RANK, Arrival, Line, OrderFacts, Refund, RefundLine, Snapshot
from plugin.shopify.client import TOO_DEAR, Gateway, Result
from plugin.shopify.documents import document
from plugin.shopify.errors import AccessDenied, Misunderstood
from plugin.shopify.names import gid, number_of
from plugin.shopify.pages import complete, next_cursor
from plugin.shopify.parcels import instant, parcels
from plugin.shops import Shop

OVERLAP = timedelta(minutes=5)
"""How far before the asked time changed orders are looked for: Shopify's search index lags."""

PAGE = 100
"""Changed orders asked for at once; halved where Shopify finds that too dear."""

_WITHHELD = {"customer", "product", "shippingAddress", "customerLocale", "sourceName"}
"""Parts of an order that may be missing without making the rest wrong."""

_LOST = {"LOST", "ACCEPTED"}


@dataclass(frozen=True, slots=True)
class FetchedOrder:
    """One order fetched; ``arrival.token`` is left to the caller, who has the key to hash ``checkout_token`` with.

    ``lost``: the buyer's bank took the money back for good (a lost or accepted chargeback).
    """

    arrival: Arrival
    checkout_token: str | None = field(repr=False)
    lost: bool = False


async def fetch_order(gateway: Gateway, shop: Shop, order_id: int) -> FetchedOrder | None:
    """The order as it is now, None when the shop shows no such order. Raises GatewayError."""
    started = datetime.now(UTC)
    result = await gateway.execute(shop, document("OrderFetch"), {"id": gid("Order", order_id)})
    _refuse_holes(result)
    found = result.data.get("order")
    return None if found is None else await _fetched(gateway, shop, found, started)


async def changed_orders(gateway: Gateway, shop: Shop, since: datetime) -> AsyncIterator[FetchedOrder]:
    """Every order changed since then (and five minutes before), in the order of its last change. Raises GatewayError."""
    begin = (since.astimezone(UTC) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
    first, after = PAGE, None
    while True:
        started = datetime.now(UTC)
        variables = {"query": f"updated_at:>='{begin}'", "first": first, "after": after}
        try:
            result = await gateway.execute(shop, document("OrdersChanged"), variables)
        except Misunderstood as error:
            if TOO_DEAR not in error.codes or first == 1:
                raise
            first //= 2
            continue
        _refuse_holes(result)
        page = result.data["orders"]
        for found in page["nodes"]:
            yield await _fetched(gateway, shop, found, started)
        before, after = after, next_cursor(page)
        if after is None:
            return
        if after == before:
            raise Misunderstood("The pages of changed orders go round in circles.")


async def order_named(gateway: Gateway, shop: Shop, name: str) -> int | None:
    """The id of the order that goes by this name (#1042, with or without #); None for none. Raises GatewayError.

    Shopify's search finds what resembles the name; only the same one counts. Ten are enough to be sure.
    """
    bare = _bare(name)
    quoted = bare.replace("\\", "\\\\").replace('"', '\\"')
    result = await gateway.execute(shop, document("OrdersNamed"), {"query": f'name:"{quoted}"'})
    found = [one for one in result.data["orders"]["nodes"] if _bare(str(one["name"])) == bare]
    return number_of(found[0]["id"], "Order") if len(found) == 1 else None


def _bare(name: str) -> str:
    return name.strip().removeprefix("#").casefold()


async def _fetched(gateway: Gateway, shop: Shop, found: Mapping[str, Any], started: datetime) -> FetchedOrder:
    try:
        facts = await _facts(gateway, shop, found)
        return FetchedOrder(
            Arrival(
                shop.id,
                facts.id,
                Snapshot(facts, fetched_at=started),
                parcels=await parcels(gateway, shop, found),
            ),
            found["checkoutToken"] or None,
            lost=any(
                one["initiatedAs"] == "CHARGEBACK" and one["status"] in _LOST for one in found["disputes"]
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Misunderstood(
            f"Shopify's answer about an order cannot be read ({type(error).__name__})."
        ) from error


def _refuse_holes(result: Result) -> None:
    for error in result.errors:
        if not _WITHHELD.intersection(error.path):
            raise AccessDenied(f"Shopify withholds part of an order ({error.code}).")


async def _facts(gateway: Gateway, shop: Shop, found: Mapping[str, Any]) -> OrderFacts:
    currency = found["currencyCode"]
    own = {"id": found["id"]}
    lines = await complete(
        gateway,
        shop,
        found["lineItems"],
        document("OrderLines"),
        own,
        lambda data: _of(data, "order", "lineItems"),
    )
    applications = await complete(
        gateway,
        shop,
        found["discountApplications"],
        document("OrderDiscounts"),
        own,
        lambda data: _of(data, "order", "discountApplications"),
    )
    refunds = [await _refund(gateway, shop, one, currency) for one in found["refunds"]]
    status = (found["displayFinancialStatus"] or "PENDING").lower()
    if status not in RANK:
        raise ValueError("an unknown financial status")
    customer, address = found["customer"], found["shippingAddress"] or {}
    shipping: Sequence[Mapping[str, Any]] = found["shippingLines"]["nodes"]
    return OrderFacts(
        id=number_of(found["id"], "Order"),
        updated_at=instant(found["updatedAt"]),
        created_at=instant(found["createdAt"]),
        processed_at=instant(found["processedAt"]),
        cancelled_at=instant(found["cancelledAt"]) if found["cancelledAt"] else None,
        test=found["test"],
        currency=currency,
        taxes_included=found["taxesIncluded"],
        status=status,
        outstanding=_minor(found["totalOutstandingSet"], currency),
        subtotal=_minor(found["currentSubtotalPriceSet"], currency),
        tax=_minor(found["currentTotalTaxSet"], currency),
        source=found["sourceName"],
        locale=found["customerLocale"],
        customer_id=number_of(customer["id"], "Customer") if customer else None,
        codes=tuple(found["discountCodes"]),
        applications=tuple(sorted((int(one["index"]), one.get("code")) for one in applications)),
        lines=tuple(sorted((_line(one, currency) for one in lines), key=lambda line: line.id)),
        refunds=tuple(sorted(refunds, key=lambda refund: refund.id)),
        shipping=shipping[0]["title"] if shipping else None,
        country=address.get("countryCodeV2"),
        province=address.get("provinceCode"),
    )


def _line(found: Mapping[str, Any], currency: str) -> Line:
    product = found["product"]
    return Line(
        id=number_of(found["id"], "LineItem"),
        product_id=number_of(product["id"], "Product") if product else None,
        quantity=found["quantity"],
        current=found["currentQuantity"],
        gift_card=found["isGiftCard"],
        ships=found["requiresShipping"],
        price=_minor(found["originalUnitPriceSet"], currency),
        allocations=tuple(
            (int(one["discountApplication"]["index"]), _minor(one["allocatedAmountSet"], currency))
            for one in found["discountAllocations"]
        ),
    )


async def _refund(gateway: Gateway, shop: Shop, found: Mapping[str, Any], currency: str) -> Refund:
    own = {"id": found["id"]}
    lines = await complete(
        gateway,
        shop,
        found["refundLineItems"],
        document("RefundLines"),
        own,
        lambda data: _of(data, "refund", "refundLineItems"),
    )
    adjustments = await complete(
        gateway,
        shop,
        found["orderAdjustments"],
        document("RefundAdjustments"),
        own,
        lambda data: _of(data, "refund", "orderAdjustments"),
    )
    # An adjustment with a reason is a discrepancy; a refund of shipping has none (dev store).
    amounts = [_minor(one["amountSet"], currency) for one in adjustments if one["reason"] is not None]
    return Refund(
        id=number_of(found["id"], "Refund"),
        at=instant(found["createdAt"] or found["processedAt"]),
        lines=tuple(
            RefundLine(
                line_id=number_of(one["lineItem"]["id"], "LineItem"),
                quantity=one["quantity"],
                subtotal=_minor(one["subtotalSet"], currency),
                tax=_minor(one["totalTaxSet"], currency),
                gift_card=one["lineItem"]["isGiftCard"],
            )
            for one in lines
        ),
        discrepancy=sum(min(0, amount) for amount in amounts),
    )


def _of(data: Mapping[str, Any], node: str, connection: str) -> Mapping[str, Any]:
    found = data[node]
    if found is None:
        raise Misunderstood("An order vanished while it was being read.")
    page: Mapping[str, Any] = found[connection]
    return page


def _minor(bag: Mapping[str, Any], currency: str) -> int:
    return minor(bag["shopMoney"]["amount"], currency)
