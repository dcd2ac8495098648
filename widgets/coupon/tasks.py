"""What coupons ask of the outside world: a full pool, and the removal of codes that are good no longer."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import Connection, bindparam, case, select, update

from plugin.database import among, lock_rows
from plugin.shopify import Refused
from plugin.tasks import Handler, TaskRun
from widgets.coupon import (
    asking,
    campaigns,
    deciding,
    minting,
    moving,
    pool,
    refusals,
    stock,
    uses,
    watching,
)
from widgets.coupon.campaigns import Node
from widgets.coupon.tables import ENDED, EXPIRED, REVOKED, SPENT, WITHDRAWN, coupon_code

PORTION = 250
"""Shopify removes at most so many codes in one call."""

_DOOMED = (
    select(coupon_code.c.id, coupon_code.c.gid, uses.IS_USED.label("used"))
    .where(coupon_code.c.node_id == bindparam("node"), coupon_code.c.state.in_((REVOKED, EXPIRED)))
    .order_by(coupon_code.c.id)
    .limit(PORTION)
)
_DOOMED_LOCKED = _DOOMED.with_for_update()
_IS_DOOMED = coupon_code.c.state.in_((REVOKED, EXPIRED))
"""Looked at again when it is done: another worker may have been quicker, where this one's lease had ended."""
_DONE = (
    update(coupon_code)
    .where(among(coupon_code.c.id, "codes"), _IS_DOOMED)
    .values(state=case((coupon_code.c.state == REVOKED, WITHDRAWN), else_=ENDED), gid=None)
)
_KEEP = (
    update(coupon_code)
    .where(among(coupon_code.c.id, "codes"), _IS_DOOMED)
    .values(state=case((coupon_code.c.state == REVOKED, WITHDRAWN), else_=SPENT))
)


async def top_up(run: TaskRun) -> None:
    """Fill the node's pool, making the node first where it is new; coupons that wait get their codes, oldest first.

    Given codes that were lost with another node are made again. The key is the node's id. Bells ring for the orders
    that were served.
    """
    filling = False
    while (books := await _books(run, filling=filling)) is not None:
        try:
            if not await _step(run, books):
                return
        except Refused:
            node = books.node
            if node.gid is None or not await watching.look_at(run, node, node.gid):
                raise
            return
        filling = True


async def _step(run: TaskRun, books: stock.Books) -> bool:
    """Do the next thing that the pool needs; False when it needs nothing."""
    node = books.node
    if node.gid is None:
        if not (books.lack or books.lost):
            return False
        return await minting.create(run, node)
    if books.asked or node.creation is not None:
        await minting.add(run, node, node.gid, books.asked[: stock.PORTION])
    elif books.lost:
        await minting.restore(run, node, node.gid, books.lost)
    elif books.lack:
        await run.db.write(partial(stock.ask, node=node, amount=books.lack))
    else:
        return False
    return True


async def remove(run: TaskRun) -> None:
    """Remove the node's codes that were taken back or have ended, and no other; never one that was used.

    The key is the node's id.
    """
    node = (await run.db.read(lambda conn: campaigns.by_id(conn, {int(run.key)}))).get(int(run.key))
    if node is None or node.shop_id != run.shop.id or node.gid is None:
        return
    try:
        await _remove(run, node, node.gid)
    except Refused:
        if not await watching.look_at(run, node, node.gid):
            raise


async def _remove(run: TaskRun, node: Node, gid: str) -> None:
    while codes := await run.db.write(lambda conn: _doomed(conn, node.id)):
        known = [gid for gid in codes.values() if gid is not None]
        if known:
            await minting.remove(run, gid, known)
        await run.db.write(partial(_removed, codes=list(codes)))


async def _books(run: TaskRun, *, filling: bool) -> stock.Books | None:
    shop_id, node_id, now = run.shop.id, int(run.key), run.now
    books = await run.db.write(lambda conn: stock.review(conn, shop_id, node_id, now, filling=filling))
    if books is not None and books.served:
        run.bells.ring(*(f"order:{shop_id}:{order_id}" for order_id in books.served))
    return books


def _doomed(conn: Connection, node_id: int) -> dict[int, str | None]:
    """Return the next codes to remove, by our ids; what was used meanwhile is kept."""
    statement = _DOOMED_LOCKED if lock_rows(conn) else _DOOMED
    while rows := conn.execute(statement, {"node": node_id}).all():
        if used := [row.id for row in rows if row.used]:
            conn.execute(_KEEP, {"codes": used})
        if doomed := {row.id: row.gid for row in rows if not row.used}:
            return doomed
    return {}


def _removed(conn: Connection, codes: list[int]) -> None:
    conn.execute(_DONE, {"codes": codes})


TASKS: Mapping[str, Handler] = {
    pool.TOP_UP: top_up,
    pool.REMOVE: remove,
    deciding.CUSTOMER: asking.customer,
    watching.LOOK: watching.look,
    refusals.MOVE: moving.move,
}
