"""What webhooks missed: orders fetched from the Admin API and fed to the same function as webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

import widgets
from plugin import nightly, tasks
from plugin.clock import Job
from plugin.core import order_book
from plugin.core.orders import Arrival, OrderState
from plugin.crypto import keyed_hash
from plugin.errors import Park
from plugin.pseudonyms import Pseudonyms
from plugin.shopify import FetchedOrder, changed_orders, fetch_order
from plugin.shops import Shop, shop
from plugin.tasks import Handler, TaskRun, Wanted

if TYPE_CHECKING:
    from plugin.runtime import Runtime

RECONCILE = "orders.reconcile"
PORTION = 50
WINDOW = timedelta(days=2)
"""How far the nightly run looks back; webhooks may be a day late."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many orders were fetched, and how many of them told something that no webhook had."""

    fetched: int = 0
    missed: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return both together."""
        return Outcome(self.fetched + other.fetched, self.missed + other.missed)


async def reconcile(runtime: "Runtime | TaskRun", whose: Shop, since: datetime, now: datetime) -> Outcome:
    """Fetch every order changed since then, merge it, and keep what that came to."""
    outcome = Outcome()
    portion: list[FetchedOrder] = []
    async for fetched in changed_orders(runtime.gateway, whose, since):
        portion.append(fetched)
        if len(portion) == PORTION:
            outcome += await _absorb(runtime, whose, portion, now)
            portion = []
    outcome += await _absorb(runtime, whose, portion, now)
    kept = partial(nightly.keep_comparison, shop_id=whose.id, fetched=outcome.fetched, missed=outcome.missed)
    await runtime.db.write(partial(kept, now=now))
    return outcome


async def _absorb(
    runtime: "Runtime | TaskRun", whose: Shop, found: Sequence[FetchedOrder], now: datetime
) -> Outcome:
    if not found:
        return Outcome()

    try:
        missed = await runtime.db.write(partial(_merge, run=runtime, whose=whose, found=found, now=now))
    except Park:
        if len(found) == 1:
            await _set_aside(runtime, whose, found[0].arrival.order_id, now)
            return Outcome(1)
        return sum([await _absorb(runtime, whose, [one], now) for one in found], Outcome())
    runtime.bells.ring(*(f"order:{whose.id}:{one.arrival.order_id}" for one in found))
    return Outcome(len(found), missed)


def _merge(
    conn: Connection, run: "Runtime | TaskRun", whose: Shop, found: Sequence[FetchedOrder], now: datetime
) -> int:
    """Merge what was fetched; returns how many of the orders were not known to be so."""
    pseudonyms = Pseudonyms(run.keyring, [whose])
    key = pseudonyms.key(whose.id)
    before = order_book.told(conn, whose.id, [one.arrival.order_id for one in found])
    changes = widgets.apply(conn, [_arrival(whose, key, one) for one in found], now, pseudonyms)
    return sum(known(before.get(one.order_id)) != known(one.state) for one in changes)


def known(state: OrderState | None) -> object:
    """Return what was told of an order, whoever told it and when; two states that differ in that alone are equal."""
    if state is None or state.snapshot is None:
        return None
    lost = state.dispute is not None and state.dispute[1]
    facts = replace(state.facts, updated_at=state.facts.processed_at)
    parcels = [(one.id, one.status, one.number, one.items, one.scans) for one in state.parcels]
    return (facts, state.refunds, state.customer_id, state.deleted, lost, parcels)


async def _set_aside(runtime: "Runtime | TaskRun", whose: Shop, order_id: int, now: datetime) -> None:
    """Leave an order that cannot be counted to a task of its own, which is parked where somebody sees it."""
    wanted = Wanted(whose.id, widgets.FETCH_ORDER, str(order_id), now, {"order_id": order_id})
    await runtime.db.write(lambda conn: tasks.enqueue(conn, [wanted], now))


def _arrival(whose: Shop, key: bytes, fetched: FetchedOrder) -> Arrival:
    arrival, token = fetched.arrival, fetched.checkout_token
    return Arrival(
        shop_id=whose.id,
        order_id=arrival.order_id,
        snapshot=arrival.snapshot,
        token=keyed_hash(key, token) if token else None,
        refunds=arrival.refunds,
        lost=fetched.lost,
        parcels=arrival.parcels,
    )


async def fetch_one(run: TaskRun) -> None:
    """Fetch one order that webhooks left unclear; one that is gone changes nothing (semantics A 3)."""
    try:
        order_id = int(run.payload["order_id"])
    except (KeyError, ValueError) as error:
        raise Park("The task names no order.") from error
    fetched = await fetch_order(run.gateway, run.shop, order_id)
    if fetched is not None:
        await run.db.write(partial(_merge, run=run, whose=run.shop, found=[fetched], now=run.now))
        run.bells.ring(f"order:{run.shop.id}:{order_id}")


async def compare(run: TaskRun) -> None:
    """Fetch what changed in the last days."""
    await reconcile(run, run.shop, run.now - WINDOW, run.now)


def ask_all(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask for the nightly run of every installed shop; always done at once."""
    wanted = select(shop.c.id).where(shop.c.uninstalled_at.is_(None), shop.c.installed_at.is_not(None))
    if shop_id is not None:
        wanted = wanted.where(shop.c.id == shop_id)
    ids = conn.execute(wanted).scalars()
    tasks.enqueue(conn, [Wanted(id, RECONCILE, "nightly", now, {}) for id in ids], now)
    return 0


TASKS: Mapping[str, Handler] = {widgets.FETCH_ORDER: fetch_one, RECONCILE: compare}
JOBS = (Job("orders.reconcile", timedelta(days=1), ask_all),)
