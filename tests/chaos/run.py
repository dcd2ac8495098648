"""One run: everything under load, faults one after the other, then peace, and the judgement."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Connection, update

from plugin import ahead, backlog, tasks
from plugin.backlog import Backlog
from tests.chaos import judged
from tests.chaos.faults import Fault, healed, plan
from tests.chaos.messages import arrivals, past, present
from tests.chaos.sender import Sender
from tests.chaos.stage import Stage, answers, opened

BURST = 30
"""Webhooks that are sent at once just before something breaks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to; ``breaches`` empty is how it has to be."""

    breaches: tuple[str, ...]
    accepted: int
    duplicates: int
    troubles: Counter[int]
    faults: Counter[str]
    starts: int
    drained: float
    said: str


def run(home: str, seed: int, *, orders: int, seconds: float, patience: float, patient: bool) -> Outcome:
    """Send the history of so many orders within so many seconds of faults, and judge what became of it.

    Who is not ``patient`` lets the minutes pass at once that the work of the dead would wait for after the faults.
    """
    dice = Random(seed)
    with opened(home, dice) as stage:
        installed_at = present()
        told = past(stage.shopify, orders, dice, installed_at)
        sent = arrivals(told.messages, dice)
        sender = Sender(stage.door.port, sent, seconds, Random(seed))
        stage.tend()
        _until(lambda: answers(stage.door.port), stage, patience)
        with sender.sending():
            done, found = _broken(stage, sender, plan(home, dice), dice, seconds)
            healed(stage)
            drained = _drained(stage, sender, patience, patient=patient)
        found += judged.breaches(stage, sender, told, installed_at, present())
        return Outcome(
            breaches=tuple(
                found if drained is not None else ["it did not come to rest", _left(stage), *found]
            ),
            accepted=len(sender.taken),
            duplicates=sender.taken.total() - len(sender.taken),
            troubles=sender.troubles,
            faults=done,
            starts=sum(program.starts for program in stage.programs.values()),
            drained=drained or patience,
            said=stage.said(),
        )


def _broken(
    stage: Stage, sender: Sender, faults: Iterator[Fault], dice: Random, seconds: float
) -> tuple[Counter[str], list[str]]:
    """Break one thing after the other; after each, what was answered with 200 must be there."""
    done: Counter[str] = Counter()
    found: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fault = next(faults)
        _tended(stage, dice.uniform(0.2, 1.5))
        _in_the_middle(sender, dice)
        with fault(stage, dice):
            _tended(stage, dice.uniform(0.2, 2.5))
        done[fault.__name__] += 1
        taken = set(sender.taken)
        if missing := judged.lost(taken, stage.asked(judged.stored)):
            found.append(
                f"after {fault.__name__}: {len(missing)} webhooks were answered with 200 and are lost"
            )
    return done, found


def _in_the_middle(sender: Sender, dice: Random) -> None:
    """Return in the middle of work: some of a burst were just taken, and are being handled."""
    some, end = sender.taken.total() + dice.randrange(1, BURST), time.monotonic() + 1
    sender.hurry(BURST)
    while sender.taken.total() < some and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(dice.uniform(0, 0.03))


def _tended(stage: Stage, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stage.tend()
        time.sleep(0.1)


def _drained(stage: Stage, sender: Sender, patience: float, *, patient: bool) -> float | None:
    """Wait until all is sent and nothing waits any more; returns the seconds it took, None when it was too long."""
    start = time.monotonic()
    while time.monotonic() - start < patience:
        _tended(stage, 0.5)
        if not sender.done:
            continue
        if not patient:
            stage.asked(_minutes_later)
        left = stage.asked(lambda conn: backlog.counts(conn, present()))
        if left.inbox_waiting == left.tasks_waiting == 0 and not _soon(stage):
            return time.monotonic() - start
    return None


def _soon(stage: Stage) -> int:
    """How many tasks are put off for less than a few minutes."""
    return stage.asked(lambda conn: backlog.counts(conn, present() + timedelta(minutes=1)).tasks_waiting)


def _left(stage: Stage) -> str:
    def look(conn: Connection) -> str:
        left: Backlog = backlog.counts(conn, present())
        rows = conn.execute(tasks.task.select().limit(10)).mappings()
        return f"{left} {[dict(row) for row in rows]}"

    return stage.asked(look)


def _minutes_later(conn: Connection) -> None:
    """Leases of the dead are over, and the clock has recalled what hosts ahead of it had put off."""
    now: datetime = present()
    dead = update(tasks.task).where(tasks.task.c.lease_until > now)
    conn.execute(dead.values(lease_until=now - tasks.LEASE))
    ahead.recall(conn, None, now)


def _until(done: Callable[[], bool], stage: Stage, patience: float) -> None:
    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end, stage.said()
        _tended(stage, 0.2)
