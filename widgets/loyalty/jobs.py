"""The clock's work on points and on the codes they bought."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from plugin import tasks
from plugin.clock import Job
from plugin.core import positions
from widgets.loyalty import reward_codes
from widgets.loyalty.reward_tasks import REMOVE


def expire(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Post the expiry of lots that have closed; returns the number of accounts looked at."""
    due = positions.due_for_expiry(conn, shop_id, now)
    positions.post_expiry(conn, due, now)
    return len(due)


def end_codes(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """End reward codes whose last day is over; the unused ones are removed, then their points come back."""
    rows = reward_codes.end(conn, now, shop_id)
    _ask(conn, (row for row in rows if not row.used), now)
    return len(rows)


def sweep(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Have codes removed that may still work though their points are back; what is left is asked for the next night."""
    _ask(conn, reward_codes.live(conn, now, shop_id), now)
    return 0


def _ask(conn: Connection, rows: Iterable[Row[Any]], now: datetime) -> None:
    tasks.enqueue(conn, [tasks.Wanted(row.shop_id, REMOVE, str(row.id), now, {}) for row in rows], now)


JOBS = (
    Job("loyalty.expire", timedelta(hours=1), expire),
    Job("loyalty.end_codes", timedelta(hours=1), end_codes),
    Job("loyalty.sweep", timedelta(days=1), sweep),
)
