"""What is known of the customers that campaigns ask about.

It is read with the customer locked, so that two workers that handle two orders of one person follow one another.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from plugin.core.accounts import PERSON, account
from plugin.core.earning import Counting
from plugin.core.order_book import OrderChange, order
from plugin.database import Big, Upsert, among, lock_rows
from widgets.coupon import stamps
from widgets.coupon.doubts import NOBODY, Buyer
from widgets.coupon.groups import Group, Pair, among_pairs, groups_of
from widgets.coupon.stamps import Counted, Counts, Purchase
from widgets.coupon.tables import coupon_customer, coupon_tags

_OTHER = account.alias("other")
_ADD = Upsert(lambda insert: insert(coupon_customer).on_conflict_do_nothing())
_READ = (
    select(coupon_customer)
    .where(among(coupon_customer.c.shop_id, "shops"), among(coupon_customer.c.customer_id, "customers"))
    .order_by(coupon_customer.c.id)
)
_READ_LOCKED = _READ.with_for_update()
_ORDERS = select(
    order.c.id, order.c.shop_id, order.c.order_id, order.c.customer_id, order.c.first_at, order.c.state
).where(
    among(order.c.shop_id, "shops"),
    among(order.c.customer_id, "customers"),
    order.c.first_at.is_not(None),
    ~order.c.sealed,
)
_ONE = PERSON.subquery("one")
_KEPT = (
    select(_OTHER.c.customer_id)
    .join(account, account.c.root_id == _OTHER.c.id)
    .where(account.c.shop_id == bindparam("shop"), account.c.customer_id == bindparam("customer"))
    .scalar_subquery()
)
_PERSON = (
    select(
        _ONE.c.customer_id,
        func.coalesce(_KEPT, bindparam("customer", type_=Big)).label("kept"),
        coupon_customer.c.orders.label("counted"),
        coupon_customer.c.counted_at,
        order.c.id,
        order.c.order_id,
        order.c.first_at,
        order.c.state,
    )
    .select_from(_ONE)
    .outerjoin(
        coupon_customer,
        (coupon_customer.c.customer_id == _ONE.c.customer_id)
        & (coupon_customer.c.shop_id == bindparam("shop")),
    )
    .outerjoin(
        order,
        (order.c.customer_id == _ONE.c.customer_id)
        & (order.c.shop_id == bindparam("shop"))
        & order.c.first_at.is_not(None)
        & ~order.c.sealed,
    )
)
_COUNT = (
    update(coupon_customer)
    .where(coupon_customer.c.id == bindparam("key"), coupon_customer.c.orders.is_(None))
    .values(orders=bindparam("count"), counted_at=bindparam("at", type_=coupon_customer.c.counted_at.type))
)
_ABSORB = (
    update(coupon_customer)
    .where(among(coupon_customer.c.id, "keys"))
    .values(orders=0, counted_at=bindparam("at", type_=coupon_customer.c.counted_at.type))
)
_RECOUNT = (
    update(coupon_customer)
    .where(coupon_customer.c.id == bindparam("key"))
    .values(orders=None, counted_at=None)
)


_TAGS = select(coupon_tags).where(among(coupon_tags.c.person_ref, "keys"))
_ADD_TAGS = Upsert(lambda insert: insert(coupon_tags).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Person:
    """One customer with all that were merged into them, into whom Shopify ``kept``; they are known once that one is counted.

    What was counted of the others alone says nothing of the orders that the kept one had.
    """

    kept: int
    counted: Counts
    purchases: tuple[Purchase, ...]

    @property
    def known(self) -> bool:
        """Tell whether Shopify was asked."""
        return self.kept in self.counted

    def buyer(self, ref: int) -> Buyer:
        """Return what this order is among theirs."""
        if not self.known:
            return Buyer()
        own = next(one for one in self.purchases if one.ref == ref)
        return Buyer(
            stamps.position(own, self.counted, self.purchases),
            stamps.is_first(own, self.counted, self.purchases),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """An order whose coupon depends on its customer: on their orders, or on their tags of the order's day."""

    change: OrderChange
    day: date | None
    tags: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The buyer of an order; ``key`` is the row of a customer whom Shopify is to be asked about, where there is one."""

    buyer: Buyer
    key: int | None


def buyers(conn: Connection, asked: Sequence[Asked], counting: Mapping[int, Counting]) -> dict[int, Found]:
    """Return the buyers of these orders, by our key; their rows are locked, and made where they are new."""
    pairs = {
        (one.change.shop_id, customer)
        for one in asked
        if (customer := one.change.state.customer_id) is not None
    }
    groups = groups_of(conn, pairs)
    kept = {(shop, group.kept) for (shop, _), group in groups.items()}
    rows = _ensured(conn, kept, _members(groups))
    persons = _persons(conn, groups, rows, counting)
    tags = tags_of(conn, [row.id for row in rows.values()]) if any(one.tags for one in asked) else {}
    found = {}
    for one in asked:
        change, customer = one.change, one.change.state.customer_id
        if customer is None:
            found[change.ref] = Found(NOBODY, None)
        else:
            key = rows[change.shop_id, groups[change.shop_id, customer].kept].id
            buyer = persons[change.shop_id, customer].buyer(change.ref)
            known = tags.get((key, one.day)) if one.day is not None else None
            found[change.ref] = Found(replace(buyer, tags=known), key)
    return found


def tags_of(conn: Connection, keys: Sequence[int]) -> dict[tuple[int, date], frozenset[str]]:
    """Return what is known of these customers' tags, by our key and the day."""
    rows = conn.execute(_TAGS, {"keys": sorted(keys)})
    return {(row.person_ref, row.day): frozenset(json.loads(row.tags)) for row in rows}


