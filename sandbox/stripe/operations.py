"""The operations of the API by method and path: which right each takes, whose parameters it checks, what it does."""

from __future__ import annotations

import re

from sandbox.stripe import papers, sessions, shapes, subscriptions
from sandbox.stripe.account import Account, Body
from sandbox.stripe.calls import Call, Operation, expect_there, page
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.shapes import listed

_BY_METADATA = re.compile(r"metadata\['([a-z_]+)'\]:'([^']*)'")
PRORATIONS = ("always_invoice", "create_prorations", "none")


def _create_customer(call: Call) -> Body:
    made = call.account.put(shapes.customer(call.account, call.given))
    call.tell("customer.created", made)
    return made


def _search_customers(call: Call) -> Body:
    match = _BY_METADATA.fullmatch(call.given["query"])
    if match is None:
        raise StripeRefusal("This account searches by one fact of the metadata.", param="query")
    found = [one for one in call.account.all("customer") if one.get("metadata", {}).get(match[1]) == match[2]]
    return {**page(call, found, "/v1/customers/search"), "object": "search_result", "next_page": None}


def _customer(call: Call) -> Body:
    return call.account.get("customer", call.id)


def _update_customer(call: Call) -> Body:
    found = call.account.get("customer", call.id)
    expect_there(found)
    _merge(found, {name: value for name, value in call.given.items() if name != "expand"})
    call.tell("customer.updated", found)
    return found


def _delete_customer(call: Call) -> Body:
    found = call.account.get("customer", call.id)
    for sub in call.account.all("subscription", customer=call.id):
        if sub["status"] in subscriptions.LIVE:
            subscriptions.end(call.account, sub, call.account.now(), "cancellation_requested")
    call.tell("customer.deleted", found)
    stub = {"id": call.id, "object": "customer", "deleted": True}
    return call.account.put(stub)


def _create_price(call: Call) -> Body:
    given, key = call.given, call.given.get("lookup_key")
    for one in call.account.all("price"):
        if key and one["lookup_key"] == key:
            if not given.get("transfer_lookup_key"):
                raise StripeRefusal(f"A price with the lookup key {key} exists already.", param="lookup_key")
            one["lookup_key"] = None
    if "product_data" in given:
        product = call.account.put(shapes.product(call.account, given["product_data"]))
        call.tell("product.created", product)
    elif "product" in given:
        product = call.account.get("product", given["product"], param="product")
    else:
        raise StripeRefusal("Missing required param: product.", param="product", code="parameter_missing")
    made = call.account.put(shapes.price(call.account, given, product["id"]))
    call.tell("price.created", made)
    return made


def _prices(call: Call) -> Body:
    keys, active = call.given.get("lookup_keys"), call.given.get("active")
    found = [
        one
        for one in call.account.all("price")
        if (keys is None or one["lookup_key"] in keys) and (active is None or one["active"] == active)
    ]
    return page(call, found, "/v1/prices")


def _create_session(call: Call) -> Body:
    given = call.given
    if given.get("mode") != "subscription" or len(given.get("line_items") or ()) != 1:
        raise StripeRefusal("This account sells one subscription at a time.", param="mode")
    price = call.account.get("price", given["line_items"][0].get("price", ""), param="line_items[0][price]")
    who = call.account.get("customer", given.get("customer", ""), param="customer")
    expect_there(who)
    if given.get("tax_id_collection", {}).get("enabled") and "name" not in given.get("customer_update", {}):
        raise StripeRefusal(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an "
            "existing customer, please set `customer_update[name]` to `auto`."
        )
    made = sessions.checkout_session(call.account, given, price["unit_amount"], price["currency"])
    made["line_items"] = listed([{"price": price}], f"/v1/checkout/sessions/{made['id']}/line_items")
    made["subscription_metadata"] = (given.get("subscription_data") or {}).get("metadata") or {}
    return call.account.put(made)


def _session(call: Call) -> Body:
    return call.account.get("checkout.session", call.id)


