"""The clock's work on points and on the codes they bought."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from plugin import clock, tasks
from plugin.clock import Job
from plugin.core import positions
from plugin.tasks import Wanted
from widgets.loyalty import reward_codes
from widgets.loyalty.redeem import MINT
from widgets.loyalty.reward_tasks import REMOVE

SWEEP = "loyalty.sweep"


def expire(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Post the expiry of lots that have closed; returns the number of accounts looked at."""
    due = positions.due_for_expiry(conn, shop_id, now)
    positions.post_expiry(conn, due, now)
    return len(due)


def end_codes(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """End reward codes whose last day is over; the unused ones are removed, then their points come back."""
    rows = reward_codes.end(conn, now, shop_id)
    tasks.enqueue(conn, [_wanted(REMOVE, row, now) for row in rows if not row.used], now)
    return len(rows)


def sweep(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask once more for each code that is late in being made or removed, also where the task was set aside."""
    rows = reward_codes.left(conn, now, shop_id, clock.reached(conn, SWEEP))
    tasks.enqueue(conn, [_wanted(MINT if row.unmade else REMOVE, row, now) for row in rows], now)
    clock.reach(conn, SWEEP, now, rows[-1].id if rows else 0)
    return len(rows)


def _wanted(name: str, row: Row[Any], now: datetime) -> Wanted:
    return Wanted(row.shop_id, name, str(row.id), now, {})


JOBS = (
    Job("loyalty.expire", timedelta(hours=1), expire),
    Job("loyalty.end_codes", timedelta(hours=1), end_codes),
    Job(SWEEP, timedelta(days=1), sweep),
)
