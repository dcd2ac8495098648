"""Tiers of whole accounts: what every order of theirs was multiplied by, seen from today's facts (semantics B 15).

An order counts towards the tier of each later one. So whatever is told of an order, all orders of its account are looked
at, and those whose tier it changes are derived again at once, in the same transaction and under the same lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from plugin.core import accounts, order_codec, pasts
from plugin.core.as_of import as_of
from plugin.core.bonuses import Due
from plugin.core.campaigns import NOTHING, Known
from plugin.core.earning import Target, expires, matures
from plugin.core.ladder import Tier
from plugin.core.order_book import order
from plugin.core.pasts import PastRow
from plugin.core.tiers import Entered, History, Past
from plugin.database import among
from plugin.settings import Versions
from widgets.loyalty.rules import rule_at
from widgets.loyalty.targets import Judged, judged, known_of

TIER = "tier:"
"""Begins the source of a bonus for reaching a tier."""

_STATES = select(order.c.id, order.c.shop_id, order.c.state).where(among(order.c.id, "refs"), ~order.c.sealed)


@dataclass(slots=True)
class Ranks:
    """Some accounts, by their root: the history of each, and the targets of the orders that are to be posted."""

    versions: Versions
    shops: dict[int, int]
    histories: dict[int, History] = field(default_factory=dict)
    targets: dict[int, tuple[Judged, Target]] = field(default_factory=dict)
    """By our key of the order: those just told, and others whose tier is another one now."""

    def entries(self) -> dict[int, dict[int, list[Due]]]:
        """Return what each account should have for the tiers it ever reached, by shop and root account."""
        found: dict[int, dict[int, list[Due]]] = defaultdict(dict)
        for root, history in self.histories.items():
            shop_id = self.shops[root]
            entered = history.entered(partial(rule_at, self.versions, shop_id))
            found[shop_id][root] = [_due(one) for one in entered.values()]
        return found


def of_orders(
    conn: Connection,
    orders: Sequence[Judged],
    due: Mapping[int, Target],
    versions: Versions,
    also: Iterable[int] = (),
) -> Ranks:
    """Return the ranks of all accounts that these orders belong to or did; they are locked by this.

    ``due`` are the orders' targets without a tier, ``also`` accounts that are locked together with those.
    """
    customers = {(one.shop_id, one.state.customer_id) for one in orders}
    homes = accounts.ensure(conn, [(shop, customer) for shop, customer in customers if customer is not None])
    before = pasts.holders(conn, [one.ref for one in orders])
    concerned = {home.id for home in homes.values()} | before
    held = accounts.hold(conn, concerned | set(also))
    roots = {pair: held[home.id].root_id for pair, home in homes.items()}
    told = {
        one.ref: (roots.get((one.shop_id, one.state.customer_id or 0)), one, due[one.ref]) for one in orders
    }
    return _ranks(conn, {held[id].root_id: held[id].shop_id for id in concerned}, told, versions)


def of_roots(
    conn: Connection,
    shop_id: int,
    roots: Iterable[int],
    versions: Versions,
    leaving: Collection[int] = (),
) -> Ranks:
    """Return the ranks of a shop's root accounts that the caller has locked; ``leaving`` are about to be sealed."""
    return _ranks(conn, dict.fromkeys(roots, shop_id), {}, versions, leaving)


_Told = Mapping[int, tuple[int | None, Judged, Target]]
"""Root account (None for a guest), order and target without a tier, by our key of the order."""


def _ranks(
    conn: Connection,
    shops: Mapping[int, int],
    told: _Told,
    versions: Versions,
    leaving: Collection[int] = (),
) -> Ranks:
    """``shops`` holds the shop of each root account; one whose orders have left has a history still, an empty one."""
    others = {
        row.ref: replace(row, sealed=row.sealed or row.ref in leaving)
        for row in pasts.of_roots(conn, shops)
        if row.ref not in told
    }
    by_root: dict[int, list[Past]] = {root: [] for root in shops}
    found = Ranks(versions, dict(shops))
    for row in others.values():
        by_root[row.root].append(_past(row, versions))
    for root, one, target in told.values():
        if root is not None:
            by_root[root].append(_told_past(one, target))
        else:
            found.targets[one.ref] = (one, target)
    then = Earlier(conn, versions, {ref: one for ref, (_, one, _) in told.items()})
    then.prepare(by_root.values(), {ref for ref, row in others.items() if row.sealed})
    changed: dict[int, Tier | None] = {}
    for root, mine in by_root.items():
        history = found.histories[root] = History(mine, then)
        for past in mine:
            tier = history.tier(rule_at(versions, found.shops[root], past.at), past.at)
            if past.ref in told or _moved(others[past.ref], tier):
                changed[past.ref] = tier
    then.load(list(changed))
    for ref, tier in changed.items():
        one = then.orders[ref]
        target = told[ref][2] if tier is None and ref in told else one.target(then.known_of(one), tier)
        found.targets[ref] = (one, target)
    return found


def _due(entered: Entered) -> Due:
    available_at = matures(entered.at, entered.rule)
    return Due(
        source=f"{TIER}{entered.tier.id}",
        points=entered.tier.entry_points,
        reached_at=entered.at,
        available_at=available_at,
        expires_at=expires(available_at, entered.rule),
        rule_version=entered.rule.version,
    )


def _moved(row: PastRow, tier: Tier | None) -> bool:
    return not row.sealed and row.tier != (tier.id if tier else None)


class Earlier:
    """Orders as they stood at an instant; their facts are read only where something was undone later."""

    def __init__(self, conn: Connection, versions: Versions, orders: Mapping[int, Judged]) -> None:
        self._conn = conn
        self._versions = versions
        self._known: dict[int, Known] = {}
        self._asked: set[int] = set()
        self.orders = dict(orders)

    def prepare(self, histories: Iterable[Sequence[Past]], sealed: Collection[int]) -> None:
        """Read the facts of all orders that stood otherwise when a later order of the same account was processed."""
        open_ = [
            past
            for mine in histories
            for past in mine
            if past.ref not in sealed
            and past.final_from is not None
            and any(past.at < other.at <= past.final_from for other in mine)
        ]
        self.load([past.ref for past in open_])

    def load(self, refs: Sequence[int]) -> None:
        """Read the facts of these orders, and what is known of their products."""
        missing = [ref for ref in refs if ref not in self.orders]
        for row in self._conn.execute(_STATES, {"refs": missing}) if missing else ():
            self.orders[row.id] = judged(row.id, row.shop_id, order_codec.decode(row.state), self._versions)
        new = [self.orders[ref] for ref in refs if ref in self.orders and ref not in self._asked]
        self._asked |= {one.ref for one in new}
        self._known |= known_of(self._conn, new)

    def known_of(self, one: Judged) -> Known:
        """Return what is known of the products of an order that was loaded."""
        return self._known.get(one.ref, NOTHING)

    def __call__(self, past: Past, at: datetime) -> Past:
        """Return the order as it stood; one whose facts are gone stands for good."""
        one = self.orders.get(past.ref)
        if one is None:
            return past
        target = replace(one, state=as_of(one.state, at)).target(self.known_of(one))
        return replace(past, kept=target.kept, base=target.base)


def _past(row: PastRow, versions: Versions) -> Past:
    rule = rule_at(versions, row.shop_id, row.at)
    final_from = None if row.sealed else row.final_from
    return Past(row.ref, row.at, row.kept, row.base, rule.currency, final_from)


def _told_past(one: Judged, target: Target) -> Past:
    at = one.state.facts.processed_at
    return Past(one.ref, at, target.kept, target.base, one.rule.currency, target.final_from)
