"""The small Stripe's objects have the fields that the installed package says Stripe sends, in those types."""

import builtins
import sys
import types
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import pytest
import stripe
from stripe import StripeObject

from sandbox.stripe import operations, passing, sessions, shapes, subscriptions
from sandbox.stripe.account import Account, Body, Card
from sandbox.stripe.calls import Call
from sandbox.stripe.opening import open_account


class Names(dict[str, Any]):
    """Names that an annotation may use: the package's classes, which it imports for type checkers alone."""

    def __init__(self, module: Mapping[str, Any]) -> None:
        super().__init__()
        self._module = module

    def __missing__(self, name: str) -> Any:
        if name in self._module:
            raise KeyError(name)
        for place in (stripe, stripe.billing_portal, stripe.test_helpers):
            if found := getattr(place, name, None):
                return found
        if hasattr(builtins, name):
            raise KeyError(name)
        return StripeObject  # an alias of the package's, of something that this account has none of


CLASSES: Mapping[str, type[StripeObject]] = {
    "customer": stripe.Customer,
    "product": stripe.Product,
    "price": stripe.Price,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "invoice": stripe.Invoice,
    "line_item": stripe.InvoiceLineItem,
    "invoice_payment": stripe.InvoicePayment,
    "refund": stripe.Refund,
    "credit_note": stripe.CreditNote,
    "checkout.session": stripe.checkout.Session,
    "billing_portal.session": stripe.billing_portal.Session,
    "event": stripe.Event,
}
OURS = {"line_items", "subscription_metadata"}
"""What the account remembers of a session and its API does not tell."""


@pytest.fixture
def lived() -> Account:
    """An account in which something of everything has happened."""
    account = open_account("sk_test_" + "a" * 24, "whsec_" + "b" * 24)
    who = account.put(shapes.customer(account, {"metadata": {"shop": "example"}}))
    prices = []
    for amount in (1900, 5900):
        product = account.put(shapes.product(account, {"name": str(amount)}))
        given = {"currency": "eur", "unit_amount": amount}
        prices.append(account.put(shapes.price(account, given, product["id"])))
    given = {
        "mode": "subscription",
        "customer": who["id"],
        "success_url": "http://x",
        "cancel_url": "http://x",
    }
    session = account.put(sessions.checkout_session(account, given, 1900, "eur"))
    account.put(sessions.portal_session(account, {"customer": who["id"]}))
    account.cards[who["id"]] = Card("4242424242424242")
    sub = subscriptions.begin(account, session, prices[0], {}, account.now())
    subscriptions.change(account, sub, prices[1], account.now(), "always_invoice", strict=True)
    account.cards[who["id"]] = Card("4000000000000341")
    passing.let_pass(account, 32)
    paid = next(account.all("invoice", status="paid"))
    operations.give_back(account, paid, {"reason": "duplicate"}, paid["amount_paid"])
    call = Call(
        account, "", {"subscription": sub["id"], "subscription_details": _details(sub, prices[0])}, None
    )
    preview = next(one.do for one in operations.OPERATIONS if one.path == "invoices/create_preview")(call)
    account.put(preview)
    return account


def _details(sub: Body, price: Body) -> Body:
    item = {"id": sub["items"]["data"][0]["id"], "price": price["id"]}
    return {"items": [item], "proration_behavior": "always_invoice"}


def test_every_object_is_one_that_stripes_package_describes(lived: Account) -> None:
    seen = set()
    for one in lived.objects.values():
        kind = one["object"]
        seen.add(kind)
        told = {name: value for name, value in one.items() if kind != "checkout.session" or name not in OURS}
        assert not list(misfits(CLASSES[kind], told, kind))
    assert seen == CLASSES.keys() - {"line_item", "subscription_item"}


def test_a_missing_and_an_unknown_field_are_seen(lived: Account) -> None:
    sub = dict(next(lived.all("subscription")))
    assert list(misfits(stripe.Subscription, {**sub, "colour": "red"}, "")) == [".colour is unknown"]
    del sub["billing_mode"]
    assert list(misfits(stripe.Subscription, sub, "")) == [".billing_mode is missing"]
    assert list(misfits(stripe.Subscription, {**sub, "billing_mode": 3}, ""))


def misfits(kind: type[StripeObject], value: Any, path: str) -> Iterator[str]:
    """Say what of an object is not as its class has it."""
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    module = vars(sys.modules[kind.__module__])
    hints = get_type_hints(kind, module, Names(module))
    fields = {
        name: hint
        for name, hint in hints.items()
        if get_origin(hint) is not ClassVar and not name.startswith("_") and name != "OBJECT_NAME"
    }
    for name, inner in value.items():
        if name not in fields:
            yield f"{path}.{name} is unknown"
        else:
            yield from _misfit(fields[name], inner, f"{path}.{name}")
    for name, hint in fields.items():
        if name not in value and type(None) not in get_args(hint):
            yield f"{path}.{name} is missing"


def _misfit(hint: Any, value: Any, path: str) -> Iterator[str]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        tries = [list(_misfit(part, value, path)) for part in parts]
        if all(tries):
            yield from min(tries, key=len)
    elif origin is Literal:
        if value not in parts:
            yield f"{path} is not one of {parts}"
    elif origin is list:
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from _misfit(parts[0], one, f"{path}[{number}]")
        else:
            yield f"{path} is no list"
    elif origin is stripe.ListObject:
        if isinstance(value, dict) and value.keys() == {"object", "data", "has_more", "url"}:
            for number, one in enumerate(value["data"]):
                yield from _misfit(parts[0], one, f"{path}[{number}]")
        else:
            yield f"{path} is no list object"
    elif origin is not None or hint in {dict, Any}:
        if not isinstance(value, dict):
            yield f"{path} is no object"
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from misfits(hint, value, path)
    elif hint is Decimal:
        if not isinstance(value, str):
            yield f"{path} is no decimal"
    elif not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        yield f"{path} is no {hint.__name__}"
