"""Discount nodes and their codes. Needs ``write_discounts``.

A node never changes after it was made; a change of a campaign is another node. Codes match case-insensitively. Ids
are Shopify's global ids as text.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from plugin.core.money import major
from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Misunderstood, Refused, Unreachable, user_errors
from plugin.shopify.names import gid
from plugin.shopify.pages import pages
from plugin.shops import Shop

MOST_CODES = 250
"""Shopify takes no more codes in one call."""


@dataclass(frozen=True, slots=True)
class Percentage:
    """So many percent off what the discount covers."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum off, once an order, in minor units of the shop's currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class FreeShipping:
    """No shipping charge, whatever the destination."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a node grants. ``minimum`` in minor units of ``currency``; ``customer_id`` binds it to one customer.

    ``variants``, ``products`` or ``collections`` (ids at Shopify) limit it to these; Shopify knows no exclusions. Each
    code serves one order.
    """

    title: str
    code: str = field(repr=False)
    value: Percentage | Amount | FreeShipping
    currency: str
    starts_at: datetime
    ends_at: datetime | None = None
    minimum: int = 0
    customer_id: int | None = None
    variants: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    with_order_discounts: bool = False
    with_product_discounts: bool = False
    with_shipping_discounts: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A node just made, with the id of the one code it was made with (None where Shopify did not say)."""

    id: str
    code_id: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A node found by one of its codes; the title is None for a kind of discount that we never make."""

    id: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Added:
    """The outcome of adding codes: ids of those made, Shopify's reason for each that was not."""

    made: Mapping[str, str] = field(repr=False)
    failed: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """``ACTIVE``, ``EXPIRED`` or ``SCHEDULED``, and how many codes the node holds."""

    status: str
    codes: int


async def create_node(gateway: Gateway, shop: Shop, terms: Terms) -> Node:
    """Make a node with its first code. Raises Refused (``TAKEN``: the code exists), else GatewayError."""
    if isinstance(terms.value, FreeShipping):
        name, field_name = "FreeShippingCreate", "discountCodeFreeShippingCreate"
        given = {**_common(terms), "destination": {"all": True}}
    else:
        name, field_name = "CouponCreate", "discountCodeBasicCreate"
        gets = {"value": _value(terms.value), "items": _items(terms)}
        given = {**_common(terms), "customerGets": gets}
    result = await gateway.execute(shop, document(name), {"discount": given})
    node = _payload(result.data, field_name)["codeDiscountNode"]
    if node is None:
        raise Unreachable("Shopify made no discount and gave no reason.", unknown=True)
    codes = node["codeDiscount"].get("codes", {}).get("nodes", [])
    own = [one["id"] for one in codes if one["code"].casefold() == terms.code.casefold()]
    return Node(node["id"], own[0] if own else None)


async def add_codes(gateway: Gateway, shop: Shop, node_id: str, codes: Sequence[str]) -> str:
    """Ask for up to 250 codes to be added; returns the id to poll with ``codes_added``. Raises Refused, GatewayError."""
    if not 0 < len(codes) <= MOST_CODES:
        raise ValueError(f"between 1 and {MOST_CODES} codes are added at once")
    variables = {"discountId": node_id, "codes": [{"code": code} for code in codes]}
    result = await gateway.execute(shop, document("CodesAdd"), variables)
    made = _payload(result.data, "discountRedeemCodeBulkAdd")["bulkCreation"]
    if made is None:
        raise Unreachable("Shopify began no import of codes and gave no reason.", unknown=True)
    return str(made["id"])


