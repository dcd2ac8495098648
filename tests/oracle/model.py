"""The oracle: everything a shop's orders, points and coupons must come to, from all that was ever delivered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from tests.oracle import coupon
from tests.oracle.campaigns import Bonus, Shelf, weighted
from tests.oracle.facts import Refund, Snapshot, exponent
from tests.oracle.lots import Debit, Lot, Standing, lot_times, replay
from tests.oracle.orders import (
    Delivery,
    Evidence,
    checkout_token,
    chosen,
    customer,
    gather,
    is_ambiguous,
    kept,
    net,
    union,
    untaxed,
)
from tests.oracle.rewards import comes_back, is_used_by
from tests.oracle.tiers import Tier, before, highest, opens

AFTER_ALL_ORDERS = 2**62
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
EVER = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


class Version(Protocol):
    """A version of a settings section; the first one reaches back for ever."""

    @property
    def valid_from(self) -> datetime: ...


AnyVersion = TypeVar("AnyVersion", bound=Version)


@dataclass(frozen=True, slots=True)
class LoyaltyVersion:
    """The earning rule from `valid_from` on; `points_per_unit` is a decimal of at most 3 places."""

    valid_from: datetime = LONG_AGO
    points_per_unit: str = "1"
    pending_days: int = 14
    expiry_months: int = 0
    basis: str = "gross"
    enabled: bool = True
    bonuses: tuple[Bonus, ...] = ()
    tiers: tuple[Tier, ...] = ()
    tier_basis: str = "points"
    tier_months: int = 12


@dataclass(frozen=True, slots=True)
class ShopVersion:
    """The shop's currency and zone from `valid_from` on."""

    valid_from: datetime = LONG_AGO
    currency: str = "EUR"
    time_zone: str = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class History:
    """All that ever happened to one shop; the order of `deliveries` means nothing."""

    deliveries: tuple[Delivery, ...] = ()
    loyalty: tuple[LoyaltyVersion, ...] = (LoyaltyVersion(),)
    shop: tuple[ShopVersion, ...] = (ShopVersion(),)
    active_from: datetime = LONG_AGO
    installed_at: datetime = LONG_AGO
    count_test_orders: bool = False
    merges: tuple[tuple[int, int], ...] = ()
    debits: tuple[Debit, ...] = ()
    charged_back: frozenset[int] = frozenset()
    campaign: coupon.Campaign = field(default_factory=coupon.Campaign)
    codes: Mapping[int, str] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)


@dataclass(frozen=True, slots=True)
class OrderVerdict:
    """S, R, N, K and T of an order; `net` is N with tax, `base` what the rule's basis makes of it."""

    id: int
    snapshot: Snapshot | None
    refunds: tuple[Refund, ...]
    deleted: bool
    ambiguous: bool
    customer: int | None
    account: int | None
    checkout_token: str | None
    net: int
    base: int
    kept: int
    target: int
    tier: str | None
    parked: bool
    lot: Lot | None
    coupon: frozenset[str]


@dataclass(frozen=True, slots=True)
class AccountVerdict:
    """One account at `now`; available + pending - debt = total, with expiry posted up to `now`."""

    root: int
    members: frozenset[int]
    total: int
    lots: tuple[Lot, ...]
    left: Mapping[int, int]
    pending: int
    available: int
    debt: int
    lifetime: int
    expired: int
    spent: tuple[Debit, ...]
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What must hold at `now`, by order id and by any customer id of an account."""

    orders: Mapping[int, OrderVerdict]
    accounts: Mapping[int, AccountVerdict]
    parked: int

    def account_of(self, customer: int) -> AccountVerdict | None:
        """The account that the customer's id leads to."""
        return next((a for a in self.accounts.values() if customer in a.members), None)


def in_force(versions: Sequence[AnyVersion], at: datetime) -> AnyVersion:
    """The version whose half-open interval holds the instant (rule 8)."""
    for number, version in enumerate(versions):
        start = EVER if number == 0 else version.valid_from
        end = versions[number + 1].valid_from if number + 1 < len(versions) else NEVER
        if start <= at < end:
            return version
    raise LookupError(f"no version at {at}")


def target(kept_value: int | Fraction, currency: str, points_per_unit: str) -> int:
    """T = floor(K x rate) by rule 9; the rate is for one unit of the currency."""
    return floor(
        Fraction(kept_value) / Fraction(10) ** exponent(currency) * Fraction(Decimal(points_per_unit))
    )


