"""The shop, the app's installation, customers, products, metafields and tags in the Admin API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from sandbox.appconfig import allows
from sandbox.graph import (
    Context,
    Resolver,
    Tables,
    access_denied,
    attributes,
    bag_of,
    connection,
    keys,
)
from sandbox.graph_metafields import WRITE_SCOPES, installation, metafield, node
from sandbox.ids import gid, number_of, utc
from sandbox.money import Body
from sandbox.state import Customer, Product

MOST_TAGS = 250
"""Shopify keeps no more on a customer."""


def _add_tags(source: Any, context: Context, *, id: str, tags: list[str]) -> Body:
    return _retag(context, "tagsAdd", id, lambda held: held | set(tags))


def _remove_tags(source: Any, context: Context, *, id: str, tags: list[str]) -> Body:
    gone = {tag.casefold() for tag in tags}
    return _retag(context, "tagsRemove", id, lambda held: {tag for tag in held if tag.casefold() not in gone})


def _retag(context: Context, name: str, id: str, change: Callable[[set[str]], set[str]]) -> Body:
    found = node(context, id)
    kind = type(found).__name__
    if kind not in {"Customer", "Order"}:
        return {"node": None, "userErrors": [{"field": ["id"], "message": "Node does not exist"}]}
    if not allows(context.shop.scopes, WRITE_SCOPES[kind]):
        raise access_denied(name, [WRITE_SCOPES[kind]])
    if isinstance(found, Customer):
        tags = sorted(change(set(found.tags)))
        if len(tags) > MOST_TAGS:
            text = f"Tags can't be more than {MOST_TAGS}"
            return {"node": None, "userErrors": [{"field": ["tags"], "message": text}]}
        found.tags = tags
    else:
        held = {tag.strip() for tag in found.body["tags"].split(",") if tag.strip()}
        found.body["tags"] = ", ".join(sorted(change(held)))
    return {"node": found, "userErrors": []}


def _receive_flow(
    source: Any, context: Context, *, handle: str | None = None, payload: Any = None, body: str | None = None
) -> Body:
    size = len(json.dumps(payload))
    if not handle or not isinstance(payload, dict) or size > 50_000:
        text = "A handle and a payload of at most 50 KB are required."
        return {"userErrors": [{"field": ["payload"], "message": text}]}
    context.shop.flow_triggers.append({"handle": handle, "payload": payload})
    return {"userErrors": []}


def _page(items: Any, page: Body, position: Callable[[Any], int] = lambda one: one.id) -> Body:
    if page.pop("query", None):
        raise GraphQLError("The sandbox cannot search here.")
    if page.pop("sortKey", "ID") not in {"ID", "POSITION"}:
        raise GraphQLError("The sandbox sorts by id alone here.")
    page.pop("savedSearchId", None)
    return connection(sorted(items, key=position), position, **page)


def _collections(one: Product, context: Context, **page: Any) -> Body:
    return _page(one.collections, page, lambda number: number)


def _email(customer: Customer, context: Context) -> Body | None:
    if customer.email is None:
        return None
    return {"emailAddress": customer.email, "marketingState": "NOT_SUBSCRIBED", "validFormat": True}


def _variant(source: Any, context: Context, id: str) -> Product | None:
    wanted = number_of(id, "ProductVariant")
    return next((one for one in context.shop.products.values() if one.variant_id == wanted), None)


def _by_id(kind: str, attribute: str) -> Resolver:
    return lambda source, context, id: getattr(context.shop, attribute).get(number_of(id, kind))


TABLES: Tables = {
    "QueryRoot": {
        "shop": lambda source, context: context.shop,
        "currentAppInstallation": lambda source, context: installation(context),
        "customer": _by_id("Customer", "customers"),
        "customers": lambda source, context, **page: _page(context.shop.customers.values(), page),
        "product": _by_id("Product", "products"),
        "productVariant": _variant,
        "products": lambda source, context, **page: _page(context.shop.products.values(), page),
        "node": lambda source, context, id: node(context, id),
        "nodes": lambda source, context, ids: [node(context, one) for one in ids],
    },
    "Mutation": {
        "tagsAdd": _add_tags,
        "tagsRemove": _remove_tags,
        "flowTriggerReceive": _receive_flow,
    },
    "Shop": {
        **attributes(
            id="gid",
            name="name",
            email="email",
            contactEmail="email",
            myshopifyDomain="domain",
            currencyCode="currency",
            ianaTimezone="time_zone",
            taxesIncluded="taxes_included",
        ),
        "createdAt": lambda shop, context: utc(shop.created_at),
        "metafield": metafield,
        "plan": lambda shop, context: {
            "partnerDevelopment": shop.development,
            "publicDisplayName": "Development" if shop.development else "Basic",
            "shopifyPlus": False,
        },
        "primaryDomain": lambda shop, context: {
            "id": gid("Domain", shop.id),
            "host": shop.domain,
            "url": f"https://{shop.domain}",
            "sslEnabled": True,
        },
        "shopAddress": lambda shop, context: {
            "id": gid("ShopAddress", shop.id),
            "countryCodeV2": shop.country,
            "provinceCode": shop.province,
        },
        "url": lambda shop, context: f"https://{shop.domain}",
    },
    "ShopPlan": keys("partnerDevelopment", "publicDisplayName", "shopifyPlus"),
    "Domain": keys("id", "host", "url", "sslEnabled"),
    "ShopAddress": keys("id", "countryCodeV2", "provinceCode"),
    "AppInstallation": {
        "id": lambda source, context: source["id"],
        "accessScopes": lambda source, context: [
            {"handle": one, "description": one} for one in context.shop.scopes
        ],
        "activeSubscriptions": lambda source, context: [],
        "app": lambda source, context: {
            "id": gid("App", context.state.app_id),
            "apiKey": context.state.client_id,
            "handle": context.state.config.proxy_subpath,
            "title": "Dankbar",
        },
        "launchUrl": lambda source, context: (
            f"https://{context.shop.domain}/admin/apps/{context.state.client_id}"
        ),
        "metafield": metafield,
    },
    "App": keys("id", "apiKey", "handle", "title"),
    "AppSubscription": keys("id", "name", "status", "test", "createdAt", "currentPeriodEnd", "lineItems"),
    "AppSubscriptionLineItem": keys("id", "plan"),
    "AppPlanV2": keys("pricingDetails"),
    "AccessScope": keys("handle", "description"),
    "Customer": {
        **attributes(
            id="gid",
            firstName="first_name",
            lastName="last_name",
            locale="locale",
            tags="tags",
        ),
        "amountSpent": lambda one, context: bag_of(one.amount_spent, context.shop.currency)["shopMoney"],
        "createdAt": lambda one, context: utc(one.created_at),
        "defaultEmailAddress": _email,
        "displayName": lambda one, context: f"{one.first_name} {one.last_name}",
        "legacyResourceId": lambda one, context: str(one.id),
        "metafield": metafield,
        "numberOfOrders": lambda one, context: str(one.number_of_orders),
        "updatedAt": lambda one, context: utc(one.updated_at),
    },
    "CustomerEmailAddress": keys("emailAddress", "marketingState", "validFormat"),
    "Product": {
        **attributes(title="title", handle="handle", isGiftCard="gift_card"),
        "id": lambda one, context: gid("Product", one.id),
        "createdAt": lambda one, context: utc(one.created_at),
        "legacyResourceId": lambda one, context: str(one.id),
        "metafield": metafield,
        "collections": _collections,
        "inCollection": lambda one, context, id: number_of(id, "Collection") in one.collections,
        "status": lambda one, context: "ACTIVE",
        "tags": lambda one, context: list(one.tags),
        "variants": lambda one, context, **page: _page([one], page),
    },
    "Collection": {
        "id": lambda number, context: gid("Collection", number),
        "legacyResourceId": lambda number, context: str(number),
    },
    "ProductVariant": {
        "id": lambda one, context: gid("ProductVariant", one.variant_id),
        "displayName": lambda one, context: f"{one.title} - Default Title",
        "legacyResourceId": lambda one, context: str(one.variant_id),
        "price": lambda one, context: bag_of(one.price, context.shop.currency)["shopMoney"]["amount"],
        "product": lambda one, context: one,
        "title": lambda one, context: "Default Title",
    },
    "TagsAddPayload": keys("node", "userErrors"),
    "TagsRemovePayload": keys("node", "userErrors"),
    "FlowTriggerReceivePayload": keys("userErrors"),
}
