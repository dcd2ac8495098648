"""The pool of codes that are minted and free, and the one way a code comes to an order."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Date, bindparam, case, select, update

from plugin.core.order_book import order
from plugin.database import Changes, Id, Utc, lock_rows
from plugin.foremost import Foremost
from plugin.tasks import Wanted
from widgets.coupon.campaigns import Node
from widgets.coupon.tables import FREE, GIVEN, coupon, coupon_code

TOP_UP = "coupon.top_up"
REMOVE = "coupon.remove"

_FREE = Foremost(coupon_code, "node_id", ("id", "node_id"), lambda mine: (mine.c.state == FREE,), ("id",))
_GIVE = Changes(
    {"code_id": Id, "ref": Id, "at": Utc(), "last_day": Date()},
    lambda given: (
        update(coupon_code)
        .where(coupon_code.c.id == given["code_id"])
        .values(state=GIVEN, order_ref=given["ref"], assigned_at=given["at"], expires_on=given["last_day"])
    ),
)
_WAITING = (
    select(coupon.c.order_ref, coupon.c.expires_on, order.c.order_id)
    .join(order, order.c.id == coupon.c.order_ref)
    .where(
        coupon.c.node_id == bindparam("node"),
        coupon.c.waiting,
        coupon.c.expires_on >= bindparam("today"),
    )
    .order_by(coupon.c.order_ref)
    .limit(bindparam("most"))
)
_WAITING_LOCKED = _WAITING.with_for_update(skip_locked=True, of=coupon)
_SERVED = (
    update(coupon)
    .where(coupon.c.order_ref == bindparam("ref"))
    .values(waiting=False, mail_due=case((coupon.c.mailed.is_not(None), bindparam("at", type_=Utc))))
)


@dataclass(frozen=True, slots=True)
class Want:
    """A coupon that needs a code of its node, valid to the end of ``last_day``."""

    node_id: int
    ref: int
    last_day: date


def assign(
    conn: Connection, wants: Sequence[Want], nodes: dict[int, Node], now: datetime
) -> tuple[set[int], set[int]]:
    """Give each a free code where there is one; return the orders served, and the nodes to be topped up.

    Another worker's codes are passed over, never waited for.
    """
    by_node: dict[int, list[Want]] = defaultdict(list)
    for want in wants:
        by_node[want.node_id].append(want)
    given: list[dict[str, object]] = []
    served: set[int] = set()
    low: set[int] = set()
    free = _free(conn, {node_id: len(mine) for node_id, mine in by_node.items()})
    for node_id in sorted(by_node):
        mine, codes = by_node[node_id], free[node_id]
        mark = nodes[node_id].low_id
        if len(codes) < len(mine) or mark is None or codes[-1] >= mark:
            low.add(node_id)
        for want, code in zip(mine, codes, strict=False):
            served.add(want.ref)
            given.append({"code_id": code, "ref": want.ref, "at": now, "last_day": want.last_day})
    if given:
        _GIVE.rows(conn, given)
    return served, low


def _free(conn: Connection, wanted: Mapping[int, int]) -> Mapping[int, list[int]]:
    """Return up to so many free codes of each node, the first of its pool first."""
    found: dict[int, list[int]] = {node_id: [] for node_id in wanted}
    for row in sorted(_FREE.of_each(conn, wanted, {}), key=lambda row: row.id):
        found[row.node_id].append(row.id)
    return found


def serve_waiting(conn: Connection, node: Node, today: date, now: datetime, most: int = 1000) -> list[int]:
    """Give free codes to coupons that wait for one, oldest first; return Shopify's ids of their orders."""
    statement = _WAITING_LOCKED if lock_rows(conn) else _WAITING
    rows = list(conn.execute(statement, {"node": node.id, "today": today, "most": most}))
    wants = [Want(node.id, row.order_ref, row.expires_on) for row in rows]
    served, _ = assign(conn, wants, {node.id: node}, now) if wants else (set(), set())
    if served:
        conn.execute(_SERVED, [{"ref": ref, "at": now} for ref in sorted(served)])
    return [row.order_id for row in rows if row.order_ref in served and row.order_id is not None]


def wanted(name: str, node_ids: Iterable[int], nodes: dict[int, Node], now: datetime) -> list[Wanted]:
    """Return the task of that name for each node; a node has one of a name at most."""
    return [Wanted(nodes[id].shop_id, name, str(id), now, {}) for id in sorted(node_ids)]