def merged(history: History) -> set[tuple[int, int]]:
    """Every completed merge (deleted, kept), told or delivered."""
    pairs = set(history.merges)
    for delivery in history.deliveries:
        if (
            delivery.topic == "customers/merge"
            and delivery.body
            and delivery.body["status"].lower() == "completed"
        ):
            gone, stays = (
                int(delivery.body[f"admin_graphql_api_customer_{which}_id"].rsplit("/", 1)[1])
                for which in ("deleted", "kept")
            )
            pairs.add((gone, stays))
    return pairs


def members(one: int, pairs: Iterable[tuple[int, int]]) -> frozenset[int]:
    """All customer ids that are one account with this one (rule 14)."""
    found = {one}
    while True:
        wider = found.union(*(pair for pair in pairs if found & set(pair)))
        if wider == found:
            return frozenset(found)
        found = set(wider)


def root(one: int, pairs: set[tuple[int, int]]) -> int:
    """The id that stayed: of the members the one that no merge deleted."""
    together = members(one, pairs)
    gone = {deleted for deleted, _ in pairs}
    return min(together - gone or together)


@dataclass(frozen=True, slots=True)
class Worth:
    """What an order comes to by the rule of its own time: N with tax, the rule's basis, K, and what counts of K.

    `multiplied` is what counts with each part times its campaign.
    """

    net: int
    base: int
    kept: int
    counted: int
    multiplied: Fraction
    currency: str
    rate: str
    parked: bool

    def points(self, multiplier: str = "1") -> int:
        """T, once everything is multiplied."""
        return target(self.multiplied * Fraction(Decimal(multiplier)), self.currency, self.rate)


def worth(s: Snapshot, refunds: Sequence[Refund], order: Evidence, history: History) -> Worth:
    """Rules 5 to 9 but for tiers; orders of the time before the shop took part are worth nothing."""
    rule, shop = in_force(history.loyalty, s.processed_at), in_force(history.shop, s.processed_at)
    value = net(s, refunds)
    base = untaxed(s, refunds) if rule.basis == "net" else value
    kept_value = kept(
        s,
        base,
        deleted=order.deleted,
        charged_back=order.id in history.charged_back,
        count_test_orders=history.count_test_orders,
    )
    is_parked = s.currency != shop.currency
    is_early = s.created_at < history.active_from or s.processed_at < history.active_from
    counted = 0 if is_parked or is_early else kept_value
    day = s.processed_at.astimezone(ZoneInfo(shop.time_zone)).date()
    multiplied = weighted(s, refunds, counted, rule.bonuses, day, history.shelf)
    rate = rule.points_per_unit if rule.enabled else "0"
    return Worth(value, base, kept_value, counted, multiplied, s.currency, rate, is_parked)


def reached(
    one: int, at: datetime, evidence: Mapping[int, Evidence], history: History, *, today: bool = False
) -> tuple[LoyaltyVersion, int]:
    """The version in force, and what the account of root `one` had in the window before `at`, as of `at`.

    `today`: including orders of that very instant, and as all orders stand today.
    """
    rule, shop = in_force(history.loyalty, at), in_force(history.shop, at)
    start = opens(at, rule.tier_months, shop.time_zone)
    pairs, value = merged(history), 0
    for order in evidence.values():
        s, buyer = chosen(order), customer(order)
        if s is None or buyer is None or root(buyer, pairs) != one:
            continue
        if not (start <= s.processed_at < at or (today and s.processed_at == at)):
            continue
        refunds: Sequence[Refund] = list(union(order).values())
        if not today:
            s, refunds = before(s, refunds, at)
        found = worth(s, refunds, order, history)
        value += {
            "points": found.points(),
            "orders": int(found.counted > 0),
            "spend": found.counted if found.currency == shop.currency else 0,
        }[rule.tier_basis]
    return rule, value


def judge_order(
    order: Evidence, evidence: Mapping[int, Evidence], history: History, now: datetime
) -> OrderVerdict:
    """Rules 2 to 9 and 15 for one order, and its lot and coupon."""
    s = chosen(order)
    refunds = tuple(union(order).values())
    buyer = customer(order)
    account = None if buyer is None else root(buyer, merged(history))
    found, points, tier = None, 0, None
    lot, zone = None, in_force(history.shop, now).time_zone
    if s is not None:
        rule = in_force(history.loyalty, s.processed_at)
        zone = in_force(history.shop, s.processed_at).time_zone
        found = worth(s, refunds, order, history)
        if account is not None and rule.enabled and not found.parked:
            tier = highest(rule.tiers, reached(account, s.processed_at, evidence, history)[1])
        points = found.points(tier.multiplier if tier else "1")
        if points:
            lot = Lot(
                order.id, points, *lot_times(s.processed_at, zone, rule.pending_days, rule.expiry_months)
            )
    terms = coupon.Terms(history.campaign, history.active_from, history.installed_at, now)
    shown = coupon.states(order, history.codes, evidence, terms, zone)
    return OrderVerdict(
        id=order.id,
        snapshot=s,
        refunds=refunds,
        deleted=order.deleted,
        ambiguous=is_ambiguous(order),
        customer=buyer,
        account=account,
        checkout_token=checkout_token(order),
        net=found.net if found else 0,
        base=found.base if found else 0,
        kept=found.kept if found else 0,
        target=points,
        tier=tier.id if tier else None,
        parked=found is not None and found.parked,
        lot=lot,
        coupon=shown | coupon.NONE if found is not None and found.parked else shown,
    )


