"""What Shopify shows of an account's points: a copy of its figures, due whenever they change (semantics B 12).

A transaction that changes an account only marks it. Which accounts are due is a question of time: one whose points open
or expire at a later date is marked with that date.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, String, bindparam, select, update

from plugin.core import accounts, positions
from plugin.core.accounts import account
from plugin.core.ledger import Owed, earning
from plugin.core.lots import Position
from plugin.database import Changes, Id, Utc, among

UNKNOWN = "unknown"
"""In the place of the figures: Shopify knows no such customer. Ids are never given twice, so this stays."""

_DUE = (
    select(account.c.id, account.c.root_id)
    .where(account.c.shop_id == bindparam("shop"), account.c.mirror_due <= bindparam("now", type_=Utc))
    .order_by(account.c.mirror_due, account.c.id)
    .limit(bindparam("most"))
)
_FAMILY = (
    select(account.c.id, account.c.root_id, account.c.customer_id, account.c.mirror_due, account.c.mirrored)
    .where(among(account.c.root_id, "roots"))
    .order_by(account.c.id)
)
_WRITTEN = Changes(
    {"root": Id, "value": String()},
    lambda new: (
        update(account)
        .where(account.c.id == new["root"], account.c.customer_id.is_not(None))
        .values(mirrored=new["value"])
    ),
)
"""Nobody who was erased meanwhile is written down again."""
_SETTLE = Changes(
    {"member": Id, "seen": Utc(), "next_at": Utc()},
    lambda new: (
        update(account)
        .where(account.c.id == new["member"], account.c.mirror_due.is_not_distinct_from(new["seen"]))
        .values(mirror_due=new["next_at"])
    ),
)
_DATES = (
    select(earning.c.order_ref, earning.c.available_at, earning.c.expires_at, account.c.root_id)
    .join(account, account.c.id == earning.c.account_id)
    .where(among(earning.c.order_ref, "refs"))
)
_THEIRS = (account.c.shop_id == bindparam("shop")) & among(account.c.customer_id, "customers")
_SHOWN = select(account.c.customer_id, account.c.mirrored).where(
    _THEIRS, account.c.mirrored.is_not(None), account.c.mirrored != UNKNOWN
)
_FORGET = update(account).where(_THEIRS).values(mirrored=None, mirror_due=None)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A root account that is due: ``value`` is what Shopify should show, ``mirrored`` what it was told before.

    ``next_at`` is when that changes by itself; ``seen`` are the marks of its accounts as they were read.
    """

    root: int
    customer_id: int | None
    mirrored: str | None
    value: str
    next_at: datetime | None
    seen: Mapping[int, datetime | None]

    @property
    def is_news(self) -> bool:
        """Tell whether Shopify has to be told."""
        return self.customer_id is not None and self.mirrored not in {self.value, UNKNOWN}


def due(conn: Connection, shop_id: int, zone: ZoneInfo, now: datetime, most: int) -> list[Mirror]:
    """Return up to ``most`` root accounts of the shop that are due, longest first; reads only."""
    marked = conn.execute(_DUE, {"shop": shop_id, "now": now, "most": most}).all()
    roots = list(dict.fromkeys(row.root_id for row in marked))
    if not roots:
        return []
    families: dict[int, list[tuple[int, int | None, datetime | None, str | None]]] = {id: [] for id in roots}
    for row in conn.execute(_FAMILY, {"roots": roots}):
        families[row.root_id].append((row.id, row.customer_id, row.mirror_due, row.mirrored))
    held = positions.holdings(conn, roots)  # after the marks: what changes from here on is marked again
    found = []
    for root, family in families.items():
        customer, mirrored = next((customer, told) for id, customer, _, told in family if id == root)
        position = held[root].at(now)
        seen = {id: mark for id, _, mark, _ in family if mark is not None or id == root}
        found.append(
            Mirror(root, customer, mirrored, figures(position, zone, now), changes_at(position, now), seen)
        )
    return found


def figures(position: Position, zone: ZoneInfo, now: datetime) -> str:
    """Return the figures as the metafield holds them: JSON, dates local to the shop.

    ``opens`` and ``expires`` are the next date and the points of that date, left out where there is none.
    """
    found: dict[str, object] = {
        "available": position.available,
        "pending": position.pending,
        "debt": position.debt,
    }
    opening = [(rest.lot.available_at, rest.left) for rest in position.lots if rest.lot.available_at > now]
    ending = [
        (rest.lot.expires_at, rest.left)
        for rest in position.lots
        if rest.lot.available_at <= now and rest.lot.expires_at is not None
    ]
    for name, dated in (("opens", opening), ("expires", ending)):
        if dated:
            days = [(at.astimezone(zone).date(), points) for at, points in dated]
            first = min(day for day, _ in days)
            points = sum(points for day, points in days if day == first)
            found[name] = {"on": first.isoformat(), "points": points}
    return json.dumps(found, separators=(",", ":"))


def changes_at(position: Position, now: datetime) -> datetime | None:
    """Return when these figures change by themselves: the next opening or end of a lot."""
    dates = (
        at for rest in position.lots for at in (rest.lot.available_at, rest.lot.expires_at) if at is not None
    )
    return min((at for at in dates if at > now), default=None)


def settle(conn: Connection, done: Sequence[Mirror], unknown: Iterable[int] = ()) -> None:
    """Remember what Shopify shows now and when that is due again; what was marked meanwhile stays due.

    ``unknown`` are the customers, by Shopify's ids, that it does not know.
    """
    if not done:
        return
    strangers = set(unknown)
    accounts.lock(conn, (id for one in done for id in one.seen))
    told = [
        {"root": one.root, "value": UNKNOWN if one.customer_id in strangers else one.value}
        for one in sorted(done, key=lambda one: one.root)
        if one.is_news
    ]
    if told:
        _WRITTEN.rows(conn, told)
    marks = [
        {"member": id, "seen": mark, "next_at": _next(one, id, strangers)}
        for one in done
        for id, mark in one.seen.items()
    ]
    _SETTLE.rows(conn, sorted(marks, key=lambda mark: int(str(mark["member"]))))


def _next(one: Mirror, id: int, strangers: set[int]) -> datetime | None:
    is_shown = one.customer_id is not None and one.customer_id not in strangers and one.mirrored != UNKNOWN
    return one.next_at if id == one.root and is_shown else None


def moved(conn: Connection, owed: Sequence[Owed]) -> set[int]:
    """Return the root accounts of orders whose lots open or close at another time than is noted; no entry says so."""
    if not owed:
        return set()
    dates = {one.ref: (one.target.available_at, one.target.expires_at) for one in owed}
    return {
        row.root_id
        for row in conn.execute(_DATES, {"refs": sorted(dates)})
        if (row.available_at, row.expires_at) != dates[row.order_ref]
    }


def shown(conn: Connection, shop_id: int, customer_ids: Iterable[int]) -> dict[int, str]:
    """Return what Shopify shows of these customers, of those of whom it shows anything."""
    found = conn.execute(_SHOWN, {"shop": shop_id, "customers": sorted(customer_ids)})
    return {row.customer_id: row.mirrored for row in found}


def forget(conn: Connection, shop_id: int, customer_ids: Iterable[int]) -> None:
    """Forget what Shopify shows of these customers; nothing is written for them any more."""
    conn.execute(_FORGET, {"shop": shop_id, "customers": sorted(customer_ids)})
