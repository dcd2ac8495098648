"""What must hold of every coupon; read in portions, so that any number fits into memory."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from plugin.core import order_codec
from plugin.core.order_book import order
from plugin.language import sentence
from widgets.base import Breach, Invariant
from widgets.coupon import taken, uses
from widgets.coupon.owed import is_void
from widgets.coupon.tables import (
    ASKED,
    FREE,
    GIVEN,
    OF_COUPON,
    coupon,
    coupon_budget,
    coupon_code,
    coupon_node,
    coupon_use,
)

PORTION = 500

_HAS_CODE = (
    select(coupon_code.c.id)
    .where(coupon_code.c.order_ref == coupon.c.order_ref, coupon_code.c.state.in_(OF_COUPON))
    .correlate(coupon)
    .exists()
)
_COUPONS = (
    select(
        coupon.c.order_ref,
        coupon.c.node_id,
        coupon.c.doubt,
        coupon.c.refusal,
        coupon.c.void,
        coupon.c.waiting,
        order.c.state,
        _HAS_CODE.label("has_code"),
        uses.WAS_USED.label("used"),
        coupon.c.face,
        coupon.c.counted,
    )
    .join(order, order.c.id == coupon.c.order_ref)
    .where(~order.c.sealed)
)
_GIVEN_TWICE = (
    select(coupon_code.c.order_ref, func.count().label("codes"))
    .where(coupon_code.c.state.in_(OF_COUPON), coupon_code.c.order_ref.is_not(None))
    .group_by(coupon_code.c.order_ref)
    .having(func.count() > 1)
)
_IN_TWO_NODES = (
    select(coupon_code.c.shop_id, coupon_code.c.code)
    .where(coupon_code.c.code.is_not(None))
    .group_by(coupon_code.c.shop_id, coupon_code.c.code)
    .having(func.count() > 1)
)
_OF_NOBODY = (
    select(coupon_code.c.id)
    .outerjoin(coupon, coupon.c.order_ref == coupon_code.c.order_ref)
    .where(coupon_code.c.order_ref.is_not(None), coupon.c.order_ref.is_(None))
)
_FREE_AND_GIVEN = select(coupon_code.c.id).where(
    coupon_code.c.state.in_((ASKED, FREE)), coupon_code.c.order_ref.is_not(None)
)
_STRANGE_NODE = (
    select(coupon_code.c.id)
    .join(coupon_node, coupon_node.c.id == coupon_code.c.node_id)
    .where(coupon_node.c.shop_id != coupon_code.c.shop_id)
)
_STRANGE_ORDER = (
    select(coupon_code.c.id)
    .join(order, order.c.id == coupon_code.c.order_ref)
    .where(order.c.shop_id != coupon_code.c.shop_id)
)
_STRANGE_COUPON = (
    select(coupon.c.order_ref)
    .join(order, order.c.id == coupon.c.order_ref)
    .outerjoin(coupon_node, coupon_node.c.id == coupon.c.node_id)
    .where((coupon.c.shop_id != order.c.shop_id) | (coupon.c.shop_id != coupon_node.c.shop_id))
)
_FACES = (
    select(func.sum(coupon.c.face))
    .where(
        coupon.c.shop_id == coupon_budget.c.shop_id, coupon.c.month == coupon_budget.c.month, coupon.c.counted
    )
    .correlate(coupon_budget)
    .scalar_subquery()
)
_BUDGETS = select(coupon_budget, _FACES.label("faces"))
_USES = (
    select(coupon_use, coupon_code.c.code, order.c.state)
    .join(coupon_code, coupon_code.c.id == coupon_use.c.code_id)
    .join(order, order.c.id == coupon_use.c.order_ref)
    .where(coupon_code.c.code.is_not(None), ~order.c.sealed)
    .order_by(coupon_use.c.code_id, coupon_use.c.order_ref)
)
_VOID_WITH_CODE = (
    select(coupon_code.c.id)
    .join(coupon, coupon.c.order_ref == coupon_code.c.order_ref)
    .where(coupon_code.c.state == GIVEN, coupon.c.void | coupon.c.refusal.is_not(None), ~uses.IS_USED)
)


_MISCOUNTED = sentence("What a month has issued is not what its coupons come to.")


def once(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """An order has one coupon by its table's key; here: one code at most, and a code belongs to one discount."""
    for row in conn.execute(_of(shop_id, _GIVEN_TWICE)):
        yield Breach("coupon once", None, f"Order {row.order_ref} has {row.codes} codes.")
    for row in conn.execute(_of(shop_id, _IN_TWO_NODES)):
        yield Breach("coupon once", None, f"A code of shop {row.shop_id} is there more than once.")
    for row in conn.execute(_of(shop_id, _FREE_AND_GIVEN)):
        yield Breach("coupon once", None, f"Code {row.id} is given to an order and in the pool.")
    for row in conn.execute(_of(shop_id, _OF_NOBODY)):
        yield Breach("coupon once", None, f"Code {row.id} was given to an order without a coupon.")


