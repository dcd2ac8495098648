"""Hypothesis strategies: what can happen to an order, to a shop, and in which order it may be told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.bodies import Piece, merge
from tests.oracle.campaigns import Bonus, Shelf
from tests.oracle.coupon import Campaign
from tests.oracle.facts import exponent
from tests.oracle.lots import Debit
from tests.oracle.model import LONG_AGO, History, LoyaltyVersion, ShopVersion
from tests.oracle.orders import Delivery
from tests.oracle.purchase import Purchase
from tests.oracle.tiers import Tier

OPENED = datetime(2025, 11, 3, 9, 0, tzinfo=UTC)
BIG = 2**53 + 1  # numbers from here on do not survive a floating point parser
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Pacific/Apia",
    "America/Santiago",
    "Asia/Kolkata",
)
CURRENCIES = ("EUR", "JPY", "KWD", "USD")
STEPS = (
    "pay",
    "pay",
    "pay",
    "wait",
    "pay_part",
    "add",
    "remove",
    "refund",
    "refund",
    "refund_untold",
    "favour",
    "refund_all",
    "cancel",
    "expire",
    "attach",
    "detach",
    "fetch",
    "delete",
)


def seconds() -> st.SearchStrategy[int]:
    """Gaps between changes: often none at all, since stamps have whole seconds."""
    return st.one_of(st.just(0), st.just(0), st.integers(0, 5), st.integers(0, 40 * 86_400))


@st.composite
def pieces(draw: st.DrawFn, first_id: int, currency: str, most: int = 3) -> list[Piece]:
    """The lines of one order: several pieces each, with a share of a discount, some of them gift cards."""
    unit = 10 ** exponent(currency)
    lines = []
    for place in range(draw(st.integers(1, most))):
        usual = st.sampled_from([1999 * unit // 100, 49 * unit, 10 * unit])
        price = draw(st.one_of(usual, usual, st.integers(0, 200 * unit)))
        quantity = draw(st.sampled_from([2, 1, 3, 4]))
        shares = [st.just(0), st.integers(0, price * quantity // 3), st.integers(0, price * quantity)]
        discount = draw(st.one_of(shares))
        sale = draw(st.sampled_from([0, 0, 0, (price * quantity - discount) // 4]))
        gift = draw(st.sampled_from([False] * 7 + [True]))
        lines.append(Piece(first_id + place, price, quantity, discount, gift, sale=sale))
    return lines


@st.composite
def purchases(
    draw: st.DrawFn,
    number: int = 0,
    customers: Sequence[int | None] = (BIG + 101, BIG + 202, None),
    currency: str = "EUR",
    opened: datetime = OPENED,
    span_days: int = 200,
    most_steps: int = 8,
    codes: Sequence[str] = (),
) -> Purchase:
    """The life of order `BIG + number` until nothing more happens to it; `deliveries` is what was told."""
    placed_at = opened + timedelta(
        seconds=draw(st.one_of(st.integers(0, span_days * 86_400), st.integers(0, 86_400)))
    )
    created_at = draw(
        st.sampled_from([None, None, placed_at + timedelta(days=1), placed_at - timedelta(days=2)])
    )
    purchase = Purchase(
        id=BIG + number,
        placed_at=placed_at,
        created_at=created_at,
        pieces=draw(pieces((BIG + number) * 100, currency)),
        currency=currency,
        zone=draw(st.sampled_from(ZONES)),
        customer=draw(st.sampled_from(list(customers))),
        token=draw(st.sampled_from([None, f"token{number}"])),
        shipping=draw(st.sampled_from([0, 490])),
        tax_percent=draw(st.sampled_from([0, 7, 19])),
        taxes_included=draw(st.booleans()),
        test=draw(st.sampled_from([False] * 6 + [True])),
        source_name=draw(st.sampled_from(["web", "web", "shopify_draft_order", "pos"])),
        code=draw(st.sampled_from([None, *codes, *(code.lower() for code in codes)])),
    )
    purchase.place(draw(st.sampled_from(["paid", "paid", "paid", "paid", "pending", "authorized"])))
    steps = STEPS if purchase.code is None else (*STEPS, *["refund"] * 20)
    for turn, step in enumerate(draw(st.lists(st.sampled_from(steps), max_size=most_steps))):
        purchase.wait(draw(seconds()))
        happen(draw, purchase, step, turn, customers)
    return purchase


def happen(
    draw: st.DrawFn, purchase: Purchase, step: str, turn: int, customers: Sequence[int | None]
) -> None:
    """One step of an order's life, as far as the order allows it."""
    number = purchase.id * 50 + turn
    unit = 10 ** exponent(purchase.currency)
    is_open = purchase.status in ("pending", "authorized", "partially_paid")
    if step == "pay" and is_open:
        purchase.pay()
    elif step == "pay_part" and is_open:
        purchase.pay_part(draw(st.integers(1, 50 * unit)))
    elif step == "add":
        purchase.add(draw(pieces(purchase.id * 100 + 10 + turn, purchase.currency, most=1))[0])
    elif step == "remove":
        line = draw(st.integers(0, len(purchase.pieces) - 1))
        purchase.remove(line, 1)
    elif step in ("refund", "refund_untold") and purchase.paid:
        line = draw(st.integers(0, len(purchase.pieces) - 1))
        purchase.refund(
            number,
            {line: draw(st.sampled_from([1, 1, 2, 3]))},
            shipping=draw(st.sampled_from([0, 0, 490])),
            withheld=draw(st.sampled_from([0, 0, unit])),
            told=step == "refund",
        )
    elif step == "favour" and purchase.paid:
        purchase.refund(number, favour=draw(st.integers(1, 30 * unit)))
    elif step == "refund_all" and purchase.paid and draw(st.booleans()):
        everything = {line: piece.current for line, piece in enumerate(purchase.pieces)}
        purchase.refund(number, everything, shipping=purchase.shipping, told=draw(st.booleans()))
    elif step == "cancel" and draw(st.booleans()):
        purchase.cancel()
    elif step == "expire" and purchase.status == "authorized":
        purchase.expire()
    elif step == "attach":
        purchase.belong_to(draw(st.sampled_from(list(customers))))
    elif step == "detach":
        purchase.belong_to(None)
    elif step == "fetch":
        purchase.fetch(purchase.clock + timedelta(seconds=draw(st.integers(0, 90))))
    elif step == "delete" and draw(st.integers(0, 2)) == 2:
        purchase.delete()


