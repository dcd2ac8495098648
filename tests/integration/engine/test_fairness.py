"""A shop that sends a hundred times what others send delays theirs by no more than double, counted in claims.

One worker or two take turns at claiming; what a small shop sends between two claims is waited for.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from plugin.database import Database
from plugin.tasks import Claimed, claim_in_turn, finish
from plugin.worker import AT_ONCE, OF_ONE_SHOP
from tests.integration.engine import test_task_turns as of_tasks
from tests.integration.engine import test_turns as of_events
from tests.integration.engine.stories import NOW

STEPS, FLOOD, OTHERS = 5, 100, 5

Send = Callable[[int, int, int], Awaitable[None]]
"""``await send(shop, count, first)``: the shop, counted from 0, sends so much, numbered from ``first``."""

Claim = Callable[[int], Awaitable[dict[int, int]]]
"""``await claim(worker)``: what that worker's next claim takes of each shop."""


def events(db: Database, most: int) -> tuple[Send, Claim]:
    """Webhooks, and batches of so many."""
    turns: dict[int, str] = {}

    async def send(shop: int, number: int, first: int) -> None:
        await db.write(lambda conn: of_events.put(conn, {f"shop-{shop}": number}, first=first))

    async def claim(worker: int) -> dict[int, int]:
        after = turns.get(worker, "")
        found, turns[worker] = await db.write(lambda conn: of_events.take(conn, most, after))
        return {int(shop.removeprefix("shop-")): number for shop, number in found.items()}

    return send, claim


def tasks(db: Database, ids: list[int], most: int) -> tuple[Send, Claim]:
    """Tasks, and claims for so many free slots."""
    turns: dict[int, int] = {}

    async def send(shop: int, number: int, first: int) -> None:
        await db.write(lambda conn: of_tasks.put(conn, {ids[shop]: number}, first=first))

    async def claim(worker: int) -> dict[int, int]:
        after = turns.get(worker, 0)
        found, turns[worker] = await db.write(lambda conn: of_tasks.take(conn, most, after))
        return {ids.index(shop): number for shop, number in found.items()}

    return send, claim


async def waits(send: Send, claim: Claim, workers: int, flood: int, first: int) -> int:
    """How many claims the others waited for, all in all; the last shop is the one that may flood."""
    waited, claims = 0, 0
    for step in range(STEPS):
        missing = dict.fromkeys(range(OTHERS), 1)
        for shop in missing:
            await send(shop, 1, first + step)
        if flood:
            await send(OTHERS, flood, first + step * flood)
        while missing:
            taken = await claim(claims % workers)
            claims += 1
            waited += len(missing)
            missing = {shop: 1 for shop in missing if shop not in taken}
    return waited


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("what", ["events", "tasks"])
@pytest.mark.parametrize("most", [3, 20])
async def test_a_flood_no_more_than_doubles_what_others_wait(
    db: Database, what: str, workers: int, most: int
) -> None:
    ids = await db.write(lambda conn: of_tasks.shops(conn, OTHERS + 1))
    send, claim = events(db, most) if what == "events" else tasks(db, ids, most)
    alone = await waits(send, claim, workers, 0, first=0)
    beside = await waits(send, claim, workers, FLOOD, first=1_000_000)
    assert alone <= beside <= 2 * alone


STEPS_OF_TASK, STEPS_OF_FLOOD = 4, 30
"""Steps that a task of the others takes, and one of the shop that floods."""


async def steps_in_slots(db: Database, small: list[int], big: int, flood: int, first: int) -> int:
    """How many steps others' tasks took from being asked for to being done, all in all, in the slots of one worker."""
    waited, turn, running = 0, 0, list[tuple[int, Claimed]]()
    if flood:
        await db.write(lambda conn: of_tasks.put(conn, {big: flood}, first=first))
    missing = 0
    for step in range(40):
        ended = [one for until, one in running if until == step]
        running = [(until, one) for until, one in running if until > step]
        for one in ended:
            await db.write(partial(finish, done=one, now=NOW))
            missing -= one.shop_id != big
        held = {
            shop: frozenset(one.id for _, one in running if one.shop_id == shop) for shop in (*small, big)
        }
        claim = partial(claim_in_turn, owner="me", now=NOW, most=AT_ONCE - len(running), after=turn)
        if len(running) < AT_ONCE:
            claimed, turn = await db.write(partial(claim, each=OF_ONE_SHOP, held=held))
            lengths = {big: STEPS_OF_FLOOD}
            running += [(step + lengths.get(one.shop_id, STEPS_OF_TASK), one) for one in claimed]
        if step == 1:
            await db.write(lambda conn: of_tasks.put(conn, dict.fromkeys(small, 1), first=first))
            missing = len(small)
        waited += missing
    assert missing == 0
    return waited


async def test_a_flood_of_tasks_that_take_long_no_more_than_doubles_what_others_take(db: Database) -> None:
    *small, big = await db.write(lambda conn: of_tasks.shops(conn, AT_ONCE + 1))
    alone = await steps_in_slots(db, small, big, 0, first=0)
    beside = await steps_in_slots(db, small, big, 1000, first=1_000)
    assert alone < beside <= 2 * alone
