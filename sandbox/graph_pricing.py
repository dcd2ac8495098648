"""The Partner API's resolvers: a shop's active subscription, and the history of its subscriptions.

``activeSubscription`` is null where there is no active contract (https://shopify.dev/docs/api/partner/2026-07/active-subscription);
a frozen one rests and is taken for none: the documentation leaves it open, the history tells both.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from graphql import GraphQLError

from sandbox import charges, graph
from sandbox.graph import Context
from sandbox.ids import gid, number_of, utc
from sandbox.money import Body, decimal
from sandbox.pricing import OFFERS, Happening
from sandbox.state import Shop

CURRENCY = "EUR"
WINDOW = timedelta(days=30)
LONGEST = timedelta(days=365)


def _shop_of(context: Context, asked: str | None) -> Shop | None:
    number = number_of(asked or "", "Shop")
    return next((one for one in context.state.shops.values() if one.id == number), None)


def _active(source: Any, context: Context, appId: str, shopId: str) -> Body | None:  # noqa: N803 the schema's names
    if appId != gid("App", context.state.app_id):
        raise GraphQLError("App not found", extensions={"code": "NOT_FOUND"})
    shop = _shop_of(context, shopId)
    if shop is None or not shop.installed:
        return None
    charges.pass_time(context.state, shop, context.now)
    contract = shop.pricing.contract
    if contract is None or contract.frozen:
        return None
    return {
        "billingPeriod": "EVERY_30_DAYS",
        "cancelAtEndOfCycle": contract.cancel_at_end,
        "currentBillingCycle": _cycle(contract.cycle_start, contract.cycle_end),
        "items": [_item(contract.handle)],
        "legacySubscriptionId": gid("AppSubscription", contract.number),
        "pendingUpdate": None if contract.pending is None else _pending(contract.pending, contract.number),
        "trialEndsAt": None if contract.trial_ends_at is None else utc(contract.trial_ends_at),
        "shop": _reference(shop),
    }


def _cycle(start: datetime | None, end: datetime | None) -> Body | None:
    return None if start is None or end is None else {"startTime": utc(start), "endTime": utc(end)}


def _item(handle: str) -> Body:
    offer = OFFERS[handle]
    price = {
        "_type": "FlatRatePrice",
        "active": True,
        "currency": CURRENCY,
        "amount": decimal(offer.amount, CURRENCY),
    }
    return {"handle": handle, "description": offer.name, "discount": None, "price": price, "usage": None}


def _pending(handle: str, number: int) -> Body:
    return {
        "billingPeriod": "EVERY_30_DAYS",
        "items": [_item(handle)],
        "legacySubscriptionId": gid("AppSubscription", number),
    }


def _reference(shop: Shop) -> Body:
    return {"id": shop.gid, "myshopifyDomain": shop.domain, "name": shop.name}


def _events(
    source: Any,
    context: Context,
    filter: Body | None = None,  # noqa: A002 the schema's name
    orderBy: str = "OCCURRED_AT_DESC",  # noqa: N803 the schema's name
    **page: Any,
) -> Body:
    wanted = filter or {}
    start, end = _window(wanted, context.now)
    shops = [found] if (found := _shop_of(context, wanted.get("shopId"))) else []
    if "shopId" not in wanted:
        shops = list(context.state.shops.values())
    if wanted.get("subjectId", gid("App", context.state.app_id)) != gid("App", context.state.app_id):
        shops = []
    for shop in shops:
        charges.pass_time(context.state, shop, context.now)
    kinds = wanted.get("eventTypes")
    found_events = sorted(
        (
            (event.at, event.number, _event(event, shop))
            for shop in shops
            for event in shop.pricing.history
            if start <= event.at <= end and (kinds is None or f"SUBSCRIPTION_{event.kind}" in kinds)
        ),
        key=lambda one: one[:2],
        reverse=orderBy == "OCCURRED_AT_DESC",
    )
    return graph.listing([event for _, _, event in found_events], **page)


def _window(wanted: Body, now: datetime) -> tuple[datetime, datetime]:
    """Thirty days where the filter names one end or none, as the schema says; never more than a year."""
    least, most = wanted.get("occurredAtMin"), wanted.get("occurredAtMax")
    start = datetime.fromisoformat(least) if least else None
    end = datetime.fromisoformat(most) if most else None
    if end is None:
        end = now if start is None else min(start + WINDOW, now)
    start = start or end - WINDOW
    if end - start > LONGEST:
        raise GraphQLError("The range between occurred_at_min and occurred_at_max exceeds 365 days.")
    return start, end


def _event(event: Happening, shop: Shop) -> Body:
    plan = {"billingPeriod": "EVERY_30_DAYS", "handle": event.handle or None}
    return {
        "_type": "SubscriptionStatus",
        "id": f"gid://partners/SubscriptionStatus/{event.number}",
        "eventType": f"SUBSCRIPTION_{event.kind}",
        "state": event.kind,
        "occurredAt": utc(event.at),
        "cancelEffectiveOn": event.effective_on.isoformat() if event.effective_on else None,
        "plan": plan,
        "shop": _reference(shop),
    }


def type_of(value: Any) -> str:
    """Return the type of a value behind an interface."""
    return str(value["_type"])


TABLES: graph.Tables = {
    "QueryRoot": {"activeSubscription": _active, "events": _events},
    "ActiveSubscription": graph.keys(
        "billingPeriod",
        "cancelAtEndOfCycle",
        "currentBillingCycle",
        "items",
        "legacySubscriptionId",
        "pendingUpdate",
        "trialEndsAt",
        "shop",
    ),
    "BillingCycle": graph.keys("startTime", "endTime"),
    "SubscriptionItem": graph.keys("handle", "description", "discount", "price", "usage"),
    "FlatRatePrice": graph.keys("active", "currency", "amount"),
    "PendingUpdate": graph.keys("billingPeriod", "items", "legacySubscriptionId"),
    "ShopReference": graph.keys("id", "myshopifyDomain", "name"),
    "SubscriptionStatus": graph.keys(
        "id", "eventType", "state", "occurredAt", "cancelEffectiveOn", "plan", "shop"
    ),
    "Plan": graph.keys("billingPeriod", "handle"),
    "HistoricalEventsPageInfo": graph.SHARED["PageInfo"],
}