def _sessions(call: Call) -> Body:
    facts = {name: call.given[name] for name in ("customer", "status", "subscription") if name in call.given}
    return page(call, list(call.account.all("checkout.session", **facts)), "/v1/checkout/sessions")


def _expire_session(call: Call) -> Body:
    found = call.account.get("checkout.session", call.id)
    if found["status"] != "open":
        raise StripeRefusal(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
            f"of {found['status']}."
        )
    found.update(status="expired", url=None)
    call.tell("checkout.session.expired", found)
    return found


def _create_portal(call: Call) -> Body:
    expect_there(call.account.get("customer", call.given.get("customer", ""), param="customer"))
    return call.account.put(sessions.portal_session(call.account, call.given))


def _subscription(call: Call) -> Body:
    return call.account.get("subscription", call.id)


def _subscriptions(call: Call) -> Body:
    given = call.given
    status = given.get("status")
    found = [
        one
        for one in call.account.all("subscription")
        if given.get("customer") in {None, one["customer"]}
        and (status in {"all", one["status"]} or (status is None and one["status"] != "canceled"))
    ]
    return page(call, found, "/v1/subscriptions")


def _update_subscription(call: Call) -> Body:
    account, given = call.account, call.given
    sub = account.get("subscription", call.id)
    if sub["status"] == "canceled" and set(given) - {"metadata", "cancellation_details"}:
        raise StripeRefusal("A canceled subscription can only update its cancellation_details and metadata.")
    if "items" in given:
        strict = given.get("payment_behavior") == "error_if_incomplete"
        at = given.get("proration_date") or account.now()
        behaviour = given.get("proration_behavior", PRORATIONS[1])
        subscriptions.change(
            account, sub, _wanted(account, sub, given["items"]), at, behaviour, strict=strict
        )
    if "metadata" in given:
        sub["metadata"] = {**sub["metadata"], **(given["metadata"] or {})}
    if "cancel_at_period_end" in given and given["cancel_at_period_end"] != sub["cancel_at_period_end"]:
        subscriptions.cancel_later(account, sub, wanted=given["cancel_at_period_end"])
    if "cancel_at" in given:
        subscriptions.end_on(account, sub, given["cancel_at"] or None)
    return sub


def _cancel_subscription(call: Call) -> Body:
    sub = call.account.get("subscription", call.id)
    if sub["status"] not in subscriptions.LIVE:
        raise StripeRefusal(
            f"No such subscription: '{call.id}'", status=404, code="resource_missing", param="id"
        )
    subscriptions.end(call.account, sub, call.account.now(), "cancellation_requested")
    return sub


def _wanted(account: Account, sub: Body, items: list[Body]) -> Body:
    if len(items) != 1 or items[0].get("id") != sub["items"]["data"][0]["id"]:
        raise StripeRefusal("Name the subscription's one item by its id.", param="items[0][id]")
    return account.get("price", items[0].get("price", ""), param="items[0][price]")


def _preview(call: Call) -> Body:
    account, given = call.account, call.given
    sub = account.get("subscription", given.get("subscription", ""), param="subscription")
    details = given.get("subscription_details") or {}
    at = details.get("proration_date") or account.now()
    price = _wanted(account, sub, details.get("items") or [])
    lines = subscriptions.prorated(account, sub, price, at)
    if details.get("proration_behavior", PRORATIONS[1]) != "always_invoice":
        raise StripeRefusal("This account previews always_invoice alone.", param="subscription_details")
    return papers.invoice(account, sub, lines, "upcoming", at, preview=True)


def _invoice(call: Call) -> Body:
    return call.account.get("invoice", call.id)


def _invoices(call: Call) -> Body:
    given = call.given
    found = [
        bill
        for bill in call.account.all("invoice")
        if given.get("customer") in {None, bill["customer"]}
        and given.get("status") in {None, bill["status"]}
        and given.get("subscription") in {None, bill["parent"]["subscription_details"]["subscription"]}
    ]
    return page(call, found, "/v1/invoices")