async def codes_added(gateway: Gateway, shop: Shop, creation_id: str) -> Added | None:
    """What became of ``add_codes``; None while Shopify works on it. Raises GatewayError."""
    made: dict[str, str] = {}
    failed: dict[str, str] = {}

    def pick(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        found = data["discountRedeemCodeBulkCreation"]
        if found is None:
            raise Misunderstood("Shopify does not know this import of codes.")
        page: Mapping[str, Any] | None = found["codes"] if found["done"] else None
        return page

    done = False
    async for page in pages(gateway, shop, document("CodesAdded"), {"id": creation_id}, pick):
        done = True
        for one in page:
            if one["discountRedeemCode"] is not None:
                made[one["code"]] = one["discountRedeemCode"]["id"]
            else:
                failed[one["code"]] = next((str(error["code"]) for error in one["errors"]), "UNKNOWN")
    return Added(made, failed) if done else None


async def find_node(gateway: Gateway, shop: Shop, code: str) -> Found | None:
    """The node that holds this code, None when no node of the shop does. Raises GatewayError."""
    result = await gateway.execute(shop, document("CodeLookup"), {"code": code})
    found = result.data["codeDiscountNodeByCode"]
    return None if found is None else Found(str(found["id"]), found["codeDiscount"].get("title"))


async def find_code(gateway: Gateway, shop: Shop, code: str) -> str | None:
    """The id of the node that holds this code, None when no node of the shop does. Raises GatewayError."""
    found = await find_node(gateway, shop, code)
    return None if found is None else found.id


async def delete_node(gateway: Gateway, shop: Shop, node_id: str) -> None:
    """Delete a node with all its codes; raises Refused when there is none, else GatewayError."""
    result = await gateway.execute(shop, document("DiscountDelete"), {"id": node_id})
    _payload(result.data, "discountCodeDelete")


async def code_ids(gateway: Gateway, shop: Shop, node_id: str, codes: Collection[str]) -> dict[str, str]:
    """The ids of these codes on that node, newest codes looked at first; absent ones are left out. Raises GatewayError."""
    wanted = {code.casefold(): code for code in codes}
    found: dict[str, str] = {}

    def pick(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        node = data["discountNode"]
        page: Mapping[str, Any] | None = None if node is None else node["discount"].get("codes")
        return page

    async for page in pages(gateway, shop, document("CodeIds"), {"id": node_id}, pick):
        found |= {wanted[key]: one["id"] for one in page if (key := one["code"].casefold()) in wanted}
        if len(found) == len(wanted):
            break
    return found


async def remove_codes(gateway: Gateway, shop: Shop, node_id: str, ids: Sequence[str]) -> str:
    """Ask for these codes alone to be removed; returns the id for ``job_done``. Raises Refused, GatewayError."""
    if not 0 < len(ids) <= MOST_CODES:
        raise ValueError(f"between 1 and {MOST_CODES} codes are removed at once")
    variables = {"discountId": node_id, "ids": list(ids)}
    result = await gateway.execute(shop, document("CodesRemove"), variables)
    job = _payload(result.data, "discountCodeRedeemCodeBulkDelete")["job"]
    if job is None:
        raise Unreachable("Shopify began no removal of codes and gave no reason.", unknown=True)
    return str(job["id"])


async def job_done(gateway: Gateway, shop: Shop, job_id: str) -> bool:
    """Whether that removal is finished; a job that Shopify has forgotten is. Raises GatewayError."""
    result = await gateway.execute(shop, document("JobDone"), {"id": job_id})
    job = result.data["job"]
    return job is None or bool(job["done"])


async def node_status(gateway: Gateway, shop: Shop, node_id: str) -> Status | None:
    """How the node stands, None when it is gone. Raises GatewayError."""
    result = await gateway.execute(shop, document("DiscountStatus"), {"id": node_id})
    node = result.data["discountNode"]
    if node is None or "status" not in node["discount"]:
        return None
    count = node["discount"]["codesCount"]
    return Status(str(node["discount"]["status"]), int(count["count"]) if count else 0)


def _payload(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    payload = data.get(name)
    if not isinstance(payload, Mapping):
        raise Unreachable("Shopify's answer is empty.", unknown=True)
    if payload["userErrors"]:
        raise Refused(user_errors(payload["userErrors"]))
    return payload


def _common(terms: Terms) -> dict[str, Any]:
    bound = terms.customer_id
    return {
        "title": terms.title,
        "code": terms.code,
        "startsAt": _time(terms.starts_at),
        "endsAt": _time(terms.ends_at) if terms.ends_at else None,
        "usageLimit": 1,
        "appliesOncePerCustomer": False,
        "context": {"all": "ALL"} if bound is None else {"customers": {"add": [gid("Customer", bound)]}},
        "minimumRequirement": (
            {"subtotal": {"greaterThanOrEqualToSubtotal": str(major(terms.minimum, terms.currency))}}
            if terms.minimum
            else None
        ),
        "combinesWith": {
            "orderDiscounts": terms.with_order_discounts,
            "productDiscounts": terms.with_product_discounts,
            "shippingDiscounts": terms.with_shipping_discounts,
        },
    }


def _value(value: Percentage | Amount) -> dict[str, Any]:
    if isinstance(value, Percentage):
        return {"percentage": float(value.percent / 100)}
    amount = str(major(value.amount, value.currency))
    return {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}


def _items(terms: Terms) -> dict[str, Any]:
    if terms.collections:
        return {"collections": {"add": list(terms.collections)}}
    if not (terms.variants or terms.products):
        return {"all": True}
    named = {"productVariantsToAdd": list(terms.variants), "productsToAdd": list(terms.products)}
    return {"products": {key: ids for key, ids in named.items() if ids}}


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
