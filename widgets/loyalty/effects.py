"""What an order does to points: its target under the rule of its own time, posted as a difference."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from plugin import settings, tasks
from plugin.core import accounts, bonuses, ledger, mirror, pasts, positions, redemptions, settlement
from plugin.core.earning import Target
from plugin.core.ledger import Owed
from plugin.core.order_book import OrderChange
from plugin.errors import Park
from widgets.base import Subject
from widgets.loyalty import ranks, tags
from widgets.loyalty.ranks import Ranks
from widgets.loyalty.rules import MODELS, gives_entry_points, has_tiers
from widgets.loyalty.targets import LEARN, Judged, judged, targets


def on_orders(conn: Connection, changes: Sequence[OrderChange], now: datetime) -> None:
    """Bring every order's points to what its facts say today, and those of a reward whose code it used.

    Where a shop has tiers, also those of its customers' other orders that stand on another tier now. Raises Park on a
    foreign currency.
    """
    seen = [change for change in changes if change.state.snapshot is not None]
    if not seen:
        return
    versions = settings.versions(conn, {change.shop_id for change in seen}, MODELS)
    orders = [judged(change.ref, change.shop_id, change.state, versions) for change in seen]
    for one in orders:
        _refuse_foreign(one)
    due = targets(conn, orders)
    tiered = {shop_id for shop_id in {one.shop_id for one in orders} if has_tiers(versions, shop_id)}
    found = [(one, due[one.ref]) for one in orders if one.shop_id not in tiered]
    used = settlement.uses(conn, seen)
    buyers = redemptions.accounts_of(conn, used.redemptions)
    ranked = None
    if tiered:
        mine = [one for one in orders if one.shop_id in tiered]
        ranked = ranks.of_orders(conn, mine, due, versions, also=buyers)
        found += ranked.targets.values()
    told_before = {change.ref for change in seen if not change.first}
    owed = _owed(found)
    moved = mirror.moved(conn, [one for one in owed if one.ref in told_before])
    ending = ledger.post_orders(conn, owed, now, also=buyers)
    accounts.mark(conn, moved, now)
    if ranked is not None:
        ending |= _post_entries(conn, ranked, now)
    ending |= settlement.follow(conn, used, now)
    positions.post_expiry(conn, ending, now)
    _ask(conn, {one.shop_id for one in owed if one.target.waits}, now)


def on_merge(conn: Connection, shop_id: int, root: int, now: datetime) -> None:
    """Bring the orders of a merged account to their tiers, as one history."""
    _settle(conn, shop_id, [root], now)


def leave(conn: Connection, subject: Subject, now: datetime) -> None:
    """Bring the orders of others who share an account with the subject's, which are about to be sealed, to their tiers.

    A sealed order goes on to count as it stands, and no longer as it stood before.
    """
    shop_id, refs = subject.shop_id, subject.order_refs
    if refs and has_tiers(settings.versions(conn, [shop_id], MODELS), shop_id):
        held = accounts.hold(conn, pasts.holders(conn, refs))
        groups = accounts.members(conn, {one.root_id for one in held.values()})
        gone = {None, *subject.customer_ids}
        living = [root for root, group in groups.items() if {one.customer_id for one in group} - gone]
        _settle(conn, shop_id, living, now, refs)


def _settle(
    conn: Connection, shop_id: int, roots: Collection[int], now: datetime, leaving: Collection[int] = ()
) -> None:
    """Bring all orders of these root accounts to the tiers that they stand on; the caller has locked the accounts."""
    versions = settings.versions(conn, [shop_id], MODELS)
    if has_tiers(versions, shop_id):
        found = ranks.of_roots(conn, shop_id, roots, versions, leaving)
        ending = ledger.post_orders(conn, _owed(list(found.targets.values())), now)
        positions.post_expiry(conn, ending | _post_entries(conn, found, now), now)


def _post_entries(conn: Connection, ranked: Ranks, now: datetime) -> set[int]:
    """Post what reaching tiers brings, have tags looked at, and return the accounts whose points may expire by it."""
    touched: set[int] = set()
    for shop_id, wanted in ranked.entries().items():
        if gives_entry_points(ranked.versions, shop_id):
            touched |= bonuses.post(conn, shop_id, wanted, ranks.TIER, now)
        if tags.uses_tags(ranked.versions, shop_id):
            tags.mark(conn, shop_id, wanted, now)
    return {root for root, one in accounts.by_id(conn, touched).items() if one.expires}


def _owed(found: Sequence[tuple[Judged, Target]]) -> list[Owed]:
    return [
        Owed(
            shop_id=one.shop_id,
            ref=one.ref,
            customer_id=one.state.customer_id,
            target=target,
            business_at=one.state.facts.updated_at,
            rule_version=one.rule.version,
        )
        for one, target in found
    ]


def _refuse_foreign(order: Judged) -> None:
    currency = order.state.facts.currency
    if currency != order.rule.currency:
        raise Park(f"The order is in {currency}, the rule of its time in {order.rule.currency}.")


def _ask(conn: Connection, shop_ids: Iterable[int], now: datetime) -> None:
    """Have the products asked about for which orders wait."""
    tasks.enqueue(conn, [tasks.Wanted(id, LEARN, "all", now, {}) for id in shop_ids], now)
