"""Stripe's own pages: checkout, the customer's page, an invoice, and a desk at which time passes and cards fail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page, see
from sandbox.stripe import operations, passing, subscriptions
from sandbox.stripe.account import Account, Body, Card
from sandbox.stripe.errors import StripeRefusal

CARDS = {"4242424242424242": "pays", "4000000000000341": "later", "4000000000000002": "declined"}
"""Stripe's test cards that the pages offer, and the text that says what becomes of each."""

COUNTRIES = ("DE", "AT", "CH", "FR", "NL")
DAYS = (3, 7, 31)


def _account(stay: Stay) -> Account:
    account: Account = stay.request.app.state.stripe
    return account


def _open(stay: Stay, kind: str) -> Body | None:
    try:
        found = _account(stay).get(kind, str(stay.request.path_params["id"]))
    except StripeRefusal:
        return None
    if found.get("locale") in {"de", "en"}:
        stay.visit.locale = found["locale"]
    return found


def _show(stay: Stay, template: str, status: int = 200, **facts: Any) -> Response:
    return show(stay, template, status, cards=CARDS, countries=COUNTRIES, day=_day(stay), **facts)


def _day(stay: Stay) -> Any:
    return lambda stamp: stay.texts.day(datetime.fromtimestamp(stamp, UTC))


async def _checkout(stay: Stay) -> Response:
    session = _open(stay, "checkout.session")
    if session is None or session["status"] == "expired":
        return _show(stay, "stripe_gone.html", 404, back=session["cancel_url"] if session else "/")
    if session["status"] == "complete":
        return see(session["success_url"])
    return _form(stay, session)


def _form(stay: Stay, session: Body, refusal: str | None = None, number: str = "") -> Response:
    account = _account(stay)
    price = session["line_items"]["data"][0]["price"]
    return _show(
        stay,
        "stripe_checkout.html",
        402 if refusal else 200,
        session=session,
        price=price,
        product=account.get("product", price["product"]),
        refusal=refusal,
        number=number,
    )


async def _subscribe(stay: Stay) -> Response:
    session, form = _open(stay, "checkout.session"), await stay.form()
    if session is None or session["status"] != "open":
        return await _checkout(stay)
    account, card = _account(stay), _card(form)
    with account.lock:
        who = account.get("customer", session["customer"])
        account.cards[who["id"]] = card
        if not card.attaches or not card.pays:
            return _form(stay, session, stay.texts("stripe.declined"), card.number)
        who["name"] = form.get("name", "").strip() or who["name"]
        who["address"] = dict.fromkeys(("city", "line1", "line2", "postal_code", "state")) | {
            "country": form.get("country", "DE")
        }
        price = session["line_items"]["data"][0]["price"]
        subscriptions.begin(account, session, price, dict(session["subscription_metadata"]), account.now())
    if form.get("do") == "stay":
        return _show(stay, "stripe_gone.html", back=session["success_url"])
    return see(session["success_url"])


def _card(form: Mapping[str, str]) -> Card:
    return Card("".join(filter(str.isdigit, form.get("card", ""))) or next(iter(CARDS)))


async def _portal(stay: Stay) -> Response:
    session = _open(stay, "billing_portal.session")
    if session is None:
        return _show(stay, "stripe_gone.html", 404, back="/")
    account = _account(stay)
    return _show(
        stay,
        "stripe_portal.html",
        session=session,
        card=account.cards.get(session["customer"]),
        subs=list(account.all("subscription", customer=session["customer"])),
        live=subscriptions.LIVE,
        invoices=list(account.all("invoice", customer=session["customer"])),
        product={one["id"]: one["name"] for one in account.all("product")},
    )


async def _manage(stay: Stay) -> Response:
    session, form = _open(stay, "billing_portal.session"), await stay.form()
    if session is None:
        return await _portal(stay)
    account, done = _account(stay), "stripe.done"
    with account.lock:
        if form.get("do") == "card":
            card = _card(form)
            if card.attaches:
                account.cards[session["customer"]] = card
            else:
                done = "stripe.declined"
        elif form.get("do") == "pay":
            done = _pay(account, form.get("invoice", ""))
        else:
            sub = account.get("subscription", form.get("subscription", ""))
            stop = sub["items"]["data"][0]["current_period_end"]
            subscriptions.end_on(account, sub, stop if form.get("do") == "cancel" else None)
    stay.visit.notice = stay.texts(done)
    return see(stay.request.url.path)


def _pay(account: Account, id_: str) -> str:
    bill = account.get("invoice", id_)
    if bill["status"] != "open" or subscriptions.pay(account, bill, account.now()):
        return "stripe.done"
    return "stripe.declined"


async def _invoice(stay: Stay) -> Response:
    bill = _open(stay, "invoice")
    if bill is None:
        return _show(stay, "stripe_gone.html", 404, back="/")
    return _show(stay, "stripe_invoice.html", bill=bill)


async def _pay_invoice(stay: Stay) -> Response:
    bill = _open(stay, "invoice")
    if bill is not None:
        with _account(stay).lock:
            stay.visit.notice = stay.texts(_pay(_account(stay), bill["id"]))
    return see(stay.request.url.path)


async def _file(stay: Stay) -> Response:
    bill = _open(stay, "invoice")
    if bill is None:
        return _show(stay, "stripe_gone.html", 404, back="/")
    text = f"Invoice {bill['number']}: {bill['total']} {bill['currency'].upper()} ({bill['status']})"
    return Response(_pdf(text), media_type="application/pdf")


def _pdf(text: str) -> bytes:
    """Return a page with one line, as small as the format allows."""
    drawn = f"BT /F1 12 Tf 60 760 Td ({text}) Tj ET".encode("latin-1", "replace")
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        file
        + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (
            table,
            len(file),
        )
    )


async def _desk(stay: Stay) -> Response:
    account = _account(stay)
    return _show(
        stay,
        "stripe_desk.html",
        account=account,
        subs=list(account.all("subscription")),
        invoices=list(account.all("invoice")),
        events=list(account.all("event"))[:20],
        days=DAYS,
    )


async def _turn(stay: Stay) -> Response:
    form, account = await stay.form(), _account(stay)
    if form.get("do") == "pass" and form.get("days", "").isdigit():
        passing.let_pass(account, int(form["days"]))
    elif form.get("do") == "end":
        account.after_retries = "cancel" if form.get("end") == "cancel" else "unpaid"
    elif form.get("do") == "refund":
        with account.lock:
            bill = account.get("invoice", form.get("invoice", ""))
            left = bill["amount_paid"] - bill["post_payment_credit_notes_amount"]
            if left > 0:
                operations.give_back(account, bill, {"reason": "order_change"}, left)
    else:
        account.down = form.get("down") == "yes"
    stay.visit.notice = stay.texts("stripe.done")
    return see("/stripe")


ROUTES = (
    page("/stripe", _desk),
    page("/stripe", _turn, "POST"),
    page("/stripe/checkout/{id}", _checkout),
    page("/stripe/checkout/{id}", _subscribe, "POST"),
    page("/stripe/portal/{id}", _portal),
    page("/stripe/portal/{id}", _manage, "POST"),
    page("/stripe/invoices/{id}", _invoice),
    page("/stripe/invoices/{id}", _pay_invoice, "POST"),
    page("/stripe/invoices/{id}/pdf", _file),
)
"""Every page, for a sandbox with an account at Stripe."""
