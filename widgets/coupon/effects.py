"""What an order does to coupons: its own is judged once and then follows its facts; the one it used is spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Row, select, update

from plugin import settings, tasks
from plugin.core.earning import Counting
from plugin.core.order_book import OrderChange
from plugin.database import Changes, Id, Upsert, among, lock_rows
from plugin.settings import ShopSettings, Versions
from plugin.shops import shop
from widgets.coupon import campaigns, pool, uses
from widgets.coupon.campaigns import Campaign, Node
from widgets.coupon.owed import Terms, expires_on, is_void, refusal
from widgets.coupon.pool import Want
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import GIVEN, OF_COUPON, REVOKED, coupon, coupon_code

MODELS = (CouponSettings, ShopSettings)

_KNOWN = select(coupon).where(among(coupon.c.order_ref, "refs")).order_by(coupon.c.order_ref)
_KNOWN_LOCKED = _KNOWN.with_for_update()
_CODES = (
    select(
        coupon_code.c.id,
        coupon_code.c.node_id,
        coupon_code.c.order_ref,
        coupon_code.c.state,
        uses.IS_USED.label("used"),
    )
    .where(among(coupon_code.c.order_ref, "refs"))
    .order_by(coupon_code.c.id)
)
_INSTALLED = select(shop.c.id, shop.c.installed_at).where(among(shop.c.id, "shops"))
_ADD = Upsert(lambda insert: insert(coupon))
_CHANGE = Changes(
    {"ref": Id, "is_void": Boolean(), "waits": Boolean()},
    lambda new: (
        update(coupon)
        .where(coupon.c.order_ref == new["ref"])
        .values(void=new["is_void"], waiting=new["waits"])
    ),
)
_REVOKE = update(coupon_code).where(among(coupon_code.c.id, "codes")).values(state=REVOKED, expires_on=None)


@dataclass(slots=True)
class _Plan:
    """What a batch comes to, before it is written."""

    new: list[dict[str, object]]
    changed: list[dict[str, object]]
    wants: list[Want]
    revoked: list[tuple[int, int]]
    """Code and node."""
    nodes: dict[int, Node]


def on_orders(conn: Connection, changes: Sequence[OrderChange], now: datetime) -> None:
    """Bring the coupons of these orders, and those they used, to their targets in a few statements.

    A coupon is decided when the order's first snapshot was merged, by the settings of this transaction, and given a
    code from the pool at once; without one it waits and a task mints.
    """
    seen = [change for change in changes if change.state.snapshot is not None]
    if not seen:
        return
    concerned = uses.record(conn, seen)
    known = _known(conn, {change.ref for change in seen} | concerned)
    plan = _Plan([], [], [], [], {})
    _judge(conn, [change for change in seen if change.first and change.ref not in known], plan, now)
    voids = {change.ref: is_void(change.state) for change in seen}
    _follow(conn, {ref: voids.get(ref, row.void) for ref, row in known.items()}, known, concerned, plan)
    _write(conn, plan, now)


def _known(conn: Connection, refs: set[int]) -> dict[int, Row[Any]]:
    statement = _KNOWN_LOCKED if lock_rows(conn) else _KNOWN
    return {row.order_ref: row for row in conn.execute(statement, {"refs": sorted(refs)})}


def _judge(conn: Connection, firsts: Sequence[OrderChange], plan: _Plan, now: datetime) -> None:
    if not firsts:
        return
    shops = {change.shop_id for change in firsts}
    versions = settings.versions(conn, shops, MODELS)
    running = {id: found for id in shops if (found := campaigns.current(versions, id)) is not None}
    if not running:
        return
    nodes = campaigns.nodes(conn, running, now)
    plan.nodes |= {node.id: node for node in nodes.values()}
    installed = {row.id: row.installed_at for row in conn.execute(_INSTALLED, {"shops": sorted(running)})}
    terms = {id: _terms(versions, id, running[id], installed[id]) for id in running}
    for change in firsts:
        if change.shop_id in running:
            _decide(change, nodes[change.shop_id], terms[change.shop_id], plan, now)


def _terms(versions: Versions, shop_id: int, campaign: Campaign, installed_at: datetime) -> Terms:
    of_shop = versions.current(shop_id, ShopSettings).value
    return Terms(
        minimum=campaign.minimum,
        currency=campaign.currency,
        valid_days=versions.current(shop_id, CouponSettings).value.valid_days,
        zone=of_shop.zone,
        counting=Counting(of_shop.active_since, of_shop.count_test_orders),
        installed_at=installed_at,
    )


def _decide(change: OrderChange, node: Node, terms: Terms, plan: _Plan, now: datetime) -> None:
    why, void = refusal(change.state, terms, now), is_void(change.state)
    last_day = expires_on(change.state, terms)
    waiting = why is None and not void
    if waiting:
        plan.wants.append(Want(node.id, change.ref, last_day))
    plan.new.append(
        {
            "order_ref": change.ref,
            "shop_id": change.shop_id,
            "node_id": node.id,
            "refusal": why,
            "expires_on": last_day,
            "void": void,
            "waiting": waiting,
            "judged_at": now,
        }
    )


def _follow(
    conn: Connection, voids: dict[int, bool], known: dict[int, Row[Any]], concerned: set[int], plan: _Plan
) -> None:
    """Follow what became of orders judged before: no latch, what comes back is owed again."""
    moved = {ref: row for ref, row in known.items() if voids[ref] != row.void or ref in concerned}
    codes: dict[int, list[Row[Any]]] = {ref: [] for ref in moved}
    if moved:
        for code in conn.execute(_CODES, {"refs": sorted(moved)}):
            codes[code.order_ref].append(code)
    for ref, row in moved.items():
        void, mine = voids[ref], codes[ref]
        used = any(code.used for code in mine)
        if void or used:
            plan.revoked += [
                (code.id, code.node_id) for code in mine if code.state == GIVEN and not code.used
            ]
        has_code = any(code.state in OF_COUPON for code in mine)
        waiting = row.refusal is None and not (void or used or has_code)
        if waiting and not row.waiting:
            plan.wants.append(Want(row.node_id, ref, row.expires_on))
        if (void, waiting) != (row.void, row.waiting):
            plan.changed.append({"ref": ref, "is_void": void, "waits": waiting})


def _write(conn: Connection, plan: _Plan, now: datetime) -> None:
    losing = {node_id for _, node_id in plan.revoked}
    concerned = losing | {want.node_id for want in plan.wants}
    nodes = plan.nodes | campaigns.by_id(conn, concerned - plan.nodes.keys())
    if plan.revoked:
        conn.execute(_REVOKE, {"codes": [code for code, _ in plan.revoked]})
    served, low = pool.assign(conn, plan.wants, nodes, now)
    if plan.new:
        rows = [row | {"waiting": row["waiting"] and row["order_ref"] not in served} for row in plan.new]
        _ADD.rows(conn, rows)
    if plan.changed:
        changed = [row | {"waits": row["waits"] and row["ref"] not in served} for row in plan.changed]
        _CHANGE.rows(conn, changed)
    wanted = pool.wanted(pool.TOP_UP, low, nodes, now) + pool.wanted(pool.REMOVE, losing, nodes, now)
    tasks.enqueue(conn, wanted, now)