def entry_lots(one: int, evidence: Mapping[int, Evidence], history: History) -> tuple[Lot, ...]:
    """What the account has for each tier that it reached by today's facts, once: with the order that brought it there.

    The tiers are those of that order's time; a tier of which nothing was promised then brings nothing later either.
    """
    pairs, first = merged(history), dict[str, tuple[datetime, Tier, LoyaltyVersion]]()
    moments = {
        s.processed_at
        for order in evidence.values()
        if (s := chosen(order)) is not None
        and (buyer := customer(order)) is not None
        and root(buyer, pairs) == one
        and not worth(s, list(union(order).values()), order, history).parked
    }
    for moment in sorted(moments):
        rule, value = reached(one, moment, evidence, history, today=True)
        for tier in rule.tiers if rule.enabled else ():
            if tier.threshold <= value:
                first.setdefault(tier.id, (moment, tier, rule))
    found = []
    for number, (moment, tier, rule) in enumerate(first.values()):
        if tier.entry_points:
            zone = in_force(history.shop, moment).time_zone
            times = lot_times(moment, zone, rule.pending_days, rule.expiry_months)
            found.append(Lot(AFTER_ALL_ORDERS + number, tier.entry_points, *times))
    return tuple(found)


def judge_account(
    one: int,
    orders: Iterable[OrderVerdict],
    debits: Iterable[Debit],
    evidence: Mapping[int, Evidence],
    history: History,
    now: datetime,
    doubtful: frozenset[int],
) -> AccountVerdict:
    """Rules 10 to 12, 14 and 17 for the account that the root `one` stands for."""
    together = members(one, merged(history))
    lots = tuple(order.lot for order in orders if order.account == one and order.lot is not None)
    lots += entry_lots(one, evidence, history)
    debits = [debit for debit in debits if debit.customer in together and debit.at <= now]
    standing: Standing = replay(lots, debits, now)
    lifetime = sum(lot.points for lot in lots)
    returned = sum(points for debit in debits for _, points in debit.back)
    total = lifetime - sum(debit.cost for debit in debits) + returned - standing.expired
    pending = sum(lot.points for lot in lots if lot.available_at > now)
    available = max(0, total - pending)
    debt = max(0, pending - total)
    if (available, debt) != (sum(standing.left.values()), standing.debt):
        raise AssertionError(f"rules 11 and 12 disagree: {available}, {debt}, {standing}")
    return AccountVerdict(
        root=one,
        members=together,
        total=total,
        lots=tuple(sorted(lots, key=lambda lot: lot.order)),
        left=standing.left,
        pending=pending,
        available=available,
        debt=debt,
        lifetime=lifetime,
        expired=standing.expired,
        spent=tuple(debits),
        ambiguous=bool(together & doubtful),
    )


def judge(history: History, now: datetime) -> Verdict:
    """Everything that must hold at `now`, once all of the history is handled and the clock's jobs are done."""
    evidence, parked = gather(history.deliveries)
    orders = {key: judge_order(order, evidence, history, now) for key, order in sorted(evidence.items())}
    named = {
        key: {s.customer for s in order.snapshots if s.customer is not None}
        for key, order in evidence.items()
    }
    pairs = merged(history)
    customers = set().union(*named.values(), *pairs) | {debit.customer for debit in history.debits}
    handled = {key: evidence[key] for key, order in orders.items() if not order.parked}
    debits = [replace(debit, back=comes_back(debit, handled)) for debit in history.debits]
    doubtful = frozenset(one for key, order in orders.items() if order.ambiguous for one in named[key])
    doubtful |= {
        debit.customer
        for debit in debits
        for key, order in orders.items()
        if order.ambiguous and is_used_by(debit.code, evidence[key])
    }
    accounts = {
        one: judge_account(one, orders.values(), debits, evidence, history, now, doubtful)
        for one in sorted({root(one, pairs) for one in customers})
    }
    return Verdict(orders, accounts, parked)
