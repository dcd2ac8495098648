"""What an order does to coupons: its own is judged once and then follows its facts; the one it used is spent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Row, String, Text, bindparam, select, update

from plugin import tasks
from plugin.core.order_book import OrderChange
from plugin.database import Big, Changes, Id, Upsert, Utc, among, lock_rows
from widgets.coupon import budget, campaigns, deciding, doubts, pool, uses
from widgets.coupon.budget import Budget
from widgets.coupon.campaigns import Node
from widgets.coupon.deciding import Open, Verdict
from widgets.coupon.owed import Refusal, is_void
from widgets.coupon.pool import Want
from widgets.coupon.tables import GIVEN, OF_COUPON, REVOKED, coupon, coupon_code

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
_ADD = Upsert(lambda insert: insert(coupon))
_DECIDED = ("node_id", "campaign", "doubt", "refusal", "expires_on", "face", "month")
_CHANGE = Changes(
    {"ref": Id, "is_void": Boolean(), "waits": Boolean(), "counts": Boolean(), "due": Utc()},
    lambda new: (
        update(coupon)
        .where(coupon.c.order_ref == new["ref"])
        .values(void=new["is_void"], waiting=new["waits"], counted=new["counts"], mail_due=new["due"])
    ),
)
_DECIDE = Changes(
    {
        "ref": Id,
        "new_node_id": Id,
        "new_campaign": String(),
        "new_doubt": Text(),
        "new_refusal": String(),
        "new_expires_on": Date(),
        "new_face": Big(),
        "new_month": String(),
    },
    lambda new: (
        update(coupon)
        .where(coupon.c.order_ref == new["ref"])
        .values({name: new[f"new_{name}"] for name in _DECIDED})
    ),
)
_INHERIT = update(coupon).where(coupon.c.order_ref == bindparam("ref")).values(node_id=bindparam("to"))
_REVOKE = update(coupon_code).where(among(coupon_code.c.id, "codes")).values(state=REVOKED, expires_on=None)


@dataclass(slots=True)
class _Plan:
    """What a batch comes to, before it is written."""

    new: list[dict[str, object]] = field(default_factory=list)
    decided: list[dict[str, object]] = field(default_factory=list)
    changed: list[dict[str, object]] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    revoked: list[tuple[int, int]] = field(default_factory=list)
    """Code and node."""
    nodes: dict[int, Node] = field(default_factory=dict)
    questions: list[tasks.Wanted] = field(default_factory=list)
    budgets: dict[int, Budget] = field(default_factory=dict)

    def follow(self, row: Row[Any], *, void: bool, waiting: bool, counts: bool, now: datetime) -> None:
        """Note what changes of a coupon; one that mails show may have changed for them alone."""
        mails = row.mailed is not None
        if mails or (void, waiting, counts) != (row.void, row.waiting, row.counted):
            target = {"is_void": void, "waits": waiting, "counts": counts, "due": now if mails else None}
            self.changed.append({"ref": row.order_ref} | target)


def on_orders(conn: Connection, changes: Sequence[OrderChange], now: datetime) -> None:
    """Bring the coupons of these orders, and those they used, to their targets in a few statements.

    A coupon is decided when the order's first snapshot was merged, by the settings of this transaction, and given a
    code from the pool at once; without one it waits and a task mints. Where a campaign asks about the customer, a
    task asks Shopify, and the orders it was asked for come here again. Locks are taken in one order everywhere:
    coupons (of codes that are used as well, so that a use and a refund follow one another), customers, months, codes.
    """
    seen = {change.ref: change for change in changes if change.state.snapshot is not None}
    if not seen:
        return
    shown = uses.shown(conn, list(seen.values()))
    known = _known(conn, seen.keys() | shown.owners)
    concerned = uses.record(conn, shown)
    voids = {ref: is_void(change.state) for ref, change in seen.items()}
    moved = {
        ref: row
        for ref, row in known.items()
        if row.doubt is None and (voids.get(ref, row.void) != row.void or ref in concerned)
    }
    plan = _Plan()
    _judge(conn, seen, known, moved, plan, now)
    if moved:
        _follow(conn, voids, moved, plan, now)
    _write(conn, plan, now)


def _known(conn: Connection, refs: set[int]) -> dict[int, Row[Any]]:
    statement = _KNOWN_LOCKED if lock_rows(conn) else _KNOWN
    return {row.order_ref: row for row in conn.execute(statement, {"refs": sorted(refs)})}


def _judge(
    conn: Connection,
    seen: Mapping[int, OrderChange],
    known: Mapping[int, Row[Any]],
    moved: Mapping[int, Row[Any]],
    plan: _Plan,
    now: datetime,
) -> None:
    firsts = [change for ref, change in seen.items() if change.first and ref not in known]
    doubtful = {
        ref: _open(seen[ref], row) for ref, row in known.items() if row.doubt is not None and ref in seen
    }
    decided = deciding.decide(conn, firsts, doubtful, now)
    plan.nodes, plan.questions = decided.nodes, decided.questions
    counted = {row.shop_id for row in moved.values() if row.face is not None}
    plan.budgets = budget.lock(conn, decided.caps, counted, now)
    for ref, verdict in decided.verdicts.items():
        change = seen[ref]
        void = is_void(change.state)
        limited = _within_cap(verdict, plan.budgets.get(change.shop_id), plan.nodes, void=void, now=now)
        waiting = limited.owed and not void
        counts = waiting and limited.face is not None
        if waiting and limited.node_id is not None:
            plan.wants.append(Want(limited.node_id, ref, limited.last_day))
        if ref not in known:
            own = {"order_ref": ref, "shop_id": change.shop_id, "judged_at": now}
            mails = change.shop_id in decided.mailing and limited.refusal is None
            mailing = {"mailed": "" if mails else None, "mail_due": now if mails else None}
            facts = {"void": void, "waiting": waiting, "counted": counts}
            plan.new.append(own | _terms(limited) | facts | mailing)
            continue
        row = known[ref]
        if limited.doubt is None:
            terms = {f"new_{name}": value for name, value in _terms(limited).items()}
            plan.decided.append({"ref": ref} | terms)
        plan.follow(row, void=void, waiting=waiting, counts=counts, now=now)


def _open(change: OrderChange, row: Row[Any]) -> Open:
    doubt = doubts.decode(row.doubt)
    return Open(change, doubt, doubt.since or row.judged_at)


def _within_cap(
    verdict: Verdict, month: Budget | None, nodes: Mapping[int, Node], *, void: bool, now: datetime
) -> Verdict:
    """Return the first of what the order could have that fits into the month, with what it counts for, or the refusal.

    A void coupon takes nothing from the month, and one that was promised is not lost to it.
    """
    if month is None or not month.amount or not verdict.owed or verdict.node_id is None:
        return verdict
    first = replace(verdict, face=month.face(nodes[verdict.node_id].campaign), month=month.month)
    if void:
        return first
    for one in (first, *_instead(verdict, month, nodes)):
        if one.face is not None and month.allows(one.face, now):
            return one
    if verdict.promised and first.face is not None:
        month.issued += first.face
        return first
    return replace(verdict, refusal=Refusal.CAP)


def _instead(verdict: Verdict, month: Budget, nodes: Mapping[int, Node]) -> Iterator[Verdict]:
    for choice in verdict.others:
        if not nodes[choice.node_id].refused:
            yield replace(
                verdict,
                campaign=choice.name,
                node_id=choice.node_id,
                last_day=choice.last_day,
                face=month.face(nodes[choice.node_id].campaign),
                month=month.month,
            )


def _terms(verdict: Verdict) -> dict[str, object]:
    return {
        "node_id": verdict.node_id,
        "campaign": verdict.campaign,
        "doubt": verdict.doubt,
        "refusal": verdict.refusal,
        "expires_on": verdict.last_day,
        "face": verdict.face,
        "month": verdict.month,
    }


def _follow(
    conn: Connection, voids: Mapping[int, bool], moved: Mapping[int, Row[Any]], plan: _Plan, now: datetime
) -> None:
    """Follow what became of orders judged before: no latch, what comes back is owed again."""
    codes: dict[int, list[Row[Any]]] = {ref: [] for ref in moved}
    for code in conn.execute(_CODES, {"refs": sorted(moved)}):
        codes[code.order_ref].append(code)
    for ref, row in moved.items():
        void, mine = voids.get(ref, row.void), codes[ref]
        used = any(code.used for code in mine)
        if void or used:
            plan.revoked += [
                (code.id, code.node_id) for code in mine if code.state == GIVEN and not code.used
            ]
        has_code = any(code.state in OF_COUPON for code in mine)
        waiting = row.refusal is None and not (void or used or has_code)
        counts = row.face is not None and row.refusal is None and (used or not void)
        if waiting and not row.waiting:
            plan.wants.append(Want(row.node_id, ref, row.expires_on))
        plan.follow(row, void=void, waiting=waiting, counts=counts, now=now)
        if counts != row.counted:
            plan.budgets[row.shop_id].recount(row.month, row.face if counts else -row.face)


def _write(conn: Connection, plan: _Plan, now: datetime) -> None:
    losing = {node_id for _, node_id in plan.revoked}
    concerned = losing | {want.node_id for want in plan.wants}
    nodes = plan.nodes | campaigns.by_id(conn, concerned - plan.nodes.keys())
    if plan.revoked:
        conn.execute(_REVOKE, {"codes": [code for code, _ in plan.revoked]})
    heirs = campaigns.heirs(conn, [nodes[want.node_id] for want in plan.wants], now)
    if heirs:
        nodes |= {node.id: node for node in heirs.values()}
        moved = [
            replace(want, node_id=heirs[want.node_id].id) for want in plan.wants if want.node_id in heirs
        ]
        plan.wants = [want for want in plan.wants if want.node_id not in heirs] + moved
        conn.execute(_INHERIT, [{"ref": want.ref, "to": want.node_id} for want in moved])
    served, low = pool.assign(conn, plan.wants, nodes, now)
    if plan.new:
        rows = [row | {"waiting": row["waiting"] and row["order_ref"] not in served} for row in plan.new]
        _ADD.rows(conn, rows)
    if plan.decided:
        _DECIDE.rows(conn, plan.decided)
    if plan.changed:
        changed = [row | {"waits": row["waits"] and row["ref"] not in served} for row in plan.changed]
        _CHANGE.rows(conn, changed)
    budget.write(conn, plan.budgets.values())
    wanted = pool.wanted(pool.TOP_UP, low, nodes, now) + pool.wanted(pool.REMOVE, losing, nodes, now)
    tasks.enqueue(conn, wanted + plan.questions, now)
