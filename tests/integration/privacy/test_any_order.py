"""At whatever point of whatever order of deliveries somebody is erased: the sums are right and their ids are gone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from plugin.core import access_log, data_requests, privacy
from plugin.core.access_log import Look
from plugin.core.adjustments import Adjustment, adjust
from plugin.database import open_database
from plugin.shops import Shop
from plugin.tasks import Wanted, enqueue, task
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.engine.test_converges import rules, tell
from tests.integration.privacy.buying import ask_data, redact
from tests.integration.privacy.traces import traces
from tests.oracle.model import History
from tests.oracle.orders import Delivery
from tests.oracle.strategies import BIG, arrivals, histories
from webhooks.erasure import erase_customer

CUSTOMERS = [BIG + 101, BIG + 202, BIG + 303]
ORDERS = [BIG + 1, BIG + 2, BIG + 3]
PARCEL, REQUEST, REASON, STAFF = BIG + 70_000, BIG + 90_000, BIG + 91_000, 42


@dataclass(frozen=True)
class Redaction:
    """Somebody is erased: by Shopify's message, or because they asked for it on their own page."""

    customer: int | None
    orders: tuple[int, ...]
    own: bool


@dataclass(frozen=True)
class Asking:
    """Somebody asks for their data, and the staff looks at what there is."""

    customer: int | None
    orders: tuple[int, ...]
    request: int


@dataclass(frozen=True)
class Correction:
    """The merchant gives points by hand, and says why in words that hold the number."""

    customer: int
    reason: int


@dataclass(frozen=True)
class Stuck:
    """Somebody asks to be erased, and the task of it is set aside."""

    customer: int


Happening: TypeAlias = Redaction | Asking | Correction | Stuck
Told: TypeAlias = Delivery | Happening


@st.composite
def parcels(draw: st.DrawFn) -> list[Delivery]:
    """What carriers report of some of the orders, in the order in which it happened."""
    told: list[Delivery] = []
    for order in draw(st.lists(st.sampled_from(ORDERS), unique=True, max_size=2)):
        number = PARCEL + order - BIG
        for hour, status in enumerate(draw(st.sampled_from([["in_transit"], ["in_transit", "delivered"]]))):
            at = f"2026-05-0{hour + 1}T10:00:00Z"
            body = {
                "id": number,
                "order_id": order,
                "status": "success",
                "created_at": "2026-05-01T08:00:00Z",
                "updated_at": at,
                "tracking_company": "DHL",
                "tracking_number": f"T{number}",
                "tracking_url": None,
                "shipment_status": status,
                "line_items": [],
            }
            told.append(Delivery("fulfillments/update" if hour else "fulfillments/create", body))
            event = {
                "id": number * 10 + hour,
                "order_id": order,
                "fulfillment_id": number,
                "status": status,
                "happened_at": at,
                "created_at": at,
            }
            told.append(Delivery("fulfillment_events/create", event))
    return told


@st.composite
def stories(draw: st.DrawFn) -> tuple[History, datetime, list[Told], set[int]]:
    """Deliveries in any order with erasures and requests among them; the ids that must be gone, whatever came when."""
    history, now = draw(histories(most_steps=4))
    told: list[Told] = list(draw(arrivals(history.deliveries)))
    for one in draw(parcels()):
        told.insert(draw(st.integers(0, len(told))), one)
    gone: set[int] = set()
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        customer = draw(st.sampled_from([*CUSTOMERS, None]))
        own = customer is not None and draw(st.booleans())
        listed = () if own else tuple(draw(st.lists(st.sampled_from(ORDERS), unique=True, max_size=3)))
        at = draw(st.integers(0, len(told)))
        told.insert(at, Redaction(customer, listed, own))
        gone |= {id for id in (customer, *listed) if id is not None}
        if customer is not None and draw(st.booleans()):
            told.insert(draw(st.integers(0, at)), Stuck(customer))
    for number in range(draw(st.sampled_from([0, 1, 2]))):
        customer = draw(st.sampled_from([*CUSTOMERS, None]))
        orders = tuple(draw(st.lists(st.sampled_from(ORDERS), unique=True)))
        told.insert(draw(st.integers(0, len(told))), Asking(customer, orders, REQUEST + number))
        if customer in gone or (customer is None and gone & set(orders)):
            gone.add(REQUEST + number)
    for number, customer in enumerate(draw(st.lists(st.sampled_from(CUSTOMERS), max_size=2))):
        told.insert(draw(st.integers(0, len(told))), Correction(customer, REASON + number))
        if customer in gone:
            gone.add(REASON + number)
    return history, now, told, gone