def tag(conn: Connection, key: int, day: date, tags: Sequence[str]) -> None:
    """Write down, once, the tags of a customer for orders of a day."""
    row = {"person_ref": key, "day": day, "tags": json.dumps(list(tags))}
    conn.execute(_ADD_TAGS.on(conn), [row])


def read(conn: Connection, pair: Pair, counting: Counting) -> Person:
    """Return a person: what Shopify counted, and every order we know of."""
    rows = conn.execute(_PERSON, {"shop": pair[0], "customer": pair[1]}).all()
    counted = {
        one.customer_id: Counted(one.counted, one.counted_at) for one in rows if one.counted is not None
    }
    return Person(
        rows[0].kept, counted, tuple(stamps.purchase(one, counting) for one in rows if one.id is not None)
    )


def by_key(conn: Connection, shop_id: int, key: int) -> Row[Any] | None:
    """Return a customer's row by our key; None where it was erased or is another shop's."""
    mine = select(coupon_customer).where(coupon_customer.c.id == key, coupon_customer.c.shop_id == shop_id)
    return conn.execute(mine).one_or_none()


def count(conn: Connection, shop_id: int, customer_id: int, key: int, counted: Counted) -> None:
    """Write down, once, what Shopify counted; customers merged into this one are counted with it from now on."""
    pair = (shop_id, customer_id)
    others = groups_of(conn, [pair])[pair].members - {customer_id}
    found = conn.execute(_COUNT, {"key": key, "count": counted.orders, "at": counted.at})
    if found.rowcount and others:
        rows = _ensured(conn, {(shop_id, one) for one in others}, {(shop_id, one) for one in others})
        conn.execute(_ABSORB, {"keys": [row.id for row in rows.values()], "at": counted.at})


def kept_key(conn: Connection, shop_id: int, customer_id: int) -> int:
    """Return our key of the customer into whom this one was merged, their own mostly; a row is made where it is new."""
    pair = (shop_id, customer_id)
    kept = (shop_id, groups_of(conn, [pair])[pair].kept)
    return int(_ensured(conn, {kept}, {kept})[kept].id)


def to_be_counted(conn: Connection, shop_id: int, customer_id: int) -> int | None:
    """Return our key of a customer who is to be counted (again) after a merge; None where the counts of before add up.

    That is where some of those who are one person now were counted and others never.
    """
    pair = (shop_id, customer_id)
    group = groups_of(conn, [pair])[pair]
    members = {(shop_id, one) for one in group.members}
    rows = _rows(conn, members, lock=True)
    counted = [row for row in rows.values() if row.orders is not None]
    if not counted or len(counted) == len(members):
        return None
    kept = (shop_id, group.kept)
    key = int(_ensured(conn, {kept}, {kept})[kept].id)
    conn.execute(_RECOUNT, {"key": key})
    return key


def _persons(
    conn: Connection,
    groups: Mapping[Pair, Group],
    rows: Mapping[Pair, Row[Any]],
    counting: Mapping[int, Counting],
) -> dict[Pair, Person]:
    purchases: dict[Pair, list[Purchase]] = {pair: [] for pair in _members(groups)}
    for row in conn.execute(_ORDERS, among_pairs(purchases)) if purchases else ():
        if (row.shop_id, row.customer_id) in purchases:
            purchases[row.shop_id, row.customer_id].append(stamps.purchase(row, counting[row.shop_id]))
    counted = {
        pair: Counted(row.orders, row.counted_at) for pair, row in rows.items() if row.orders is not None
    }
    return {
        (shop, asked): Person(
            group.kept,
            {one: counted[shop, one] for one in group.members if (shop, one) in counted},
            tuple(one for member in group.members for one in purchases[shop, member]),
        )
        for (shop, asked), group in groups.items()
    }


def _members(groups: Mapping[Pair, Group]) -> set[Pair]:
    return {(shop, one) for (shop, _), group in groups.items() for one in group.members}


def _ensured(conn: Connection, pairs: Collection[Pair], members: Collection[Pair]) -> dict[Pair, Row[Any]]:
    """Return the rows of the members, locked, and made for those of ``pairs`` that have none."""
    rows = _rows(conn, members, lock=True)
    if missing := [pair for pair in sorted(pairs, key=lambda pair: (pair[1], pair[0])) if pair not in rows]:
        _ADD.rows(conn, [{"shop_id": shop, "customer_id": customer} for shop, customer in missing])
        rows |= _rows(conn, missing, lock=True)
    return rows


def _rows(conn: Connection, pairs: Collection[Pair], *, lock: bool = False) -> dict[Pair, Row[Any]]:
    if not pairs:
        return {}
    statement = _READ_LOCKED if lock and lock_rows(conn) else _READ
    found = {(row.shop_id, row.customer_id): row for row in conn.execute(statement, among_pairs(pairs))}
    return {pair: row for pair, row in found.items() if pair in pairs}