@st.composite
def bonuses(draw: st.DrawFn, opened: datetime, span_days: int) -> tuple[Bonus, ...]:
    """Up to three bonus campaigns, mostly none, that overlap as they like."""
    found = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
        first = (opened + timedelta(days=draw(st.integers(-30, span_days)))).date()
        found.append(
            Bonus(
                multiplier=draw(st.sampled_from(["2", "3", "1.5", "1.001", "10"])),
                starts_on=first,
                ends_on=first + timedelta(days=draw(st.sampled_from([0, 6, span_days, 2 * span_days]))),
                collection=(chosen := draw(st.sampled_from([None, 1, 2, None]))),
                tag=draw(st.sampled_from([None, "sale"])) if chosen is None else None,
            )
        )
    return tuple(found)


@st.composite
def ladders(draw: st.DrawFn, least: int) -> dict[str, Any]:
    """Up to three tiers, and how they are counted."""
    basis = draw(st.sampled_from(["points", "spend", "orders"]))
    steps = {"points": [10, 40, 100, 300], "spend": [1_000, 4_000, 9_000, 30_000], "orders": [1, 2]}[basis]
    thresholds, found = 0, []
    for number in range(draw(st.sampled_from([least, 1, 2, 3]))):
        thresholds += draw(st.sampled_from(steps))
        multiplier = draw(st.sampled_from(["1.5", "2", "1.001", "1", "10"]))
        found.append(Tier(f"t{number}", thresholds, multiplier, draw(st.sampled_from([0, 50, 500]))))
    months = draw(st.sampled_from([1, 3, 12]))
    return {"tiers": tuple(found), "tier_basis": basis, "tier_months": months}


@st.composite
def loyalty_versions(
    draw: st.DrawFn, opened: datetime = OPENED, span_days: int = 200, least_tiers: int = 0
) -> tuple[LoyaltyVersion, ...]:
    """Up to three versions of the rule, "off" among them; the first reaches back for ever."""
    changes = draw(st.lists(st.integers(0, span_days * 86_400), max_size=2, unique=True))
    starts = [LONG_AGO, *(opened + timedelta(seconds=second) for second in sorted(changes))]
    return tuple(
        LoyaltyVersion(
            valid_from=start,
            points_per_unit=draw(st.sampled_from(["1", "1", "2.75", "1.005", "10", "0.5", "0.333", "0"])),
            pending_days=draw(st.sampled_from([14, 0, 1, 30])),
            expiry_months=draw(st.sampled_from([0, 1, 3, 12])),
            basis=draw(st.sampled_from(["gross", "net"])),
            enabled=draw(st.sampled_from([True] * 6 + [False])),
            bonuses=draw(bonuses(opened, span_days)),
            **draw(ladders(least_tiers)),
        )
        for start in starts
    )


@st.composite
def shop_versions(
    draw: st.DrawFn, currency: str, opened: datetime = OPENED, span_days: int = 200
) -> tuple[ShopVersion, ...]:
    """One or two versions of the shop, which moves to another zone; rarely its currency changes too."""
    first = ShopVersion(LONG_AGO, currency, draw(st.sampled_from(ZONES)))
    if draw(st.sampled_from([True, True, False])):
        return (first,)
    later = draw(st.sampled_from([currency] * 6 + list(CURRENCIES)))
    moved = opened + timedelta(seconds=draw(st.integers(0, span_days * 86_400)))
    return first, ShopVersion(moved, later, draw(st.sampled_from(ZONES)))


