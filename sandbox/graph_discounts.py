"""Discount codes in the Admin API: created, filled with codes in bulk, looked up, ended."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from sandbox.discount_inputs import Error, basic_errors, free_shipping_errors, user_error
from sandbox.discount_jobs import MAX_CODES, add_codes, remove_codes
from sandbox.discounts import allowed_customers, class_of
from sandbox.graph import Context, Fields, Resolver, Tables, connection, keys, money
from sandbox.graph_discount_terms import customer_gets
from sandbox.ids import gid, instant, number_of, utc
from sandbox.money import Body
from sandbox.state import Creation, Discount, RedeemCode

_NODE_KINDS = ("DiscountCodeNode", "DiscountNode")


def _find(context: Context, global_id: str) -> Discount | None:
    return context.shop.discounts.get(number_of(global_id, *_NODE_KINDS) or 0)


def _create_basic(source: Any, context: Context, *, basicCodeDiscount: Body) -> Body:  # noqa: N803 the schema's name
    errors = basic_errors(context.shop, basicCodeDiscount)
    return _created(context, "basic", basicCodeDiscount, errors)


def _create_free_shipping(source: Any, context: Context, *, freeShippingCodeDiscount: Body) -> Body:  # noqa: N803
    errors = free_shipping_errors(context.shop, freeShippingCodeDiscount)
    return _created(context, "free_shipping", freeShippingCodeDiscount, errors)


def _created(context: Context, kind: Any, given: Body, errors: list[Error]) -> Body:
    if errors:
        return {"codeDiscountNode": None, "userErrors": errors}
    ids, shop = context.state.ids, context.shop
    ends_at = given.get("endsAt")
    discount = Discount(
        id=ids.next(),
        kind=kind,
        input=given,
        created_at=context.now,
        updated_at=context.now,
        starts_at=instant(given["startsAt"]),
        ends_at=None if ends_at is None else instant(ends_at),
    )
    discount.codes[given["code"].casefold()] = RedeemCode(ids.next(), given["code"])
    shop.discounts[discount.id] = discount
    return {"codeDiscountNode": discount, "userErrors": []}


def _bulk_add(source: Any, context: Context, *, discountId: str, codes: list[Body]) -> Body:  # noqa: N803
    if len(codes) > MAX_CODES:
        raise GraphQLError(
            f"The input array size of {len(codes)} is greater than the maximum allowed of {MAX_CODES}.",
            extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
        )
    discount = _find(context, discountId)
    if discount is None:
        return {
            "bulkCreation": None,
            "userErrors": [user_error("INVALID", "Discount does not exist.", "discountId")],
        }
    if not codes:
        return {"bulkCreation": None, "userErrors": [user_error("BLANK", "Codes can't be blank", "codes")]}
    creation = add_codes(context.state, context.shop, discount, [one["code"] for one in codes], context.now)
    return {"bulkCreation": creation, "userErrors": []}


def _bulk_delete(
    source: Any,
    context: Context,
    *,
    discountId: str,  # noqa: N803
    ids: list[str] | None = None,
    search: str | None = None,
    savedSearchId: str | None = None,  # noqa: N803
) -> Body:
    if search is not None or savedSearchId is not None:
        raise GraphQLError("The sandbox removes codes by their ids alone.")
    discount = _find(context, discountId)
    if discount is None:
        return {"job": None, "userErrors": [user_error("INVALID", "Discount does not exist.", "discountId")]}
    if not ids:
        return {"job": None, "userErrors": [user_error("MISSING_ARGUMENT", "Missing argument: ids.", "ids")]}
    numbers = [number_of(one, "DiscountRedeemCode") for one in ids]
    known = [number for number in numbers if number is not None]
    removal = remove_codes(context.state, context.shop, discount, known, context.now)
    return {"job": removal, "userErrors": []}


def _deactivate(source: Any, context: Context, *, id: str) -> Body:
    discount = _find(context, id)
    if discount is None:
        return {
            "codeDiscountNode": None,
            "userErrors": [user_error("INVALID", "Discount does not exist.", "id")],
        }
    discount.ends_at = discount.updated_at = context.now
    return {"codeDiscountNode": discount, "userErrors": []}


def _delete(source: Any, context: Context, *, id: str) -> Body:
    discount = _find(context, id)
    if discount is None:
        return {
            "deletedCodeDiscountId": None,
            "userErrors": [user_error("INVALID", "Discount does not exist.", "id")],
        }
    del context.shop.discounts[discount.id]
    return {"deletedCodeDiscountId": gid("DiscountCodeNode", discount.id), "userErrors": []}


def _by_code(source: Any, context: Context, *, code: str) -> Discount | None:
    found = context.shop.discount_of(code)
    return found[0] if found else None


def _creation_codes(creation: Creation, context: Context, **page: Any) -> Body:
    results = creation.results if creation.results is not None else [(code, None) for code in creation.codes]
    done = creation.results is not None
    items = [
        {"_at": i, "code": code, "_id": number, "_failed": done and number is None, "_creation": creation}
        for i, (code, number) in enumerate(results)
    ]
    return connection(items, lambda one: one["_at"], **page)


def _created_code(item: Body, context: Context) -> RedeemCode | None:
    discount = context.shop.discounts.get(item["_creation"].discount_id)
    held = discount.codes.get(item["code"].casefold()) if discount else None
    return held if held is not None and held.id == item["_id"] else None


def _code_errors(item: Body, context: Context) -> list[Error]:
    if not item["_failed"]:
        return []
    text = "Code must be unique. Please try a different code."
    return [
        user_error("TAKEN", text, "code")
        if item["code"]
        else user_error("BLANK", "Code can't be blank", "code")
    ]


def _counted(creation: Creation, *, failed: bool) -> int:
    return sum(1 for _, number in creation.results or () if (number is None) == failed)


def _codes(discount: Discount, context: Context, **page: Any) -> Body:
    page.pop("sortKey", None)
    if page.pop("query", None) or page.pop("savedSearchId", None):
        raise GraphQLError("The sandbox cannot search codes.")
    return connection(sorted(discount.codes.values(), key=lambda one: one.id), lambda one: one.id, **page)


def _given(name: str, otherwise: Any = None) -> Resolver:
    def resolve(discount: Discount, context: Context) -> Any:
        value = discount.input.get(name)
        return otherwise if value is None else value

    return resolve


def _minimum(discount: Discount, context: Context) -> Body | None:
    given = discount.input.get("minimumRequirement") or {}
    if given.get("subtotal"):
        amount = str(given["subtotal"]["greaterThanOrEqualToSubtotal"])
        return {
            "_type": "DiscountMinimumSubtotal",
            "greaterThanOrEqualToSubtotal": money(amount, context.shop.currency),
        }
    if given.get("quantity"):
        return {"_type": "DiscountMinimumQuantity", **given["quantity"]}
    return None


def _context(discount: Discount, context: Context) -> Body:
    chosen = allowed_customers(discount)
    if chosen is None:
        return {"_type": "DiscountBuyerSelectionAll", "all": "ALL"}
    numbers = [number_of(one, "Customer") or 0 for one in chosen]
    customers = [context.shop.customers[number] for number in numbers if number in context.shop.customers]
    return {"_type": "DiscountCustomers", "customers": customers}


def _combines(discount: Discount, context: Context) -> Body:
    given = discount.input.get("combinesWith") or {}
    return {
        name: bool(given.get(name)) for name in ("orderDiscounts", "productDiscounts", "shippingDiscounts")
    }


_DISCOUNT: Fields = {
    "appliesOncePerCustomer": _given("appliesOncePerCustomer", False),
    "asyncUsageCount": lambda one, context: sum(code.uses for code in one.codes.values()),
    "codes": _codes,
    "codesCount": lambda one, context: {"count": len(one.codes), "precision": "EXACT"},
    "combinesWith": _combines,
    "context": _context,
    "createdAt": lambda one, context: utc(one.created_at),
    "discountClasses": lambda one, context: [class_of(one)],
    "endsAt": lambda one, context: None if one.ends_at is None else utc(one.ends_at),
    "minimumRequirement": _minimum,
    "startsAt": lambda one, context: utc(one.starts_at),
    "status": lambda one, context: one.status(context.now),
    "tags": _given("tags", []),
    "title": _given("title"),
    "updatedAt": lambda one, context: utc(one.updated_at),
    "usageLimit": _given("usageLimit"),
}

TABLES: Tables = {
    "QueryRoot": {
        "discountNode": lambda source, context, id: _find(context, id),
        "codeDiscountNodeByCode": _by_code,
        "discountRedeemCodeBulkCreation": lambda source, context, id: context.shop.creations.get(
            number_of(id, "DiscountRedeemCodeBulkCreation") or 0
        ),
        "job": lambda source, context, id: context.shop.removals.get(number_of(id, "Job") or 0),
    },
    "Mutation": {
        "discountCodeBasicCreate": _create_basic,
        "discountCodeFreeShippingCreate": _create_free_shipping,
        "discountRedeemCodeBulkAdd": _bulk_add,
        "discountCodeRedeemCodeBulkDelete": _bulk_delete,
        "discountCodeDeactivate": _deactivate,
        "discountCodeDelete": _delete,
    },
    "DiscountCodeNode": {
        "id": lambda one, context: gid("DiscountCodeNode", one.id),
        "codeDiscount": lambda one, context: one,
    },
    "DiscountNode": {
        "id": lambda one, context: gid("DiscountCodeNode", one.id),
        "discount": lambda one, context: one,
    },
    "DiscountCodeBasic": {**_DISCOUNT, "customerGets": customer_gets},
    "DiscountCodeFreeShipping": _DISCOUNT,
    "DiscountRedeemCode": {
        "id": lambda one, context: gid("DiscountRedeemCode", one.id),
        "code": lambda one, context: one.code,
        "asyncUsageCount": lambda one, context: one.uses,
    },
    "DiscountRedeemCodeBulkCreation": {
        "id": lambda one, context: gid("DiscountRedeemCodeBulkCreation", one.id),
        "codes": _creation_codes,
        "codesCount": lambda one, context: len(one.codes),
        "createdAt": lambda one, context: utc(one.created_at),
        "discountCode": lambda one, context: context.shop.discounts.get(one.discount_id),
        "done": lambda one, context: one.results is not None,
        "failedCount": lambda one, context: _counted(one, failed=True),
        "importedCount": lambda one, context: _counted(one, failed=False),
    },
    "DiscountRedeemCodeBulkCreationCode": {
        "code": lambda one, context: one["code"],
        "discountRedeemCode": _created_code,
        "errors": _code_errors,
    },
    "Job": {
        "id": lambda one, context: gid("Job", one.id),
        "done": lambda one, context: one.done,
    },
    "DiscountMinimumSubtotal": keys("greaterThanOrEqualToSubtotal"),
    "DiscountMinimumQuantity": keys("greaterThanOrEqualToQuantity"),
    "DiscountBuyerSelectionAll": keys("all"),
    "DiscountCustomers": keys("customers"),
    "DiscountCombinesWith": keys("orderDiscounts", "productDiscounts", "shippingDiscounts"),
    "DiscountUserError": keys("field", "code", "message", "extraInfo"),
    "DiscountCodeBasicCreatePayload": keys("codeDiscountNode", "userErrors"),
    "DiscountCodeFreeShippingCreatePayload": keys("codeDiscountNode", "userErrors"),
    "DiscountRedeemCodeBulkAddPayload": keys("bulkCreation", "userErrors"),
    "DiscountCodeRedeemCodeBulkDeletePayload": keys("job", "userErrors"),
    "DiscountCodeDeactivatePayload": keys("codeDiscountNode", "userErrors"),
    "DiscountCodeDeletePayload": keys("deletedCodeDiscountId", "userErrors"),
}
