"""What an answer of the Partner API says of a shop's plan; no API, no clock, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from plugin.billing.plans import FREE, plan_of
from plugin.billing.subscriptions import State, Told
from plugin.core.money import minor

KIND = "shopify"
TEST = "-test"
"""Behind a plan's handle: a private plan of 0, with which the road is tried without money."""


class Unreadable(Exception):
    """The answer does not fit Shopify's schema."""


@dataclass(frozen=True, slots=True)
class Item:
    """A plan by its own handle, whether it is a trial without money, and its price a month where it has a flat one."""

    plan: str
    test: bool
    currency: str | None = None
    amount: int | None = None


def reading(
    subscription: Mapping[str, Any] | None, event: Mapping[str, Any] | None, asked_at: datetime
) -> Told:
    """Return what was said at ``asked_at``: no subscription is the free plan. Raises Unreadable."""
    try:
        if event is not None and event.get("state") == "FROZEN":
            return _frozen(subscription, event, asked_at)
        if subscription is None:
            return _without(event, asked_at)
        return _with(subscription, asked_at)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise Unreadable from error


def _without(event: Mapping[str, Any] | None, asked_at: datetime) -> Told:
    if event is not None and event.get("state") == "CANCELED":
        ended, day = _moment(event["occurredAt"]), event.get("cancelEffectiveOn")
        ends = max(ended, _moment(day)) if day else ended
        item = _named((event.get("plan") or {}).get("handle") or FREE.handle)
        plan = item.plan if ends > asked_at else FREE.handle
        return Told(kind=KIND, state=State.CANCELLED, checked_at=asked_at, plan=plan, cancel_at=ends)
    return Told(kind=KIND, state=State.NONE, checked_at=asked_at)


def _frozen(subscription: Mapping[str, Any] | None, event: Mapping[str, Any], asked_at: datetime) -> Told:
    """The shop's bills are unpaid: the contract rests, and Shopify may count it as active or not."""
    if subscription is not None:
        item = _item(subscription["items"], subscription["billingPeriod"])
    else:
        item = _named((event.get("plan") or {}).get("handle") or FREE.handle)
    return Told(
        kind=KIND,
        state=State.FROZEN,
        checked_at=asked_at,
        plan=item.plan,
        test=item.test,
        currency=item.currency,
        amount=item.amount,
        outside_id=_outside(subscription),
    )


def _with(found: Mapping[str, Any], asked_at: datetime) -> Told:
    item = _item(found["items"], found["billingPeriod"])
    cycle = found.get("currentBillingCycle")
    start, end = (_moment(cycle["startTime"]), _moment(cycle["endTime"])) if cycle else (None, None)
    trial = _moment(found["trialEndsAt"]) if found.get("trialEndsAt") else None
    turn = end or trial
    pending = found.get("pendingUpdate")
    coming = _item(pending["items"], "") if pending else None
    state = State.TRIALING if trial is not None and trial > asked_at else State.ACTIVE
    return Told(
        kind=KIND,
        state=State.CANCELLED if found["cancelAtEndOfCycle"] else state,
        checked_at=asked_at,
        plan=item.plan,
        outside_id=_outside(found),
        currency=item.currency,
        amount=item.amount,
        period_start=start,
        period_end=end,
        trial_end=trial,
        cancel_at=turn if found["cancelAtEndOfCycle"] else None,
        pending_plan=coming.plan if coming else None,
        pending_at=turn if coming else None,
        test=item.test,
    )


def _item(items: Iterable[Mapping[str, Any]], period: str) -> Item:
    """The plan among a subscription's items: one we know, else one with a flat price, else the first with a name."""
    named = [one for one in items if one.get("handle")]
    ranked = sorted(
        named,
        key=lambda one: (
            plan_of(_named(str(one["handle"])).plan) is None,
            "amount" not in (one.get("price") or {}),
        ),
    )
    if not ranked:
        raise Unreadable
    first, known = ranked[0], _named(str(ranked[0]["handle"]))
    price = first.get("price") or {}
    if price.get("amount") is None:
        return known
    currency = str(price["currency"])
    amount = minor(Decimal(str(price["amount"])), currency)
    return Item(known.plan, known.test, currency, amount // 12 if period == "ANNUAL" else amount)


def _named(handle: str) -> Item:
    bare = handle.removesuffix(TEST)
    test = bare != handle and plan_of(bare) is not None
    return Item(bare if test else handle[:60], test)


def _outside(found: Mapping[str, Any] | None) -> str | None:
    id = found.get("legacySubscriptionId") if found else None
    return str(id)[:255] if id else None


def _moment(text: object) -> datetime:
    """An instant; one without an offset is taken for UTC."""
    found = datetime.fromisoformat(str(text))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
