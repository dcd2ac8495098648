"""A nightly look at the discounts: whether each still grants what was promised with its codes."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, literal, select

from plugin import clock, tasks
from plugin.clock import Job
from plugin.shopify.discount_state import DiscountState, discount_state
from plugin.tasks import TaskRun, Wanted
from widgets.coupon import campaigns, mending
from widgets.coupon.campaigns import Campaign, Node
from widgets.coupon.tables import FREE, GIVEN, coupon_code, coupon_node

LOOK = "coupon.look"
"""The task that looks at one discount; its key is the node's id."""

PORTION = 200

_CODES = (
    select(literal(1))
    .where(coupon_code.c.node_id == coupon_node.c.id, coupon_code.c.state.in_((FREE, GIVEN)))
    .correlate(coupon_node)
    .exists()
)
_NODES = (
    select(coupon_node.c.id, coupon_node.c.shop_id)
    .where(coupon_node.c.id > bindparam("after"), coupon_node.c.gid.is_not(None), _CODES)
    .order_by(coupon_node.c.id)
    .limit(PORTION)
)


async def look(run: TaskRun) -> None:
    """Look at a discount and mend what can be mended: nobody gets another code of one that was changed or deleted."""
    found = await run.db.read(lambda conn: campaigns.by_id(conn, {int(run.key)}))
    node = found.get(int(run.key))
    if node is not None and node.shop_id == run.shop.id and node.gid is not None:
        await look_at(run, node, node.gid)


async def look_at(run: TaskRun, node: Node, gid: str) -> bool:
    """Do so for a node at hand; returns whether the discount is gone. Raises GatewayError."""
    now = run.now
    state = await discount_state(run.gateway, run.shop, gid, node.campaign.currency)
    if state is None:
        await run.db.write(lambda conn: mending.gone(conn, node, now))
        return True
    if differs := tuple(differences(node.campaign, state)):
        await run.db.write(lambda conn: mending.edited(conn, node, differs, now))
    else:
        await run.db.write(lambda conn: mending.settled(conn, node))
    return False


def differences(campaign: Campaign, state: DiscountState) -> Iterator[str]:
    """Yield what a discount no longer grants as it was made to."""
    promised = campaign.value
    given = state.percent if campaign.kind == "percentage" else state.amount
    if given != promised:
        yield "value"
    if state.minimum != campaign.minimum:
        yield "minimum"
    if (state.products, state.collections) != (frozenset(campaign.products), frozenset(campaign.collections)):
        yield "goods"
    if not state.active:
        yield "ends"
    if not state.single:
        yield "limit"
    if not state.everybody:
        yield "customers"
    if state.combines:
        yield "combination"


def ask(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Have each discount that holds codes looked at, a portion at a time; returns how many."""
    after = clock.reached(conn, LOOK)
    rows = conn.execute(_NODES, {"after": after}).all()
    wanted = [
        Wanted(row.shop_id, LOOK, str(row.id), now, {}) for row in rows if shop_id in {None, row.shop_id}
    ]
    tasks.enqueue(conn, wanted, now)
    clock.reach(conn, LOOK, now, rows[-1].id if rows else 0)
    return len(rows)


JOB = Job(LOOK, timedelta(days=1), ask)
