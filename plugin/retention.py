"""What is kept no longer: handled webhooks, what nobody could handle, proofs of old checkouts, traces in the files."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    select,
    update,
)

import widgets
from plugin import clock, shops, tasks
from plugin.clock import Job
from plugin.core import access_log, adjustments, privacy, privacy_tokens, removals, tombstones
from plugin.core.removals import Removed, tally
from plugin.core.tombstones import Kind
from plugin.crypto import Keyring
from plugin.database import Database, Utc, among, metadata
from plugin.pseudonyms import Pseudonyms
from plugin.shops import shop
from plugin.tasks import Wanted, task
from webhooks import inbox as events
from webhooks.inbox import HANDLED, PARKED, WAITING, inbox, is_state
from webhooks.named import named
from webhooks.topics import TOPICS

RETENTION, VACUUM = "privacy.retention", "privacy.vacuum"
HANDLED_FOR = timedelta(days=7)
"""How long a handled webhook is recognised when it is sent again; Shopify sends again for four hours."""
BODIES_FOR = timedelta(days=30)
"""So long, too, a task stays that was set aside, if it says of whom or what."""
UNKNOWN_FOR = timedelta(hours=48)
"""Bodies for a shop that does not have the app."""
PORTION = 500

log = structlog.get_logger()

_INSTALLED = select(shop.c.handle).where(shop.c.uninstalled_at.is_(None))
_OLD_HANDLED = (
    select(inbox.c.id, inbox.c.shop)
    .where(inbox.c.state == HANDLED, inbox.c.handled_at < bindparam("before", type_=Utc))
    .order_by(inbox.c.id)
    .limit(PORTION)
)
_OLD_BODIES = [
    select(inbox.c.id, inbox.c.shop, inbox.c.webhook_id, inbox.c.topic, inbox.c.body)
    .where(
        is_state(state),
        inbox.c.body.is_not(None),
        (inbox.c.received_at < bindparam("known", type_=Utc))
        | ((inbox.c.received_at < bindparam("unknown", type_=Utc)) & inbox.c.shop.not_in(_INSTALLED)),
    )
    .limit(PORTION)
    for state in (PARKED, WAITING)
]
"""Each is answered by its state's own index; sorted by ``id``, they would be looked for among all that was handled."""

_FORGET = delete(inbox).where(among(inbox.c.id, "ids"))
_EMPTY = (
    update(inbox)
    .where(inbox.c.id == bindparam("event_id"))
    .values(state=PARKED, body=None, webhook_id=bindparam("number"), reason=bindparam("why"))
)
_OLD_TASKS = (
    select(task.c.id, task.c.shop_id)
    .where(
        task.c.state == PARKED,
        task.c.created_at < bindparam("before", type_=Utc),
        task.c.payload != "{}",
        task.c.name.not_in([widgets.REDERIVE, privacy.ERASE]),
    )
    .order_by(task.c.id)
    .limit(PORTION)
)
"""Those with an empty payload name nobody; deriving orders again names settings, and who is to be erased is never let go."""

_END_TASKS = delete(task).where(among(task.c.id, "ids"))
_ERASE_AGAIN = (
    update(task)
    .where(task.c.state == PARKED, task.c.name == privacy.ERASE)
    .values(
        state=events.WAITING,
        due_at=bindparam("at", type_=Utc),
        created_at=bindparam("at", type_=Utc),
        attempts=0,
        reason=None,
    )
)
_REASONS = select(inbox.c.id, inbox.c.reason).where(among(inbox.c.id, "ids"))


def jobs(keyring: Keyring) -> Sequence[Job]:
    """Return the clock's jobs; the last one rewrites the files after whatever was erased before it."""

    def retain(conn: Connection, shop_id: int | None, now: datetime) -> int:
        return keep_no_longer(conn, keyring, shop_id, now)

    return (
        Job(RETENTION, timedelta(days=1), retain),
        Job(VACUUM, timedelta(days=1), _nothing, after=rewrite),
    )


def keep_no_longer(conn: Connection, keyring: Keyring, shop_id: int | None, now: datetime) -> int:
    """Do one portion of each kind, of one shop or of all; returns how much was done. Each shop's report counts it."""
    mine = None if shop_id is None else inbox.c.shop == _handle(conn, shop_id)
    looked, checkouts = _drop_tokens(conn, now)
    conn.execute(_ERASE_AGAIN, {"at": now})
    removed = {
        Removed.WEBHOOKS: _forget_handled(conn, mine, now),
        Removed.BODIES: _empty_bodies(conn, keyring, mine, now),
        Removed.TASKS: _end_tasks(conn, now),
        Removed.CHECKOUTS: checkouts,
        Removed.AUTHORS: adjustments.forget_authors(conn, now, PORTION),
        Removed.LOOKS: access_log.forget_old(conn, now, PORTION),
    }
    for kind, counts in removed.items():
        removals.note(conn, kind, {shop: count for shop, count in counts.items() if shop}, now)
    totals = {kind.value: sum(counts.values()) for kind, counts in removed.items()}
    if any(totals.values()):
        log.info("retention", **totals)
    return sum(totals.values()) - totals[Removed.CHECKOUTS] + looked + removals.forget_old(conn, now)


