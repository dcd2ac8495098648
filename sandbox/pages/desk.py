"""What the merchant does with an order, beside the order's page: refunds, cancellation, parcels, payment."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from sandbox.money import decimal, of_set
from sandbox.pages.shop import FRONT
from sandbox.pages.visits import Stay, page, see
from sandbox.simulator import Simulator
from sandbox.state import Customer, Order, Refused

Deed = Callable[[Simulator, Order], object]


def _refund_one(simulator: Simulator, order: Order) -> object:
    line = next((one for one in order.body["line_items"] if one["current_quantity"] > 0), None)
    if line is None:
        raise Refused(f"{order.body['name']} has nothing left to refund.")
    return simulator.refund(order, {line["id"]: 1})


def _refund_all(simulator: Simulator, order: Order) -> object:
    rest = {
        line["id"]: line["current_quantity"]
        for line in order.body["line_items"]
        if line["current_quantity"] > 0
    }
    shipping = sum(of_set(line["current_discounted_price_set"]) for line in order.body["shipping_lines"])
    if not rest and not shipping:
        raise Refused(f"{order.body['name']} has nothing left to refund.")
    return simulator.refund(order, rest, shipping=decimal(shipping, order.currency))


def _scan(simulator: Simulator, order: Order) -> object:
    parcel = next((one for one in order.body["fulfillments"] if one["shipment_status"] is None), None)
    if parcel is None:
        raise Refused(f"{order.body['name']} has no parcel that waits for its first scan.")
    return simulator.scan(order, parcel["id"], "in_transit")


def _deliver(simulator: Simulator, order: Order) -> object:
    parcel = next((one for one in order.body["fulfillments"] if one["shipment_status"] != "delivered"), None)
    if parcel is None:
        raise Refused(f"{order.body['name']} has no parcel on its way.")
    return simulator.scan(order, parcel["id"], "delivered")


def _person(simulator: Simulator, order: Order) -> tuple[Customer, str]:
    """The order's customer, and the handle of its shop."""
    shop, person = simulator.shop_of(order), order.body["customer"]
    if person is None:
        raise Refused(f"{order.body['name']} has no customer.")
    return shop.customers[person["id"]], shop.handle


def _ask_data(simulator: Simulator, order: Order) -> object:
    customer, handle = _person(simulator, order)
    return simulator.request_data(customer, [order.id], shop=handle)


def _redact(simulator: Simulator, order: Order) -> None:
    customer, handle = _person(simulator, order)
    simulator.redact_customer(customer, [order.id], shop=handle)


DEEDS: dict[str, Deed] = {
    "pay": lambda simulator, order: simulator.pay(order),
    "refund": _refund_one,
    "refund_all": _refund_all,
    "cancel": lambda simulator, order: simulator.cancel(order),
    "fulfil": lambda simulator, order: simulator.fulfil(order),
    "scan": _scan,
    "deliver": _deliver,
    "ask_data": _ask_data,
    "redact": _redact,
}


async def _do(stay: Stay) -> Response:
    order = stay.order()
    deed = DEEDS.get(str(stay.request.path_params["deed"]))
    if order is None or deed is None:
        return see(FRONT)
    try:
        deed(stay.simulator, order)
    except Refused as refused:
        stay.visit.notice = stay.texts("desk.refused", reason=str(refused))
    else:
        stay.visit.notice = stay.texts("desk.done")
    return see(f"{FRONT}/orders/{order.id}")


ROUTES = (page("/sandbox/orders/{id:int}/{deed}", _do, "POST"),)
