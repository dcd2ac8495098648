"""What a host whose clock ran ahead has put off: by everybody else's clock it is due now.

Instants that say when something may be done are written by the clock of whoever writes them. One that lies further
ahead than anybody with the right time could have put it is of a clock that was wrong. But it may be the reader's own
clock that is behind: what that would double or hurry is left alone within the minutes that clocks may be apart.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, update

from plugin.clock import APART, Job
from plugin.database import Utc
from plugin.tasks import LEASE, LONGEST_WAIT, task
from webhooks.inbox import WAITING, WAITS, inbox

_SLACK = timedelta(seconds=10)
"""What was due when it was written may be done early; so much ahead, it is not worth the writing."""

_NOW = bindparam("now", type_=Utc)
_SOON = bindparam("soon", type_=Utc)

_EVENTS = (
    update(inbox)
    .where(
        inbox.c.state == WAITING,
        inbox.c.due_at > _SOON,
        (inbox.c.attempts == 0) | (inbox.c.due_at > bindparam("longest", type_=Utc)),
    )
    .values(due_at=_NOW)
)
_HELD = (
    update(task)
    .where(task.c.state == "waiting", task.c.lease_until > bindparam("longest", type_=Utc))
    .values(lease_until=bindparam("longest", type_=Utc))
)
"""Not freed: whoever holds it may be at work on it."""

_PUT_OFF = (
    update(task)
    .where(
        task.c.state == "waiting",
        task.c.lease_until.is_(None),
        task.c.due_at > _SOON,
        (task.c.due_at <= task.c.created_at)
        | ((task.c.attempts > 0) & (task.c.due_at > bindparam("longest", type_=Utc))),
    )
    .values(
        due_at=_NOW, created_at=case((task.c.created_at > _NOW, _NOW), else_=task.c.created_at), ready=True
    )
)


def recall(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Make due what was put off by a clock that ran ahead, of every shop; returns how much that was.

    What is held by such a clock is held for no longer than by any other.
    """
    soon, apart = now + _SLACK, now + APART
    events = {"now": now, "soon": soon, "longest": apart + timedelta(seconds=max(WAITS))}
    held = {"longest": apart + LEASE}
    put_off = {"now": now, "soon": soon, "longest": apart + LONGEST_WAIT}
    return (
        conn.execute(_EVENTS, events).rowcount
        + conn.execute(_HELD, held).rowcount
        + conn.execute(_PUT_OFF, put_off).rowcount
    )


JOBS = (Job("clock.ahead", timedelta(minutes=1), recall),)