def _credit(call: Call) -> Body:
    account, given = call.account, call.given
    bill = account.get("invoice", given.get("invoice", ""), param="invoice")
    amount = int(given.get("amount") or bill["amount_paid"])
    left = bill["amount_paid"] - bill["post_payment_credit_notes_amount"]
    if bill["status"] != "paid" or not 0 < amount <= left:
        raise StripeRefusal("The sum of credit amounts is more than what was paid.", param="amount")
    if given.get("refund_amount", 0) != amount:
        raise StripeRefusal(
            "The sum of refund amounts must equal the credit note amount.", param="refund_amount"
        )
    return give_back(call.account, bill, given, amount)


def give_back(account: Account, bill: Body, given: Body, amount: int) -> Body:
    """Correct a paid invoice by a credit note and send that money back."""
    intent = bill["payments"]["data"][0]["payment"]["payment_intent"]
    back = account.put(papers.refund(account, {}, amount, intent, bill["currency"]))
    note = account.put(papers.credit_note(account, given, bill, amount, [back]))
    bill["post_payment_credit_notes_amount"] += amount
    for kind, about in (("refund.created", back), ("credit_note.created", note), ("invoice.updated", bill)):
        subscriptions.tell(account, kind, about)
    return note


def _events(call: Call) -> Body:
    kinds = call.given.get("types") or [call.given["type"]] if "type" in call.given else None
    found = [one for one in call.account.all("event") if kinds is None or one["type"] in kinds]
    return page(call, found, "/v1/events")


def _merge(found: Body, given: Body) -> None:
    for name, value in given.items():
        found[name] = {**found[name], **value} if isinstance(found.get(name), dict) else value


OPERATIONS = (
    Operation("POST", "customers", "CustomerCreate", "customer_write", _create_customer),
    Operation("GET", "customers/search", "CustomerSearch", "customer_read", _search_customers),
    Operation("GET", "customers/{id}", "CustomerRetrieve", "customer_read", _customer),
    Operation("POST", "customers/{id}", "CustomerUpdate", "customer_write", _update_customer),
    Operation("DELETE", "customers/{id}", "CustomerDelete", "customer_write", _delete_customer),
    Operation("POST", "prices", "PriceCreate", "plan_write", _create_price),
    Operation("GET", "prices", "PriceList", "plan_read", _prices),
    Operation(
        "POST", "checkout/sessions", "checkout.SessionCreate", "checkout_session_write", _create_session
    ),
    Operation("GET", "checkout/sessions", "checkout.SessionList", "checkout_session_read", _sessions),
    Operation("GET", "checkout/sessions/{id}", "checkout.SessionRetrieve", "checkout_session_read", _session),
    Operation(
        "POST",
        "checkout/sessions/{id}/expire",
        "checkout.SessionExpire",
        "checkout_session_write",
        _expire_session,
    ),
    Operation(
        "POST",
        "billing_portal/sessions",
        "billing_portal.SessionCreate",
        "customer_portal_write",
        _create_portal,
    ),
    Operation("GET", "subscriptions", "SubscriptionList", "subscription_read", _subscriptions),
    Operation("GET", "subscriptions/{id}", "SubscriptionRetrieve", "subscription_read", _subscription),
    Operation("POST", "subscriptions/{id}", "SubscriptionUpdate", "subscription_write", _update_subscription),
    Operation(
        "DELETE", "subscriptions/{id}", "SubscriptionCancel", "subscription_write", _cancel_subscription
    ),
    Operation("POST", "invoices/create_preview", "InvoiceCreatePreview", "invoice_read", _preview),
    Operation("GET", "invoices", "InvoiceList", "invoice_read", _invoices),
    Operation("GET", "invoices/{id}", "InvoiceRetrieve", "invoice_read", _invoice),
    Operation("POST", "credit_notes", "CreditNoteCreate", "credit_note_write", _credit),
    Operation("GET", "events", "EventList", "event_read", _events),
)