async def rewrite(db: Database, shop_id: int | None, now: datetime) -> int:
    """Rewrite the files, which all shops share, if anything was erased since; returns how many erasures that settles."""
    waiting = await db.read(privacy.pending)
    if not waiting or not await db.compact(table.name for table in metadata.sorted_tables):
        return 0
    await db.write(lambda conn: privacy.compacted(conn, waiting[-1], now))
    return len(waiting)


def _nothing(conn: Connection, shop_id: int | None, now: datetime) -> int:
    return 0


def _handle(conn: Connection, shop_id: int) -> str:
    found = shops.shop_by_id(conn, shop_id)
    return found.handle if found else ""


def _forget_handled(conn: Connection, mine: ColumnElement[bool] | None, now: datetime) -> Mapping[int, int]:
    statement = _OLD_HANDLED if mine is None else _OLD_HANDLED.where(mine)
    rows = conn.execute(statement, {"before": now - HANDLED_FOR}).all()
    if rows:
        conn.execute(_FORGET, {"ids": [row.id for row in rows]})
    return _by_shop(conn, [row.shop for row in rows])


def _by_shop(conn: Connection, handles: Sequence[str]) -> Mapping[int, int]:
    """How many there are of each shop by its key, 0 for those who never had the app."""
    known = shops.shops_by_handle(conn, set(handles)) if handles else {}
    return tally(known[handle].id if handle in known else 0 for handle in handles)


def _empty_bodies(
    conn: Connection, keyring: Keyring, mine: ColumnElement[bool] | None, now: datetime
) -> Mapping[int, int]:
    """Erase bodies whose time is over; a row by our own number stays and says so, and an order's facts are fetched instead."""
    given = {"known": now - BODIES_FOR, "unknown": now - UNKNOWN_FOR}
    found: list[Row[Any]] = []
    for statement in _OLD_BODIES:
        found += conn.execute(statement if mine is None else statement.where(mine), given)
    rows = sorted(found, key=lambda row: row.id)
    if not rows:
        return {}
    _ask_again(conn, keyring, rows, now)
    before = conn.execute(_REASONS, {"ids": [row.id for row in rows]})
    gone = "What it said was erased after its time."
    reasons = [
        {
            "event_id": row.id,
            "number": f"emptied {row.id}",
            "why": f"{row.reason} {gone}" if row.reason else gone,
        }
        for row in before
    ]
    conn.execute(_EMPTY, reasons)
    return _by_shop(conn, [row.shop for row in rows])


def _end_tasks(conn: Connection, now: datetime) -> Mapping[int, int]:
    """End what was set aside and names somebody; how many, by shop."""
    rows = conn.execute(_OLD_TASKS, {"before": now - BODIES_FOR}).all()
    if rows:
        conn.execute(_END_TASKS, {"ids": [row.id for row in rows]})
    return tally(row.shop_id for row in rows)


def _ask_again(conn: Connection, keyring: Keyring, rows: Iterable[Any], now: datetime) -> None:
    orders: dict[str, set[int]] = {}
    for row in rows:
        topic, body = TOPICS.get(row.topic), events.opened(row, keyring)
        if topic is not None and topic.decode is not None and body is not None and _is_json(body):
            orders.setdefault(row.shop, set()).update(named(row.topic, body).orders)
    for found in shops.shops_by_handle(conn, orders).values():
        if not found.installed:
            continue
        tombstones.share(conn, [found.id])
        wanted = orders[found.handle]
        wanted -= tombstones.erased(conn, found.id, Kind.ORDER, wanted, Pseudonyms(keyring, [found]))
        tasks.enqueue(
            conn,
            [Wanted(found.id, widgets.FETCH_ORDER, str(id), now, {"order_id": id}) for id in sorted(wanted)],
            now,
        )


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _drop_tokens(conn: Connection, now: datetime) -> tuple[int, Mapping[int, int]]:
    """At how many orders it looked, and how many proofs went, by shop."""
    after = clock.reached(conn, RETENTION)
    dropped = privacy_tokens.drop_tokens(conn, after, now, PORTION)
    if dropped.reached > after:
        clock.reach(conn, RETENTION, now, dropped.reached)
    return dropped.looked, dropped.dropped
