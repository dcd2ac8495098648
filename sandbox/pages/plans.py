"""Shopify's plan page for the app, in the admin and outside the app's frame: choose, approve, decline, cancel.

Its address is Shopify's: ``https://admin.shopify.com/store/{store}/charges/{app}/pricing_plans``. After an approval the
merchant lands on the plan's welcome link, a path of the app, with ``plan_handle`` behind
(https://shopify.dev/docs/apps/launch/billing/shopify-app-pricing).
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, Response

from sandbox import charges
from sandbox.graph_pricing import CURRENCY
from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page, see
from sandbox.pricing import OFFERS, Offer
from sandbox.simulator import Simulator
from sandbox.state import Refused, Shop

WELCOME = "/admin/plan"
"""The welcome link of every plan, as somebody typed it into the Partner Dashboard."""

PATH = "/store/{store}/charges/{app}/pricing_plans"


def address(stay: Stay) -> str:
    """Return where this shop's plan page is."""
    return PATH.format(store=stay.shop.handle, app=stay.simulator.state.config.handle)


def _is_here(stay: Stay) -> bool:
    asked = stay.request.path_params
    return (asked["store"], asked["app"]) == (stay.shop.handle, stay.simulator.state.config.handle)


def _words(stay: Stay, offer: Offer) -> dict[str, str]:
    texts = stay.texts
    price = texts.money(offer.amount, CURRENCY)
    return {
        "handle": offer.handle,
        "name": offer.name,
        "price": texts("plans.month", price=price) if offer.amount else texts("plans.nothing"),
        "trial": texts("plans.trial", days=offer.trial_days) if offer.trial_days else "",
    }


def _standing(stay: Stay, shop: Shop) -> str:
    """Say how it stands with the subscription."""
    texts, contract = stay.texts, shop.pricing.contract
    if contract is None:
        return texts("plans.none")
    name = OFFERS[contract.handle].name
    if contract.frozen:
        return texts("plans.frozen", name=name)
    turn = contract.cycle_end or contract.trial_ends_at or contract.since
    if contract.cancel_at_end:
        return texts("plans.ending", name=name, day=texts.day(turn))
    if contract.pending is not None:
        return texts("plans.pending", name=name, next=OFFERS[contract.pending].name, day=texts.day(turn))
    if contract.trial_ends_at is not None:
        return texts("plans.trying", name=name, day=texts.day(turn))
    return texts("plans.active", name=name, day=texts.day(turn))


async def _plans(stay: Stay) -> Response:
    if not _is_here(stay):
        return PlainTextResponse("Not found", 404)
    with stay.simulator.state.lock:
        charges.pass_time(stay.simulator.state, stay.shop, stay.simulator.state.now())
        contract = stay.shop.pricing.contract
        return show(
            stay,
            "plans.html",
            section="app",
            offers=[_words(stay, offer) for offer in charges.offers(stay.shop.pricing)],
            contract=contract,
            current=contract.handle if contract and not contract.cancel_at_end else None,
            standing=_standing(stay, stay.shop),
        )


async def _ask(stay: Stay) -> Response:
    """Show what is agreed to, before it is."""
    offer = OFFERS.get(str(stay.request.path_params["plan"]))
    if not _is_here(stay) or offer not in charges.offers(stay.shop.pricing):
        return PlainTextResponse("Not found", 404)
    assert offer is not None  # noqa: S101 it is among the offers
    return show(stay, "plan.html", section="app", offer=_words(stay, offer), plans=address(stay))


async def _answer(stay: Stay) -> Response:
    """Approve, which leads to the welcome link, or decline, which changes nothing."""
    form, handle = await stay.form(), str(stay.request.path_params["plan"])
    if not _is_here(stay) or form.get("answer") != "approve":
        stay.visit.notice = stay.texts("plans.declined")
        return see(address(stay))
    try:
        stay.simulator.approve_plan(handle, stay.shop.handle)
    except Refused as refused:
        stay.visit.notice = str(refused)
        return see(address(stay))
    back = urlencode({"plan_handle": handle, "shop": stay.shop.domain})
    return see(f"/admin/apps/{stay.simulator.state.config.proxy_subpath}{WELCOME}?{back}")


Deed = Callable[[Simulator, Shop], object]


def _offer_test(simulator: Simulator, shop: Shop) -> None:
    shop.pricing.test_offered = not shop.pricing.test_offered


DEEDS: dict[str, Deed] = {
    "cancel": lambda simulator, shop: simulator.cancel_plan(shop.handle),
    "freeze": lambda simulator, shop: simulator.freeze_plan(shop.handle),
    "unfreeze": lambda simulator, shop: simulator.freeze_plan(shop.handle, frozen=False),
    "finish": lambda simulator, shop: simulator.finish_period(shop.handle),
    "test": _offer_test,
    "development": lambda simulator, shop: simulator.update_shop(
        shop.handle, development=not shop.development
    ),
}


async def _do(stay: Stay) -> Response:
    """Cancel, or let something happen that Shopify or time does."""
    deed = DEEDS.get((await stay.form()).get("do", ""))
    try:
        if deed is not None:
            deed(stay.simulator, stay.shop)
            stay.visit.notice = stay.texts("plans.done")
    except Refused as refused:
        stay.visit.notice = str(refused)
    return see(address(stay))


ROUTES = (
    page(PATH, _plans),
    page(PATH, _do, "POST"),
    page(PATH + "/{plan}", _ask),
    page(PATH + "/{plan}", _answer, "POST"),
)
