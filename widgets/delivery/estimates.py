"""The estimate of each shop as it is stored: one row, written by the night's learning and read wherever a day is promised."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Date, Float, ForeignKey, Table, Text, select

from plugin.database import Id, Upsert, Utc, among, metadata
from widgets.delivery.learned import Learned, Start, Way
from widgets.delivery.survival import Table as Life

delivery_estimate = Table(
    "delivery_estimate",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
    Column("as_of", Utc, nullable=False),
    Column("data_until", Date, nullable=False),
    Column("learned", Text, nullable=False),
    Column("points", Float, nullable=False),
    Column("fed_until", Date),
    Column("corrections", Text, nullable=False),
)
"""What a shop's parcels have taught, as JSON: life tables, counts of nobody in particular. ``points`` is the correction of
the level; promises whose latest day is ``fed_until`` or earlier have moved it. ``corrections``: the points by the day of the
estimate, as long as a promise made by it may mature."""

_READ = select(delivery_estimate.c.shop_id, delivery_estimate.c.learned).where(
    among(delivery_estimate.c.shop_id, "shops")
)
_DIGITS = 4


def _stored(insert: Any) -> Any:
    statement = insert(delivery_estimate)
    columns = [column.name for column in delivery_estimate.columns if column.name != "shop_id"]
    return statement.on_conflict_do_update(
        index_elements=["shop_id"], set_={name: statement.excluded[name] for name in columns}
    )


_STORE = Upsert(_stored)


def current(conn: Connection, shop_id: int) -> Learned | None:
    """Return the newest estimate of a shop; None before the first one."""
    return of_shops(conn, {shop_id}).get(shop_id)


def of_shops(conn: Connection, shop_ids: Iterable[int]) -> Mapping[int, Learned]:
    """Return the newest estimate of each of these shops that has one, by shop."""
    wanted = sorted(shop_ids)
    rows = conn.execute(_READ, {"shops": wanted}) if wanted else ()
    return {row.shop_id: parsed(row.learned) for row in rows}


def store(
    conn: Connection,
    shop_id: int,
    learned: Learned,
    fed_until: date | None,
    corrections: Mapping[str, float],
) -> None:
    """Put the estimate in the place of the shop's last one."""
    values = {
        "shop_id": shop_id,
        "as_of": learned.as_of,
        "data_until": learned.data_until,
        "learned": written(learned),
        "points": learned.points,
        "fed_until": fed_until,
        "corrections": json.dumps(corrections, separators=(",", ":")),
    }
    conn.execute(_STORE.on(conn), [values])


def written(learned: Learned) -> str:
    """Return the estimate as JSON."""
    told = {
        "as_of": learned.as_of.isoformat(),
        "data_until": learned.data_until.isoformat(),
        "points": learned.points,
        "lag": learned.lag,
        "untracked": learned.untracked,
        "handling": [
            [one.weekday, one.late, *_life(table)] for one, table in learned.handling.items() if table.count
        ],
        "transit": [
            [way.country, way.province, way.carrier, *_life(table)]
            for way, table in learned.transit.items()
            if table.count
        ],
    }
    return json.dumps(told, separators=(",", ":"))


@lru_cache(1024)
def parsed(text: str) -> Learned:
    """Return the estimate that was written so; the same text is the same object, by which curves are cached."""
    told = json.loads(text)
    return Learned(
        as_of=datetime.fromisoformat(told["as_of"]),
        data_until=date.fromisoformat(told["data_until"]),
        handling={Start(weekday, late=late): _table(life) for weekday, late, *life in told["handling"]},
        transit={
            Way(country, province, carrier): _table(life)
            for country, province, carrier, *life in told["transit"]
        },
        points=told["points"],
        lag=told["lag"],
        untracked=told["untracked"],
    )


def _life(table: Life) -> list[object]:
    return [table.count, *(_rounded(values) for values in (table.at_risk, table.done, table.lost))]


def _table(life: list[Any]) -> Life:
    count, at_risk, done, lost = life
    return Life(tuple(at_risk), tuple(done), tuple(lost), count)


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(value, _DIGITS) for value in values]
