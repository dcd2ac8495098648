"""``dankbar backlog``: what waits, what is scheduled, what was set aside and why; and trying a parked one again."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from plugin.shops import shop
from plugin.tasks import task
from webhooks import inbox as events
from webhooks.inbox import PARKED, WAITING, inbox

MOST = 500


@dataclass(frozen=True, slots=True)
class Parked:
    """Something set aside; ``id`` is what ``--retry`` takes: e12 an event, t7 a task."""

    id: str
    shop: str
    what: str
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts as the contract defines them."""

    inbox_waiting: int
    inbox_parked: int
    tasks_waiting: int
    tasks_scheduled: int
    tasks_parked: int
    parked: tuple[Parked, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the backlog in the form of the contract."""
        return {
            "inbox": {"waiting": self.inbox_waiting, "parked": self.inbox_parked},
            "tasks": {
                "waiting": self.tasks_waiting,
                "scheduled": self.tasks_scheduled,
                "parked": self.tasks_parked,
            },
            "parked": [
                {
                    "id": one.id,
                    "shop": one.shop,
                    "what": one.what,
                    "reason": one.reason,
                    "attempts": one.attempts,
                }
                for one in self.parked
            ],
        }


def read(conn: Connection, now: datetime, handle: str | None = None) -> Backlog:
    """Return the backlog of one shop or of all; at most 500 parked ones are listed."""
    parked = (*_parked_events(conn, handle), *_parked_tasks(conn, handle))
    return replace(counts(conn, now, handle), parked=parked)


def counts(conn: Connection, now: datetime, handle: str | None = None) -> Backlog:
    """Return the backlog without the list of what is parked."""
    scheduled = (~task.c.tried) & (task.c.due_at > now)
    return Backlog(
        inbox_waiting=_events(conn, WAITING, handle),
        inbox_parked=_events(conn, PARKED, handle),
        tasks_waiting=_tasks(conn, (task.c.state == WAITING) & ~scheduled, handle),
        tasks_scheduled=_tasks(conn, (task.c.state == WAITING) & scheduled, handle),
        tasks_parked=_tasks(conn, task.c.state == PARKED, handle),
        parked=(),
    )


def retry(conn: Connection, id: str, now: datetime) -> bool:
    """Let a parked event or task be tried again; False when there is none of that id."""
    kind, number = id[:1], id[1:]
    if not number.isdecimal() or len(number) > 18:
        return False
    if kind == "e":
        return events.release(conn, now, event_id=int(number)) == 1
    parked = update(task).where(task.c.id == int(number), task.c.state == PARKED)
    again = parked.values(state=WAITING, due_at=now, attempts=0, reason=None, created_at=now)
    return kind == "t" and conn.execute(again).rowcount == 1


def _events(conn: Connection, state: str, handle: str | None) -> int:
    statement = select(func.count()).select_from(inbox).where(events.is_state(state))
    if handle is not None:
        statement = statement.where(inbox.c.shop == handle)
    return conn.execute(statement).scalar_one()


def _tasks(conn: Connection, condition: Any, handle: str | None) -> int:
    statement = select(func.count()).select_from(task).where(condition)
    if handle is not None:
        statement = statement.join(shop, shop.c.id == task.c.shop_id).where(shop.c.handle == handle)
    return conn.execute(statement).scalar_one()


def _parked_events(conn: Connection, handle: str | None) -> list[Parked]:
    statement = select(inbox).where(events.is_state(PARKED)).order_by(inbox.c.id).limit(MOST)
    if handle is not None:
        statement = statement.where(inbox.c.shop == handle)
    return [
        Parked(f"e{row.id}", row.shop, row.topic, row.reason or "", row.attempts)
        for row in conn.execute(statement)
    ]


def _parked_tasks(conn: Connection, handle: str | None) -> list[Parked]:
    statement = (
        select(task.c.id, shop.c.handle, task.c.name, task.c.reason, task.c.attempts)
        .join(shop, shop.c.id == task.c.shop_id)
        .where(task.c.state == PARKED)
        .order_by(task.c.id)
        .limit(MOST)
    )
    if handle is not None:
        statement = statement.where(shop.c.handle == handle)
    return [
        Parked(f"t{row.id}", row.handle, row.name, row.reason or "", row.attempts)
        for row in conn.execute(statement)
    ]
