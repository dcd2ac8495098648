"""What is known of the customers that campaigns ask about.

It is read with the customer locked, so that two workers that handle two orders of one person follow one another.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select, update

from plugin.core.accounts import PERSON, account
from plugin.core.earning import Counting
from plugin.core.order_book import OrderChange, order
from plugin.database import Upsert, among, lock_rows
from widgets.coupon import stamps
from widgets.coupon.doubts import NOBODY, Buyer
from widgets.coupon.stamps import Counted, Counts, Purchase
from widgets.coupon.tables import coupon_customer, coupon_tags

Pair: TypeAlias = tuple[int, int]
"""Shop and customer id."""

_OTHER = account.alias("other")
_GROUPS = (
    select(account.c.shop_id, account.c.customer_id.label("asked"), _OTHER.c.customer_id)
    .join(_OTHER, _OTHER.c.root_id == account.c.root_id)
    .where(
        among(account.c.shop_id, "shops"),
        among(account.c.customer_id, "customers"),
        _OTHER.c.customer_id.is_not(None),
    )
)
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
_PERSON = (
    select(
        _ONE.c.customer_id,
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
    .where(among(coupon_customer.c.id, "keys"), coupon_customer.c.orders.is_not(None))
    .values(orders=0)
)


_TAGS = select(coupon_tags).where(among(coupon_tags.c.person_ref, "keys"))
_ADD_TAGS = Upsert(lambda insert: insert(coupon_tags).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Person:
    """One customer with all that were merged into them; ``counted`` is empty until Shopify was asked."""

    counted: Counts
    purchases: tuple[Purchase, ...]

    def buyer(self, ref: int) -> Buyer:
        """Return what this order is among theirs."""
        if not self.counted:
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
    rows = _ensured(conn, pairs, _members(groups))
    persons = _persons(conn, groups, rows, counting)
    tags = tags_of(conn, [row.id for row in rows.values()]) if any(one.tags for one in asked) else {}
    found = {}
    for one in asked:
        change, customer = one.change, one.change.state.customer_id
        if customer is None:
            found[change.ref] = Found(NOBODY, None)
        else:
            key = rows[change.shop_id, customer].id
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


def groups_of(conn: Connection, pairs: Collection[Pair]) -> dict[Pair, frozenset[int]]:
    """Return each customer with all that were merged into the same person."""
    groups = {pair: {pair[1]} for pair in pairs}
    if pairs:
        for row in conn.execute(_GROUPS, _among(pairs)):
            if (row.shop_id, row.asked) in groups:
                groups[row.shop_id, row.asked].add(row.customer_id)
    return {pair: frozenset(group) for pair, group in groups.items()}


def read(conn: Connection, pair: Pair, counting: Counting) -> Person:
    """Return a person: what Shopify counted, and every order we know of."""
    rows = conn.execute(_PERSON, {"shop": pair[0], "customer": pair[1]}).all()
    counted = {
        one.customer_id: Counted(one.counted, one.counted_at) for one in rows if one.counted is not None
    }
    return Person(counted, tuple(stamps.purchase(one, counting) for one in rows if one.id is not None))


def by_key(conn: Connection, shop_id: int, key: int) -> Row[Any] | None:
    """Return a customer's row by our key; None where it was erased or is another shop's."""
    mine = select(coupon_customer).where(coupon_customer.c.id == key, coupon_customer.c.shop_id == shop_id)
    return conn.execute(mine).one_or_none()


def count(conn: Connection, shop_id: int, customer_id: int, key: int, counted: Counted) -> None:
    """Write down, once, what Shopify counted; customers merged into this one are counted with it from now on."""
    pair = (shop_id, customer_id)
    others = groups_of(conn, [pair])[pair] - {customer_id}
    if (
        not conn.execute(_COUNT, {"key": key, "count": counted.orders, "at": counted.at}).rowcount
        or not others
    ):
        return
    rows = _rows(conn, {(shop_id, one) for one in others})
    conn.execute(_ABSORB, {"keys": [row.id for row in rows.values()]})


def _persons(
    conn: Connection,
    groups: Mapping[Pair, frozenset[int]],
    rows: Mapping[Pair, Row[Any]],
    counting: Mapping[int, Counting],
) -> dict[Pair, Person]:
    purchases: dict[Pair, list[Purchase]] = {pair: [] for pair in _members(groups)}
    for row in conn.execute(_ORDERS, _among(purchases)) if purchases else ():
        if (row.shop_id, row.customer_id) in purchases:
            purchases[row.shop_id, row.customer_id].append(stamps.purchase(row, counting[row.shop_id]))
    counted = {
        pair: Counted(row.orders, row.counted_at) for pair, row in rows.items() if row.orders is not None
    }
    return {
        (shop, asked): Person(
            {one: counted[shop, one] for one in group if (shop, one) in counted},
            tuple(one for member in group for one in purchases[shop, member]),
        )
        for (shop, asked), group in groups.items()
    }


def _members(groups: Mapping[Pair, frozenset[int]]) -> set[Pair]:
    return {(shop, one) for (shop, _), group in groups.items() for one in group}


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
    found = {(row.shop_id, row.customer_id): row for row in conn.execute(statement, _among(pairs))}
    return {pair: row for pair, row in found.items() if pair in pairs}


def _among(pairs: Iterable[Pair]) -> dict[str, list[int]]:
    pairs = list(pairs)
    return {"shops": sorted({shop for shop, _ in pairs}), "customers": sorted({one for _, one in pairs})}
