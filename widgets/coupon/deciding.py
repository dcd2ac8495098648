"""Which campaign an order's coupon is of: decided when it is first handled, or as soon as its customer is known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, select

from plugin import settings
from plugin.core.earning import Counting
from plugin.core.order_book import OrderChange
from plugin.database import among
from plugin.settings import ShopSettings, Versions
from plugin.shops import shop
from plugin.tasks import Wanted
from widgets.coupon import campaigns, doubts, offers, people
from widgets.coupon.budget import Cap
from widgets.coupon.campaigns import Campaign, Node
from widgets.coupon.doubts import Buyer, Choice, Doubt
from widgets.coupon.offers import Offer
from widgets.coupon.owed import Refusal, Terms, expires_on, refusal
from widgets.coupon.people import Asked
from widgets.coupon.settings import CouponSettings

MODELS = (CouponSettings, ShopSettings)

CUSTOMER = "coupon.customer"
"""The task that asks Shopify about a customer; its key is ours of their row, with a day where tags are asked for."""

_INSTALLED = select(shop.c.id, shop.c.installed_at).where(among(shop.c.id, "shops"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an order gets, or why nothing; with a ``doubt`` neither is known."""

    campaign: str
    node_id: int | None
    last_day: date
    refusal: Refusal | None
    doubt: str | None = None
    face: int | None = None
    month: str | None = None

    @property
    def owed(self) -> bool:
        """Tell whether there is a coupon, whatever became of the order."""
        return self.refusal is None and self.doubt is None


@dataclass(slots=True)
class Decided:
    """Verdicts by our key of the order, the nodes they name, and the questions that are open."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)
    questions: list[Wanted] = field(default_factory=list)
    caps: dict[int, Cap] = field(default_factory=dict)
    """Of the shops that have one."""
    mailing: frozenset[int] = frozenset()
    """The shops whose mails are to show their coupons."""


def decide(
    conn: Connection,
    firsts: Collection[OrderChange],
    doubtful: Mapping[int, tuple[OrderChange, Doubt]],
    now: datetime,
) -> Decided:
    """Decide orders that are handled first, by what is on offer now, and those that were left open.

    An order of a shop that offers nothing gets no verdict. Only a campaign that asks about the customer reads them.
    """
    decided = Decided()
    shops = {one.shop_id for one in firsts} | {one.shop_id for one, _ in doubtful.values()}
    if not shops:
        return decided
    versions = settings.versions(conn, shops, MODELS)
    open_ = dict(doubtful)
    if firsts:
        open_ |= _weigh(conn, firsts, versions, decided, now)
    asking = [
        Asked(one, doubt.day, any(choice.tags for choice in doubt.choices))
        for one, doubt in open_.values()
        if doubt.choices and doubt.choices[0].asks
    ]
    decided.caps = {id: cap for id in shops if (cap := offers.cap_of(versions, id)).amount}
    decided.mailing = frozenset(id for id in shops if versions.current(id, CouponSettings).value.in_mails)
    counting = {id: _counting(versions, id) for id in shops}
    found = people.buyers(conn, asking, counting) if asking else {}
    for ref, (change, doubt) in open_.items():
        known = found.get(ref)
        decision = doubts.settle(doubt, known.buyer if known else Buyer())
        if decision is not None:
            decided.verdicts[ref] = Verdict(
                decision.name, decision.node_id, decision.last_day, decision.refusal
            )
            continue
        decided.verdicts[ref] = Verdict("", None, doubt.last_day, None, doubt.encode())
        if known is not None and known.key is not None:
            decided.questions.append(_question(change, doubt, known.buyer, known.key, now))
    named = {one.node_id for one in decided.verdicts.values() if one.node_id is not None}
    decided.nodes |= campaigns.by_id(conn, named - decided.nodes.keys())
    return decided


def _question(change: OrderChange, doubt: Doubt, buyer: Buyer, key: int, now: datetime) -> Wanted:
    """Return what is to be asked: the tags only where a choice depends on them."""
    needs_tags = buyer.tags is None and any(choice.tags for choice in doubt.choices)
    asked = f"{key}:{doubt.day}" if needs_tags and doubt.day else str(key)
    return Wanted(change.shop_id, CUSTOMER, asked, now, {})


def _weigh(
    conn: Connection, firsts: Collection[OrderChange], versions: Versions, decided: Decided, now: datetime
) -> dict[int, tuple[OrderChange, Doubt]]:
    """Return for each order what could be its coupon by its own facts."""
    running = {id: of for id in {one.shop_id for one in firsts} if (of := offers.of_shop(versions, id))}
    if not running:
        return {}
    wanted = [(id, offer.gives) for id in sorted(running) for offer in running[id]]
    nodes = campaigns.all_nodes(conn, wanted, now)
    decided.nodes |= {node.id: node for node in nodes.values()}
    installed = {row.id: row.installed_at for row in conn.execute(_INSTALLED, {"shops": sorted(running)})}
    terms = {id: [_terms(versions, offer, id, installed[id]) for offer in running[id]] for id in running}
    return {
        one.ref: (one, _doubt(one, running[one.shop_id], terms[one.shop_id], nodes, now))
        for one in firsts
        if one.shop_id in running
    }


def _doubt(
    change: OrderChange,
    running: Collection[Offer],
    terms: Collection[Terms],
    nodes: Mapping[tuple[int, Campaign], Node],
    now: datetime,
) -> Doubt:
    choices: list[Choice] = []
    why, node_id, last_day = None, 0, now.date()
    day = now.date()
    for offer, of_offer in zip(running, terms, strict=True):
        why = refusal(change.state, of_offer, now)
        day = change.state.facts.processed_at.astimezone(of_offer.zone).date()
        node_id, last_day = nodes[change.shop_id, offer.gives].id, expires_on(change.state, of_offer)
        if why is None and offer.meets(day, change.state.facts.country):
            choices.append(Choice(offer.name, node_id, last_day, offer.first_only, offer.every, offer.tags))
            if not offer.asks:
                break
    return Doubt(tuple(choices), node_id, last_day, why, day)


def _terms(versions: Versions, offer: Offer, shop_id: int, installed_at: datetime) -> Terms:
    return Terms(
        minimum=offer.minimum,
        currency=offer.gives.currency,
        valid_days=offer.valid_days,
        zone=versions.current(shop_id, ShopSettings).value.zone,
        counting=_counting(versions, shop_id),
        installed_at=installed_at,
    )


def _counting(versions: Versions, shop_id: int) -> Counting:
    of_shop = versions.current(shop_id, ShopSettings).value
    return Counting(of_shop.active_since, of_shop.count_test_orders)
