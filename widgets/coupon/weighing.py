"""Which campaigns could be an order's coupon by its own facts, of those that a shop offers now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from plugin.core.earning import Counting
from plugin.core.order_book import OrderChange
from plugin.database import among
from plugin.settings import ShopSettings, Versions
from plugin.shops import shop
from widgets.coupon import campaigns, offers
from widgets.coupon.campaigns import Node
from widgets.coupon.doubts import Choice, Doubt
from widgets.coupon.offers import Offer
from widgets.coupon.owed import Refusal, Terms, expires_on, refusal
from widgets.coupon.settings import CouponSettings

MODELS = (CouponSettings, ShopSettings)

_INSTALLED = select(shop.c.id, shop.c.installed_at).where(among(shop.c.id, "shops"))


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer, its terms in this shop, and its discount."""

    offer: Offer
    terms: Terms
    node: Node

    def choice(self, change: OrderChange, *, certain: bool = False) -> Choice:
        """Return it as an order's choice; ``certain``: whatever is known of the customer."""
        offer, last_day = self.offer, expires_on(change.state, self.terms)
        if certain:
            return Choice(offer.name, self.node.id, last_day)
        return Choice(offer.name, self.node.id, last_day, offer.first_only, offer.every, offer.tags)


@dataclass(slots=True)
class Scales:
    """What shops offer, by their ids, the offer that goes first first; a shop that offers nothing is left out."""

    offered: Mapping[int, Sequence[Offered]] = field(default_factory=dict)
    capped: frozenset[int] = frozenset()
    """The shops where a coupon may be too dear for what is left of a month."""

    @property
    def nodes(self) -> dict[int, Node]:
        """The discounts of all offers."""
        return {one.node.id: one.node for of in self.offered.values() for one in of}

    def weigh(self, change: OrderChange, at: datetime) -> Doubt | None:
        """Return what could be the coupon of an order that was first handled at ``at``; None where nothing is offered.

        What Shopify refuses to make comes last. After a certain choice others are named only where it may be too dear.
        """
        offered = self.offered.get(change.shop_id)
        return _doubt(change, offered, at, all_of_it=change.shop_id in self.capped) if offered else None


def set_up(conn: Connection, shop_ids: Collection[int], versions: Versions, now: datetime) -> Scales:
    """Return what these shops offer now; a discount that is new is written down."""
    running = {id: of for id in shop_ids if (of := offers.of_shop(versions, id))}
    if not running:
        return Scales()
    wanted = [(id, offer.gives) for id in sorted(running) for offer in running[id]]
    nodes = campaigns.all_nodes(conn, wanted, now)
    installed = {row.id: row.installed_at for row in conn.execute(_INSTALLED, {"shops": sorted(running)})}
    offered = {
        id: [
            Offered(offer, _terms(versions, offer, id, installed[id]), nodes[id, offer.gives])
            for offer in running[id]
        ]
        for id in running
    }
    return Scales(offered, frozenset(id for id in running if offers.cap_of(versions, id).amount))


def counting(versions: Versions, shop_id: int) -> Counting:
    """Return which orders a shop counts now."""
    of_shop = versions.current(shop_id, ShopSettings).value
    return Counting(of_shop.active_since, of_shop.count_test_orders)


def _doubt(change: OrderChange, offered: Sequence[Offered], at: datetime, *, all_of_it: bool) -> Doubt:
    choices, refused = list[Choice](), list[Choice]()
    why: Refusal | None = None
    node_id, last_day, day = 0, at.date(), at.date()
    for one in offered:
        why = refusal(change.state, one.terms, at)
        day = change.state.facts.processed_at.astimezone(one.terms.zone).date()
        node_id, last_day = one.node.id, expires_on(change.state, one.terms)
        if why is not None or not one.offer.meets(day, change.state.facts.country):
            continue
        if one.node.refused:
            refused.append(one.choice(change))
            continue
        choices.append(one.choice(change))
        if not (one.offer.asks or all_of_it):
            break
    return Doubt((*choices, *refused), node_id, last_day, why, day)


def _terms(versions: Versions, offer: Offer, shop_id: int, installed_at: datetime) -> Terms:
    return Terms(
        minimum=offer.minimum,
        currency=offer.gives.currency,
        valid_days=offer.valid_days,
        zone=versions.current(shop_id, ShopSettings).value.zone,
        counting=counting(versions, shop_id),
        installed_at=installed_at,
    )