@st.composite
def merges(draw: st.DrawFn, customers: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Some merges (deleted, kept), chains among them; nobody is deleted twice and nobody comes back."""
    pairs = []
    for place, one in enumerate(customers[:-1]):
        if draw(st.integers(0, 3)) == 0:
            pairs.append((one, draw(st.sampled_from(list(customers[place + 1 :])))))
    return tuple(pairs)


@st.composite
def redemptions(draw: st.DrawFn, customers: Sequence[int], span_days: int) -> list[Debit]:
    """Rewards bought, some of which were given up again; orders may use their codes."""
    made = []
    for number in range(draw(st.sampled_from([2, 1, 3, 0]))):
        at = OPENED + timedelta(seconds=draw(st.integers(0, span_days * 86_400)))
        late = at + timedelta(days=draw(st.integers(0, span_days)))
        made.append(
            Debit(
                customer=draw(st.sampled_from(customers)),
                at=at,
                cost=draw(st.one_of(st.integers(1, 60), st.integers(1, 600))),
                code=f"DANKE-7K4M-9QXP-3TR{'CDFHJKMN'[number]}",
                kind=draw(st.sampled_from(["amount", "amount", "percentage", "free_product"])),
                closed_at=draw(st.sampled_from([None, None, None, late])),
            )
        )
    return made


@st.composite
def histories(
    draw: st.DrawFn,
    most_orders: int = 3,
    most_steps: int = 6,
    span_days: int = 200,
    shoppers: Sequence[int] = (1, 2, 2, 3),
    least_tiers: int = 0,
) -> tuple[History, datetime]:
    """A shop's whole history, told in its true order, and the instant at which to look.

    Merges are told as customers/merge, completed and failed ones; `History.merges` stays empty.
    """
    currency = draw(st.sampled_from(CURRENCIES))
    customers = [BIG + 101 * place for place in range(1, draw(st.sampled_from(list(shoppers))) + 1)]
    buyers = [*customers * 3, None]
    debits = draw(redemptions(customers, span_days))
    codes = [debit.code for debit in debits]
    lives = [
        draw(purchases(number, buyers, currency, span_days=span_days, most_steps=most_steps, codes=codes * 2))
        for number in range(1, draw(st.sampled_from(range(most_orders, 0, -1))) + 1)
    ]
    told = [delivery for life in lives for delivery in life.deliveries]
    told += [Delivery("customers/merge", merge(*pair)) for pair in draw(merges(customers))]
    if len(customers) > 1 and draw(st.booleans()):
        told.append(Delivery("customers/merge", merge(customers[0], customers[1], "failed")))
    active_from = draw(st.sampled_from([LONG_AGO] * 6 + [OPENED, OPENED + timedelta(days=span_days // 3)]))
    looked = draw(
        st.one_of(st.integers(span_days, 3 * span_days), st.sampled_from([0, 1, 7, 15, 29, 31, 90]))
    )
    now = OPENED + timedelta(days=looked, seconds=draw(st.integers(0, 86_400)))
    history = History(
        deliveries=tuple(told),
        loyalty=draw(loyalty_versions(span_days=span_days, least_tiers=least_tiers)),
        shop=draw(shop_versions(currency, span_days=span_days)),
        active_from=active_from,
        installed_at=OPENED,
        count_test_orders=draw(st.booleans()),
        debits=tuple(_known_at(now, debit) for debit in debits),
        campaign=Campaign(
            enabled=draw(st.sampled_from([True] * 6 + [False])),
            minimum=draw(st.sampled_from([0, 2_000])),
            valid_days=draw(st.sampled_from([1_000, 30])),
            first_order_only=draw(st.sampled_from([False] * 4 + [True])),
            stamp_every=draw(st.sampled_from([0, 0, 1, 2])),
            monthly_cap=draw(st.sampled_from([0, 0, 0, 3_000])),
        ),
        shelf=Shelf(draw(st.integers(0, 99))),
    )
    return history, now


def _known_at(now: datetime, debit: Debit) -> Debit:
    """The redemption without what happens to it after that instant."""
    is_ahead = debit.closed_at is not None and debit.closed_at > now
    return replace(debit, closed_at=None) if is_ahead else debit


@st.composite
def arrivals(draw: st.DrawFn, deliveries: Sequence[Delivery], most_twice: int = 4) -> list[Delivery]:
    """The same deliveries in any order, some of them more than once."""
    twice = draw(st.lists(st.sampled_from(list(deliveries)), max_size=most_twice)) if deliveries else []
    return draw(st.permutations([*deliveries, *twice]))


@st.composite
def rearranged(draw: st.DrawFn, history: History) -> History:
    """The same history with its deliveries in another order and with duplicates."""
    return replace(history, deliveries=tuple(draw(arrivals(history.deliveries))))