def at_home(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """A code, its discount, its order and their coupon are all of one shop."""
    for row in conn.execute(_of(shop_id, _STRANGE_NODE)):
        yield Breach("coupon shop", None, f"Code {row.id} is in another shop than its discount.")
    for row in conn.execute(_of(shop_id, _STRANGE_ORDER)):
        yield Breach("coupon shop", None, f"Code {row.id} is in another shop than its order.")
    strange = _STRANGE_COUPON if shop_id is None else _STRANGE_COUPON.where(coupon.c.shop_id == shop_id)
    for row in conn.execute(strange):
        yield Breach("coupon shop", None, f"The coupon of order {row.order_ref} is another shop's.")


def targets(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Void is what the order's facts say, a void coupon has no live code, and who waits has reason to."""
    for row in conn.execute(_of(shop_id, _VOID_WITH_CODE)):
        yield Breach("coupon target", None, f"Code {row.id} is live for an order that is owed none.")
    statement = _COUPONS if shop_id is None else _COUPONS.where(coupon.c.shop_id == shop_id)
    after = 0
    portion = statement.order_by(coupon.c.order_ref).limit(PORTION)
    while rows := conn.execute(portion.where(coupon.c.order_ref > after)).all():
        for row in rows:
            yield from _judge(row)
        after = rows[-1].order_ref


def within_cap(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """What a month has issued is the face value of its coupons that count, and of erased ones."""
    for row in conn.execute(_of_budget(shop_id)):
        if row.issued != row.erased + int(row.faces or 0):
            yield Breach("coupon cap", None, f"What shop {row.shop_id} issued in {row.month} is miscounted.")


def brought(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """What a use says it brought and took off is what its order's facts say."""
    statement, after = _of(shop_id, _USES), (0, 0)
    place = tuple_(coupon_use.c.code_id, coupon_use.c.order_ref)
    while rows := conn.execute(statement.where(place > after).limit(PORTION)).all():
        for row in rows:
            state = order_codec.decode(row.state)
            found = (taken.revenue(state), taken.discount(state, row.code))
            if (row.revenue, row.discount) != found:
                detail = (
                    f"What code {row.code_id} brought with order {row.order_ref} does not follow its facts."
                )
                yield Breach("coupon use", None, detail)
        after = (rows[-1].code_id, rows[-1].order_ref)


def _of_budget(shop_id: int | None) -> Select[Any]:
    return _BUDGETS if shop_id is None else _BUDGETS.where(coupon_budget.c.shop_id == shop_id)


def _judge(row: Any) -> Iterator[Breach]:
    void = is_void(order_codec.decode(row.state))
    if row.void != void:
        yield Breach("coupon target", None, f"The coupon of order {row.order_ref} does not follow its facts.")
    if (row.doubt is None) != (row.node_id is not None) or (row.doubt is not None and row.has_code):
        yield Breach("coupon target", None, f"The coupon of order {row.order_ref} is both decided and open.")
    counted = row.face is not None and row.refusal is None and (row.used or not void)
    if row.counted != counted:
        found = "counts" if row.counted else "does not count"
        yield Breach("coupon cap", None, f"The coupon of order {row.order_ref} {found} in its month.")
    waiting = row.refusal is None and row.doubt is None and not (row.has_code or row.used or void)
    if row.waiting != waiting:
        found = "waits for no reason" if row.waiting else "has no code and does not wait"
        yield Breach("coupon target", None, f"The coupon of order {row.order_ref} {found}.")


def _of(shop_id: int | None, statement: Select[Any]) -> Select[Any]:
    return statement if shop_id is None else statement.where(coupon_code.c.shop_id == shop_id)


INVARIANTS = (
    Invariant(
        "coupon once",
        once,
        {"coupon once": sentence("An order has two codes, or a code was given to two orders.")},
    ),
    Invariant(
        "coupon shop",
        at_home,
        {"coupon shop": sentence("A code is in another shop than its discount or its order.")},
    ),
    Invariant(
        "coupon target",
        targets,
        {"coupon target": sentence("A coupon does not follow its order."), "coupon cap": _MISCOUNTED},
    ),
    Invariant("coupon cap", within_cap, {"coupon cap": _MISCOUNTED}),
    Invariant(
        "coupon use",
        brought,
        {"coupon use": sentence("What a used coupon brought or took off is not what its order says.")},
    ),
)