def left(conn: Connection, gone: set[int]) -> list[str]:
    """Traces of the erased. A later order of an erased customer may be parked, encrypted, and names them until then."""
    if not gone:
        return []
    found = traces(conn, gone)
    erased_orders = gone & set(ORDERS)
    return [
        trace
        for trace in found
        if not trace.startswith("inbox.body, opened") or any(f'id": {id},' in trace for id in erased_orders)
    ]


def happen(conn: Connection, shop: Shop, one: Happening, now: datetime) -> None:
    """Have it asked for as Shopify, the shopper or the staff would."""
    if isinstance(one, Asking):
        engine.store(
            conn, "customers/data_request", ask_data(one.request, one.customer, *one.orders), now=now
        )
        engine.handle_all(conn, now)
        for found in data_requests.requests(conn, shop.id):
            access_log.note_request(conn, shop.id, STAFF, found, now)
        if one.customer is not None:
            access_log.note(conn, shop.id, STAFF, Look.STATEMENT, now, customer_id=one.customer)
        for order in one.orders:
            access_log.note(conn, shop.id, STAFF, Look.STATEMENT, now, order_id=order)
    elif isinstance(one, Correction):
        wanted = Adjustment(str(one.reason - REASON), 5, f"rang up about {one.reason}", STAFF, told=False)
        adjust(conn, shop.id, one.customer, wanted, None, now)
    elif isinstance(one, Stuck):
        key = str(one.customer)
        enqueue(conn, [Wanted(shop.id, privacy.ERASE, key, now, {"customer_id": one.customer})], now)
        conn.execute(
            update(task).where(task.c.name == privacy.ERASE, task.c.key == key).values(state="parked")
        )
    elif one.own:
        erase_customer(conn, engine.KEYRING, shop, one.customer, (), now)
    else:
        engine.store(conn, "customers/redact", redact(one.customer, *one.orders), now=now)


async def run(
    url: str, history: History, told: Sequence[Told], gone: set[int], now: datetime, portion: int
) -> None:
    versions = rules(history)
    db = await open_database(url)
    try:

        def work(conn: Connection) -> None:
            first = (versions.loyalty[0][1], versions.shop[0][1])
            shop = engine.install(conn, now=history.installed_at, sections=first)
            versions.write(conn, shop)
            for debit in (one for one in history.debits if one.at <= now):
                engine.redeem(
                    conn, shop, debit.customer, debit.cost, debit.at, now, kind=debit.kind, code=debit.code
                )
            waiting: list[Delivery] = []
            for one in told:
                if isinstance(one, Delivery):
                    waiting.append(one)
                    continue
                tell(conn, shop, waiting, now, portion)
                waiting = []
                happen(conn, shop, one, now)
            tell(conn, shop, waiting, now, portion)
            engine.handle_all(conn, now, portion)
            engine.tick(conn, now)

        await db.write(work)
        assert (await engine.verified(db, now)).breaches == ()
        assert await db.read(lambda conn: left(conn, gone)) == []
    finally:
        await db.close()


def test_sums_stay_right_and_ids_gone(new_database: MakeUrl) -> None:
    examples = 80 if new_database().startswith("sqlite") else 10

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(story=stories(), portion=st.sampled_from([1, 3, 50]))
    def check(story: tuple[History, datetime, list[Told], set[int]], portion: int) -> None:
        history, now, told, gone = story
        asyncio.run(run(new_database(), history, told, gone, now, portion))

    check()
