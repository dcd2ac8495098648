"""The clock's work on points."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from plugin.clock import Job
from plugin.core import positions


def expire(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Post the expiry of lots that have closed; returns the number of accounts looked at."""
    due = positions.due_for_expiry(conn, shop_id, now)
    positions.post_expiry(conn, due, now)
    return len(due)


JOBS = (Job("loyalty.expire", timedelta(hours=1), expire),)
