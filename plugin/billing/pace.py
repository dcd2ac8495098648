"""One pace for all processes on a database: when the next call against a shared allowance may go out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, String, Table, bindparam, case

from plugin.database import Big, Upsert, metadata

pace = Table(
    "pace",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("free_at", Big, nullable=False),
)
"""``free_at``: the first free moment of that name, in milliseconds since 1970."""

LOST = timedelta(minutes=5)
"""A free moment further ahead was left behind by a clock that was wrong."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def _later(insert: Callable[..., Any]) -> Any:
    statement = insert(pace)
    now, gap = bindparam("now_ms", type_=Big), bindparam("gap_ms", type_=Big)
    held = (pace.c.free_at > now) & (pace.c.free_at <= bindparam("lost_ms", type_=Big))
    return statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"free_at": case((held, pace.c.free_at), else_=now) + gap},
        where=(pace.c.free_at <= bindparam("last_ms", type_=Big))
        | (pace.c.free_at > bindparam("lost_ms", type_=Big)),
    ).returning(pace.c.free_at)


_RESERVE = Upsert(_later)


def reserve(
    conn: Connection, name: str, now: datetime, gap: timedelta, patience: timedelta
) -> datetime | None:
    """Reserve the next moment, ``gap`` after the one before, and return it; None, and nothing, beyond the patience."""
    at, step = (now - _EPOCH) // _MS, gap // _MS
    values = {
        "name": name,
        "free_at": at + step,
        "now_ms": at,
        "gap_ms": step,
        "last_ms": at + patience // _MS,
        "lost_ms": at + LOST // _MS,
    }
    free_at = conn.execute(_RESERVE.on(conn), values).scalar_one_or_none()
    return None if free_at is None else _EPOCH + (int(free_at) - step) * _MS
