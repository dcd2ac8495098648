"""Which campaign an order's coupon is of: decided when it is first handled, or as soon as its customer is known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from plugin import settings
from plugin.core.order_book import OrderChange
from plugin.settings import ShopSettings
from plugin.tasks import Wanted
from widgets.coupon import campaigns, doubts, offers, people, weighing
from widgets.coupon.budget import Cap
from widgets.coupon.campaigns import Node
from widgets.coupon.doubts import Buyer, Choice, Decision, Doubt
from widgets.coupon.owed import Refusal
from widgets.coupon.people import Asked, Found
from widgets.coupon.settings import CouponSettings
from widgets.coupon.weighing import MODELS as MODELS

CUSTOMER = "coupon.customer"
"""The task that asks Shopify about a customer; its key is ours of their row, with a day where tags are asked for."""


PATIENCE = timedelta(days=1)
"""So long an order waits for the answer; then it gets the first of its choices that needs none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an order gets, or why nothing; with a ``doubt`` neither is known.

    ``others`` are what it could have instead; a ``promised`` coupon is due in any case.
    """

    campaign: str
    node_id: int | None
    last_day: date
    refusal: Refusal | None
    doubt: str | None = None
    face: int | None = None
    month: str | None = None
    others: tuple[Choice, ...] = ()
    promised: bool = False

    @property
    def owed(self) -> bool:
        """Tell whether there is a coupon, whatever became of the order."""
        return self.refusal is None and self.doubt is None


@dataclass(frozen=True, slots=True)
class Open:
    """An order that is to be decided, and since when."""

    change: OrderChange
    doubt: Doubt
    since: datetime


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
    conn: Connection, firsts: Collection[OrderChange], doubtful: Mapping[int, Open], now: datetime
) -> Decided:
    """Decide orders that are handled first, by what is on offer now, and those that were left open.

    An order of a shop that offers nothing gets no verdict. Only a campaign that asks about the customer reads them.
    """
    decided = Decided()
    shops = {one.shop_id for one in firsts} | {one.change.shop_id for one in doubtful.values()}
    if not shops:
        return decided
    versions = settings.versions(conn, shops, MODELS)
    open_ = _renewed(conn, doubtful, decided, now)
    if firsts:
        scales = weighing.set_up(conn, {one.shop_id for one in firsts}, versions, now)
        decided.nodes |= scales.nodes
        open_ |= {one.ref: Open(one, doubt, now) for one in firsts if (doubt := scales.weigh(one, now))}
    decided.caps = {id: cap for id in shops if (cap := offers.cap_of(versions, id)).amount}
    decided.mailing = frozenset(id for id in shops if versions.current(id, CouponSettings).value.in_mails)
    asking = [
        Asked(one.change, one.doubt.day, any(choice.tags for choice in one.doubt.asking))
        for one in open_.values()
        if one.doubt.asking
    ]
    found = (
        people.buyers(conn, asking, {id: weighing.counting(versions, id) for id in shops}) if asking else {}
    )
    for ref, one in open_.items():
        today = now.astimezone(versions.current(one.change.shop_id, ShopSettings).value.zone).date()
        _settle(one, found.get(ref), today, decided, now)
    return decided


def _renewed(
    conn: Connection, doubtful: Mapping[int, Open], decided: Decided, now: datetime
) -> dict[int, Open]:
    """Return what was left open with the discounts that hold its campaigns now."""
    named = {choice.node_id for one in doubtful.values() for choice in one.doubt.choices}
    decided.nodes |= campaigns.by_id(conn, named | {one.doubt.node_id for one in doubtful.values()})
    heirs = campaigns.heirs(conn, decided.nodes.values(), now)
    decided.nodes |= {node.id: node for node in heirs.values()}
    ids = {old: node.id for old, node in heirs.items()}
    refused = {node.id for node in decided.nodes.values() if node.refused}
    return {ref: replace(one, doubt=one.doubt.on(ids, refused)) for ref, one in doubtful.items()}


def _settle(one: Open, known: Found | None, today: date, decided: Decided, now: datetime) -> None:
    doubt, buyer = one.doubt, known.buyer if known else Buyer()
    decision = doubts.settle(doubt, buyer, today, patient=now - one.since < PATIENCE)
    if decision is not None:
        decided.verdicts[one.change.ref] = _verdict(decision, doubt)
        return
    decided.verdicts[one.change.ref] = Verdict("", None, doubt.last_day, None, doubt.encode())
    if known is not None and known.key is not None:
        decided.questions.append(_question(one, buyer, known.key, now))


def _verdict(decision: Decision, doubt: Doubt) -> Verdict:
    return Verdict(
        decision.name,
        decision.node_id,
        decision.last_day,
        decision.refusal,
        others=decision.others,
        promised=doubt.promised,
    )


def _question(one: Open, buyer: Buyer, key: int, now: datetime) -> Wanted:
    """Return what is to be asked: the tags only where a choice depends on them."""
    day = one.doubt.day
    needs_tags = buyer.tags is None and any(choice.tags for choice in one.doubt.asking)
    return Wanted(one.change.shop_id, CUSTOMER, f"{key}:{day}" if needs_tags and day else str(key), now, {})
