"""Settings in the database: versions, changes that meet, hooks, and the cache for display, on both homes."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

import widgets
from plugin import settings
from plugin.errors import Invalid
from plugin.settings import Section, ShopSettings, setting
from plugin.settings_cache import AGE, Displayed, SettingsCache
from plugin.shops import find_shop
from plugin.tasks import task
from tests.integration.widgets.stage import Stage, install
from widgets.registry import SECTIONS


async def rows(stage: Stage, section: str = "shop") -> list[tuple[int, datetime]]:
    statement = select(setting.c.version, setting.c.valid_from).where(
        setting.c.shop_id == stage.shop.id, setting.c.section == section
    )
    found = await stage.db.read(lambda conn: list(conn.execute(statement.order_by(setting.c.version))))
    return [(row.version, row.valid_from) for row in found]


async def change(stage: Stage, at: datetime, **patch: object) -> settings.Version[Section] | None:
    return await stage.db.write(lambda conn: widgets.change_settings(conn, stage.shop.id, "shop", patch, at))


async def test_a_change_is_a_version_and_the_same_again_is_none(stage: Stage) -> None:
    later = stage.now + timedelta(hours=1)
    made = await change(stage, later, tone="du")
    assert made is not None
    assert (made.number, made.valid_from) == (2, later)
    assert await change(stage, later, tone="du") is None
    assert await change(stage, later) is None
    assert await rows(stage) == [(1, stage.now), (2, later)]


async def test_the_version_of_an_instant_is_read_for_many_shops_at_once(stage: Stage) -> None:
    other = await stage.db.write(
        lambda conn: install(conn, "other", stage.display.keyring, stage.now, tone="du")
    )
    later = stage.now + timedelta(hours=1)
    await change(stage, later, tone="du")
    found = await stage.db.read(
        lambda conn: settings.versions(conn, [stage.shop.id, other.id], [ShopSettings])
    )
    moments = (stage.now - timedelta(days=900), later - timedelta(microseconds=1), later)
    assert [found.at(stage.shop.id, ShopSettings, at).value.tone for at in moments] == ["sie", "sie", "du"]
    assert found.at(other.id, ShopSettings, stage.now - timedelta(days=900)).value.tone == "du"
    assert (
        await stage.db.read(lambda conn: settings.versions(conn, [], [ShopSettings]).stored(1, ShopSettings))
        is False
    )


async def test_establishing_again_keeps_what_is_there(stage: Stage) -> None:
    await change(stage, stage.now, tone="du")
    await stage.db.write(lambda conn: install(conn, "example", stage.display.keyring, stage.now))
    current = await stage.db.read(lambda conn: settings.current(conn, stage.shop.id, ShopSettings))
    assert current.tone == "du"


async def test_a_refused_change_leaves_no_trace(stage: Stage) -> None:
    with pytest.raises(Invalid, match="time_zone"):
        await change(stage, stage.now, tone="du", time_zone="Nowhere")
    assert await rows(stage) == [(1, stage.now)]


async def test_a_clock_that_went_back_orders_no_version_before_its_forerunner(stage: Stage) -> None:
    later = stage.now + timedelta(hours=1)
    await change(stage, later, tone="du")
    await change(stage, stage.now, tone="sie")
    assert await rows(stage) == [(1, stage.now), (2, later), (3, later)]


async def test_changes_that_meet_follow_one_another(stage: Stage) -> None:
    values = [f"2026-01-{day:02}" for day in range(1, 9)]
    await asyncio.gather(*(change(stage, stage.now, active_from=value) for value in values))
    assert [version for version, _ in await rows(stage)] == list(range(1, 10))


async def test_a_section_that_came_with_a_later_release_begins_with_its_defaults(stage: Stage) -> None:
    model = SECTIONS["loyalty"]
    await stage.db.write(lambda conn: conn.execute(setting.delete().where(setting.c.section == "loyalty")))
    later = stage.now + timedelta(hours=1)
    await stage.db.write(
        lambda conn: widgets.change_settings(conn, stage.shop.id, "loyalty", {"pending_days": "3"}, later)
    )
    found = await stage.db.read(lambda conn: settings.versions(conn, [stage.shop.id], [model]))
    before = found.at(stage.shop.id, model, stage.now).value.model_dump()
    after = found.current(stage.shop.id, model).value.model_dump()
    assert (before["pending_days"], after["pending_days"]) == (14, 3)


async def test_hooks_run_in_the_transaction_of_the_change(stage: Stage) -> None:
    seen: list[Any] = []

    def remember(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
        seen.append((shop_id, before, after))
        raise RuntimeError("the hook fails")

    with pytest.raises(RuntimeError, match="the hook fails"):
        await stage.db.write(
            lambda conn: settings.change(
                conn, stage.shop.id, ShopSettings, {"tone": "du"}, stage.now, hooks=[remember]
            )
        )
    [(shop_id, before, after)] = seen
    assert (shop_id, before.tone, after.tone) == (stage.shop.id, "sie", "du")
    assert await rows(stage) == [(1, stage.now)]


@pytest.mark.parametrize(
    ("patch", "asked"),
    [
        ({"count_test_orders": "true"}, 1),
        ({"active_from": "2020-01-01"}, 1),
        ({"tone": "du"}, 0),
        ({"count_test_orders": "false"}, 0),
    ],
)
async def test_what_counts_is_derived_again_when_it_changes(
    stage: Stage, patch: dict[str, object], asked: int
) -> None:
    await change(stage, stage.now, **patch)
    names = await stage.db.read(lambda conn: list(conn.execute(select(task.c.name)).scalars()))
    assert names == [widgets.REDERIVE] * asked


class Counting:
    """The database's doors, counting what goes through."""

    dialect = "any"

    def __init__(self, stage: Stage) -> None:
        self.inner, self.reads, self.gate = stage.db, 0, asyncio.Event()
        self.gate.set()

    async def read(self, work: Any) -> Any:
        self.reads += 1
        await self.gate.wait()
        return await self.inner.read(work)


async def test_many_who_ask_at_once_share_one_read(stage: Stage) -> None:
    door = Counting(stage)
    cache = SettingsCache(door, SECTIONS.values(), lambda: 0.0)  # type: ignore[arg-type]
    door.gate.clear()
    asking = [asyncio.create_task(cache.get("example")) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    door.gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert all(isinstance(one, Displayed) and one.shop.id == stage.shop.id for one in found[1:])
    assert door.reads == 1


async def test_an_unknown_shop_is_remembered_as_long_as_a_known_one(stage: Stage) -> None:
    door, instant = Counting(stage), [0.0]
    cache = SettingsCache(door, SECTIONS.values(), lambda: instant[0])  # type: ignore[arg-type]
    assert await cache.get("stranger") is None
    await stage.db.write(lambda conn: install(conn, "stranger", stage.display.keyring, stage.now))
    instant[0] = AGE
    assert await cache.get("stranger") is None
    instant[0] = AGE + 0.01
    found = await cache.get("stranger")
    assert found is not None
    assert found.shop == await stage.db.read(lambda conn: find_shop(conn, "stranger"))
    assert door.reads == 2


async def test_a_read_that_failed_is_tried_again_at_once(stage: Stage) -> None:
    class Failing(Counting):
        async def read(self, work: Any) -> Any:
            if self.reads == 0:
                self.reads += 1
                raise ConnectionError
            return await super().read(work)

    door = Failing(stage)
    cache = SettingsCache(door, SECTIONS.values(), lambda: 0.0)  # type: ignore[arg-type]
    with pytest.raises(ConnectionError):
        await cache.get("example")
    assert await cache.get("example") is not None
