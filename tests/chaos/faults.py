"""What breaks, each for a while: begun at a moment that the dice choose, and ended before the next begins."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random
from typing import Literal

from tests.chaos.stage import Stage
from tests.chaos.stores import kill_postgres, raise_postgres
from tests.chaos.wire import Trouble, Wire

Fault = Callable[[Stage, Random], AbstractContextManager[None]]

SHIFTS = (-86_400, -3_600, -30, 30, 3_600, 86_400)
"""Seconds by which a host's clock is found to be wrong."""

API_TROUBLES: tuple[Trouble, ...] = (
    "refused",
    "stalled",
    "cut",
    "throttled",
    "down",
    "garbage",
    "half",
)
SWITCHES: tuple[Literal["slow", "throttled", "down", "closed", "garbage"], ...] = (
    "slow",
    "throttled",
    "down",
    "closed",
    "garbage",
)


@contextmanager
def killed(stage: Stage, dice: Random) -> Iterator[None]:
    """One of the programs is killed with all its processes, and started again after a moment."""
    name = dice.choice(sorted(stage.programs))
    stage.down.add(name)
    stage.programs[name].kill()
    yield
    stage.down.discard(name)


@contextmanager
def child_killed(stage: Stage, dice: Random) -> Iterator[None]:
    """One process of the web server or a worker is killed."""
    stage.programs[dice.choice(sorted(stage.programs))].kill_one(dice)
    yield


@contextmanager
def clock_wrong(stage: Stage, dice: Random) -> Iterator[None]:
    """A program is killed and comes back on a host whose clock is wrong; so it works for a while, and is killed."""
    program = stage.programs[dice.choice(sorted(stage.programs))]
    program.kill()
    program.shift = dice.choice(SHIFTS)
    stage.tend()
    time.sleep(2.5)
    yield
    program.kill()
    program.shift = 0


@contextmanager
def disk_full(stage: Stage, dice: Random) -> Iterator[None]:
    """The disk with the database has no room left."""
    if stage.disk is not None:
        stage.disk.fill()
    try:
        yield
    finally:
        if stage.disk is not None:
            stage.disk.free()
        if stage.postgres is not None:
            raise_postgres(stage.postgres)


@contextmanager
def database_killed(stage: Stage, dice: Random) -> Iterator[None]:
    """PostgreSQL is killed, whole or one process of it, and started again after a moment."""
    assert stage.postgres is not None
    kill_postgres(stage.postgres, dice)
    yield
    raise_postgres(stage.postgres)


@contextmanager
def redis_killed(stage: Stage, dice: Random) -> Iterator[None]:
    """Redis is killed, and comes back empty after a moment."""
    assert stage.redis is not None
    stage.redis.kill()
    yield
    stage.redis.start()


def _wires(stage: Stage) -> list[Wire]:
    return [one for one in (stage.door, stage.api, stage.data, stage.bells) if one is not None]


@contextmanager
def connections_reset(stage: Stage, dice: Random) -> Iterator[None]:
    """Every connection of one kind is reset, in the middle of whatever it carries."""
    dice.choice(_wires(stage)).reset()
    yield


@contextmanager
def way_broken(stage: Stage, dice: Random) -> Iterator[None]:
    """One way between two parts carries nothing, refuses, or breaks in the middle of each answer."""
    broken = dice.choice(_wires(stage))
    troubles: tuple[Trouble, ...] = ("refused", "stalled", "cut")
    broken.set(dice.choice(troubles))
    yield
    broken.set("none")


@contextmanager
def api_bad(stage: Stage, dice: Random) -> Iterator[None]:
    """The Admin API answers 429, 5xx, garbage, half a JSON, late, or does what it was asked and says nothing."""
    if dice.random() < 0.5:
        stage.api.set(dice.choice(API_TROUBLES))
    else:
        for handle in sorted(stage.shopify.state.shops):
            stage.shopify.switch(handle, api=dice.choice(SWITCHES), seconds=1.0)
    yield
    stage.api.set("none")
    for handle in sorted(stage.shopify.state.shops):
        stage.shopify.switch(handle, api="ok")


EVERYWHERE: tuple[Fault, ...] = (
    killed,
    killed,
    clock_wrong,
    disk_full,
    connections_reset,
    way_broken,
    api_bad,
)
ON_POSTGRESQL: tuple[Fault, ...] = (child_killed, database_killed, database_killed, redis_killed)


def faults(home: str) -> tuple[Fault, ...]:
    """What can break in this home."""
    return EVERYWHERE if home == "sqlite" else EVERYWHERE + ON_POSTGRESQL


def plan(home: str, dice: Random) -> Iterator[Fault]:
    """Each fault once in a random order, and again, without end."""
    while True:
        yield from dice.sample(faults(home), len(faults(home)))


def healed(stage: Stage) -> None:
    """End every fault."""
    for one in _wires(stage):
        one.set("none")
    with contextlib.suppress(AttributeError):
        stage.disk.free()  # type: ignore[union-attr]
    for handle in sorted(stage.shopify.state.shops):
        stage.shopify.switch(handle, api="ok")
    for program in stage.programs.values():
        program.shift = 0
    stage.down.clear()
    stage.tend()
