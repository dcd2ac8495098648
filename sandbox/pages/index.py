"""The first page: what to open, who is shopping, and the switches for bad days."""

from __future__ import annotations

import asyncio
from typing import get_args

from starlette.responses import Response

from sandbox.faults import Api, BadSwitch
from sandbox.pages.orders import row
from sandbox.pages.plans import address
from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page, see
from sandbox.past import MANY, Past

APIS = ("api", "partner")
NUMBERS = ("delay", "duplicate", "reorder", "drop")


async def _index(stay: Stay) -> Response:
    orders = stay.shop.orders
    mine = orders.get(stay.visit.order_id or 0)
    last = mine or max(orders.values(), key=lambda one: str(one.body["created_at"]), default=None)
    log = stay.simulator.deliveries
    counts = {
        "accepted": sum(one.state == "accepted" for one in log),
        "waiting": sum(one.state == "waiting" for one in log),
        "lost": sum(one.state in {"dropped", "failed"} for one in log),
    }
    switches = stay.shop.switches
    return show(
        stay,
        "index.html",
        last=row(stay, last) if last else None,
        people=list(stay.shop.customers.values())[:8],
        switches=switches,
        numbers=[(name, stay.texts.number(getattr(switches, name))) for name in NUMBERS],
        apis=[(name, getattr(switches, name)) for name in APIS],
        ways=get_args(Api),
        counts=counts,
        plan=f"/admin/apps/{stay.simulator.state.config.proxy_subpath}/admin/plan",
        plans=address(stay),
        many=MANY,
        stripe=hasattr(stay.request.app.state, "stripe"),
    )


async def _turn(stay: Stay) -> Response:
    form = await stay.form()
    if form.get("do") == "reset":
        stay.shop.switches.reset()
    else:
        try:
            numbers = {name: float((form.get(name) or "0").replace(",", ".")) for name in NUMBERS}
            apis = {name: form.get(name, "ok") for name in APIS}
            stay.simulator.switch(stay.shop.handle, **apis, **numbers)
        except (BadSwitch, ValueError) as error:
            stay.visit.notice = str(error)
            return see("/")
    stay.visit.notice = stay.texts("index.turned")
    return see("/")


async def _live_through(stay: Stay) -> Response:
    """Bring about a past full of orders; the webhooks that tell of it are then on their way."""
    past = Past(stay.simulator, stay.shop.handle)
    number = await asyncio.to_thread(past.live_through)
    stay.visit.notice = stay.texts("index.many.done", n=number)
    return see("/")


ROUTES = (
    page("/", _index),
    page("/sandbox/days", _turn, "POST"),
    page("/sandbox/past", _live_through, "POST"),
)
