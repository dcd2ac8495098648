"""The oracle itself: no arrival changes it, and it agrees with what truly happened to an order."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.facts import decode_order
from tests.oracle.model import AFTER_ALL_ORDERS, History, LoyaltyVersion, judge
from tests.oracle.orders import Delivery, greatest
from tests.oracle.purchase import Purchase
from tests.oracle.strategies import arrivals, histories, purchases, rearranged
from tests.unit.oracle.stories import LATER


@given(st.data())
def test_any_order_with_duplicates_gives_the_same_verdict(data: st.DataObject) -> None:
    history, now = data.draw(histories())
    assert judge(data.draw(rearranged(history)), now) == judge(history, now)


@given(purchases())
def test_choosing_is_associative_and_idempotent(purchase: Purchase) -> None:
    snapshots = [
        decode_order(body, source, fetched_at)
        for topic, body, source, fetched_at in purchase.deliveries
        if body is not None and topic not in ("refunds/create", "orders/delete")
    ]
    for cut in range(1, len(snapshots)):
        halves = [greatest(snapshots[:cut]), greatest(snapshots[cut:])]
        assert greatest([s for s in halves * 2 if s is not None]) == greatest(snapshots)


@given(st.data())
def test_net_value_is_what_the_shopkeeper_would_say(data: st.DataObject) -> None:
    purchase = data.draw(purchases())
    purchase.wait(1)
    purchase.tell("orders/updated")
    history = History(deliveries=tuple(data.draw(arrivals(purchase.deliveries))))
    assert judge(history, LATER).orders[purchase.id].net == purchase.merchandise()


@given(st.data())
def test_refunds_that_no_snapshot_holds_yet_are_worth_the_same(data: st.DataObject) -> None:
    purchase = data.draw(purchases(most_steps=4))
    purchase.wait(1)
    purchase.tell("orders/updated")
    for number in range(1, data.draw(st.integers(1, 3)) + 1):
        purchase.wait(60)
        line = data.draw(st.integers(0, len(purchase.pieces) - 1))
        favour = data.draw(st.sampled_from([0, 150]))
        purchase.refund(purchase.id * 50 + 40 + number, {line: 1}, favour=favour, told=False)
    rule = (LoyaltyVersion(basis="net"),)
    early = judge(History(tuple(purchase.deliveries), rule), LATER).orders[purchase.id]
    purchase.tell("orders/updated")
    late = judge(History(tuple(purchase.deliveries), rule), LATER).orders[purchase.id]
    assert early.net == late.net == purchase.merchandise()
    assert early.base == late.base


@given(histories())
def test_figures_hang_together(story: tuple[History, datetime]) -> None:
    history, now = story
    verdict = judge(history, now)
    for account in verdict.accounts.values():
        assert account.available + account.pending - account.debt == account.total
        assert account.available == 0 or account.debt == 0
        returned = sum(points for debit in account.spent for _, points in debit.back)
        spent = sum(
            debit.cost for debit in history.debits if debit.customer in account.members and debit.at <= now
        )
        assert account.total == account.lifetime - account.expired - spent + returned
    held = sum(account.lifetime for account in verdict.accounts.values())
    earned = sum(order.target for order in verdict.orders.values() if order.account is not None)
    accounts = verdict.accounts.values()
    given_once = sum(lot.points for one in accounts for lot in one.lots if lot.order >= AFTER_ALL_ORDERS)
    assert held == earned + given_once


@given(histories())
def test_deleting_every_order_leaves_no_points(story: tuple[History, datetime]) -> None:
    history, _ = story
    undone = tuple(Delivery("orders/delete", {"id": order}) for order in judge(history, LATER).orders)
    verdict = judge(replace(history, deliveries=history.deliveries + undone, debits=()), LATER)
    assert all(account.total == account.lifetime == 0 for account in verdict.accounts.values())
