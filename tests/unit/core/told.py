"""Strategies of what may be told about one order: few values for each field, so that stamps and ids collide."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from plugin.core.orders import (
    RANK,
    Arrival,
    Line,
    OrderFacts,
    OrderState,
    Refund,
    RefundLine,
    Snapshot,
    merge,
)
from plugin.core.parcels import STAGES, STATUSES, Parcel, Scan, Stage

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BIG = 2**53 + 1

instants = st.sampled_from([NOON, NOON, NOON + timedelta(seconds=1), NOON - timedelta(microseconds=1)])
"""Equal stamps are the rule, not the exception."""

odd_instants = st.integers(-2_208_988_800_000_000, 7_226_582_400_000_000).map(
    lambda value: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
)
"""From 1900 to 2199, to the microsecond."""

texts = st.none() | st.text(max_size=5)

refund_lines = st.builds(
    RefundLine,
    line_id=st.integers(1, 3),
    quantity=st.integers(0, 2),
    subtotal=st.integers(0, 2_000),
    tax=st.integers(0, 300),
    gift_card=st.booleans(),
)
refunds = st.builds(
    Refund,
    id=st.integers(1, 3),
    at=instants,
    lines=st.none() | st.lists(refund_lines, max_size=2).map(tuple),
    discrepancy=st.sampled_from([0, 0, -100]),
)
lines = st.builds(
    Line,
    id=st.integers(1, 3),
    product_id=st.none() | st.integers(1, 2**63 - 1),
    quantity=st.integers(0, 3),
    current=st.integers(0, 3),
    gift_card=st.booleans(),
    ships=st.booleans(),
    price=st.integers(0, 3_000),
    allocations=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 100)), max_size=2).map(tuple),
)

scans = st.builds(
    Scan,
    id=st.integers(1, 3),
    status=st.sampled_from(["in_transit", "delivered"]),
    at=instants,
    known_at=instants,
)


@st.composite
def parcels(draw: st.DrawFn) -> Parcel:
    """A webhook of a parcel, one of its carrier's, or a fetch's view of it."""
    id = draw(st.integers(1, 2))
    heard = {scan.id: scan for scan in draw(st.lists(scans, max_size=2))}
    found = tuple(heard[id] for id in sorted(heard))
    if draw(st.booleans()):
        return Parcel(id, scans=found)
    moment = draw(instants)
    stage = draw(st.none() | st.sampled_from(sorted(STAGES)))
    return Parcel(
        id,
        created_at=draw(instants),
        updated_at=moment,
        status=draw(st.sampled_from(STATUSES)),
        carrier=draw(st.sampled_from([None, "DHL", "UPS"])),
        number=draw(st.sampled_from([None, "1", "2"])),
        url=draw(st.sampled_from([None, "https://dhl.example/1"])),
        items=draw(
            st.none() | st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), max_size=2).map(tuple)
        ),
        stages=(Stage(stage, moment),) if stage else (),
        scans=found,
        announced=draw(st.booleans()),
    )


def distinct(found: list[Refund]) -> tuple[Refund, ...]:
    """A snapshot holds each refund once, sorted as the decoder sorts them."""
    return tuple({refund.id: refund for refund in found}[id] for id in sorted({one.id for one in found}))


def facts(moments: st.SearchStrategy[datetime] = instants) -> st.SearchStrategy[OrderFacts]:
    """The order at one moment."""
    return st.builds(
        OrderFacts,
        id=st.just(BIG),
        updated_at=moments,
        created_at=st.just(NOON) | moments,
        processed_at=st.just(NOON) | moments,
        cancelled_at=st.none() | moments,
        test=st.booleans(),
        currency=st.sampled_from(["EUR", "JPY"]),
        taxes_included=st.booleans(),
        status=st.sampled_from(sorted(RANK)),
        outstanding=st.integers(-50, 2_000),
        subtotal=st.integers(0, 5_000),
        tax=st.integers(0, 800),
        source=texts,
        locale=texts,
        customer_id=st.none() | st.sampled_from([BIG + 1, BIG + 2]),
        codes=st.lists(st.text(max_size=4), max_size=2).map(tuple),
        applications=st.lists(st.tuples(st.integers(0, 1), texts), max_size=2).map(tuple),
        lines=st.lists(lines, max_size=3).map(tuple),
        refunds=st.lists(refunds, max_size=2).map(distinct),
        shipping=texts,
        country=texts,
        province=texts,
    )


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    """One webhook or one fetch."""
    kind = draw(st.sampled_from(["webhook", "webhook", "fetch", "refund", "deletion", "parcel", "parcel"]))
    if kind == "deletion":
        return Arrival(1, BIG, deleted=True)
    if kind == "refund":
        return Arrival(1, BIG, refunds=(draw(refunds),))
    if kind == "parcel":
        return Arrival(1, BIG, parcels=(draw(parcels()),))
    fetched = draw(instants) if kind == "fetch" else None
    return Arrival(
        shop_id=1,
        order_id=BIG,
        snapshot=Snapshot(draw(facts()), fetched),
        token=draw(st.sampled_from([None, "a", "b"])),
        lost=fetched is not None and draw(st.booleans()),
        parcels=(draw(parcels()),) if fetched is not None and draw(st.booleans()) else (),
    )


def after(*told: Arrival) -> OrderState:
    """The state in which these arrivals leave an unknown order."""
    state = OrderState()
    for arrival in told:
        state = merge(state, arrival)
    return state
