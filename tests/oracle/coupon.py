"""What a coupon's state may be: the part of rule 18 that no arrival can change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.facts import Snapshot
from tests.oracle.orders import Evidence, chosen, net, union

FROM_A_CHECKOUT = frozenset({"web", "shopify_draft_order"})
FRESH = timedelta(days=7)

OPEN = frozenset({"ready", "pending"})
NONE = frozenset({"none"})


@dataclass(frozen=True, slots=True)
class Campaign:
    """The one campaign that was in force whenever an order was first handled; money in minor units.

    A cap and a first order are judged at first handling, so that arrival decides; a stamp card decides what a coupon
    is worth and never whether there is one.
    """

    enabled: bool = True
    minimum: int = 0
    valid_days: int = 30
    first_order_only: bool = False
    stamp_every: int = 0
    monthly_cap: int = 0

    @property
    def leaves_some_out(self) -> bool:
        """Whether an order that meets everything else may get none."""
        return self.first_order_only or self.monthly_cap > 0


@dataclass(frozen=True, slots=True)
class Terms:
    """When orders may earn a coupon at all; `handled_at` stands for the first handling of every order."""

    campaign: Campaign
    active_from: datetime
    installed_at: datetime
    handled_at: datetime


def is_used(order: int, codes: Mapping[int, str], evidence: Mapping[int, Evidence]) -> bool:
    """Whether some order's facts name the code that `order` was given; codes match in any case."""
    code = codes.get(order, "").casefold()
    if not code:
        return False
    every = (chosen(other) for other in evidence.values())
    return any(code == used.casefold() for s in every if s is not None for used in s.codes)


def states(
    order: Evidence, codes: Mapping[int, str], evidence: Mapping[int, Evidence], terms: Terms, zone: str
) -> frozenset[str]:
    """The states the coupon of an order may show; more than one where arrival or minting decides."""
    if is_used(order.id, codes, evidence):
        return frozenset({"redeemed"})
    s = chosen(order)
    if s is None:
        return frozenset({"void", "none"}) if order.deleted else NONE
    if order.deleted or s.cancelled_at is not None or s.status in ("voided", "refunded"):
        return frozenset({"void"})
    if order.id in codes:
        return OPEN
    views = [is_owed(view, order, terms, zone) for view in order.snapshots]
    if all(surely for surely, _ in views) and not terms.campaign.leaves_some_out:
        return OPEN
    return OPEN | NONE if any(possibly for _, possibly in views) else NONE


def is_owed(s: Snapshot, order: Evidence, terms: Terms, zone: str) -> tuple[bool, bool]:
    """Whether a first handling that saw `s` owes a coupon: with every refund known, and with those in `s` alone."""
    today = terms.handled_at.astimezone(ZoneInfo(zone)).date()
    expires_on = s.processed_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=terms.campaign.valid_days)
    is_fresh = terms.handled_at - s.processed_at < FRESH or terms.active_from < terms.installed_at
    if not (
        terms.campaign.enabled
        and s.source_name in FROM_A_CHECKOUT
        and min(s.created_at, s.processed_at) >= terms.active_from
        and is_fresh
        and expires_on >= today
    ):
        return False, False
    least = net(s, union(order).values())
    most = net(s, s.refunds)
    return least > 0 and least >= terms.campaign.minimum, most > 0 and most >= terms.campaign.minimum
