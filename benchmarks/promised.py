"""What one promise costs a process that has made one like it today: by the merchant's days, and by a learned estimate."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from benchmarks.figures import Figure, at_most
from benchmarks.homes import SQLITE, Home
from benchmarks.sizes import Size
from benchmarks.walked import Walk
from tests.unit.delivery.synthetic import BERLIN, SETTINGS, Shop
from widgets.delivery.estimates import parsed, written
from widgets.delivery.learned import Learned
from widgets.delivery.learning import learn
from widgets.delivery.planning import Asked, plan

NAME = "promised"
FIRST, DAYS = date(2025, 3, 1), 90
MORNING = datetime(2025, 5, 28, 3, tzinfo=UTC)
MICROSECONDS = 1e6
LANES = {"one country": "DE", "far away": "US"}


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end; no database has a part in it."""
    if home.name != SQLITE:
        return
    walk = Walk(SETTINGS, BERLIN, Shop(1).past(size.events // 4, FIRST, DAYS))
    while True:
        known = walk.known(MORNING)
        began = time.perf_counter()
        learned = learn(SETTINGS, BERLIN, known)
        found = time.perf_counter() - began
        taught = parsed(written(learned))
        figures = [Figure(NAME, home.name, "learning from a shop's 90 days", found, "s")]
        for lane, country in LANES.items():
            plain = _each(country, size.events // 8, None)
            with_it = _each(country, size.events // 8, taught)
            figures += [
                Figure(NAME, home.name, f"a promise, {lane}", plain, "us", at_most(100)),
                Figure(NAME, home.name, f"a learned one, {lane}", with_it, "us", at_most(100)),
                Figure(NAME, home.name, f"learned against not, {lane}", with_it / plain, "x", at_most(2.5)),
            ]
        yield figures


def _each(country: str, times: int, learned: Learned | None) -> float:
    asked = [Asked(MORNING + timedelta(seconds=number), country) for number in range(times)]
    plan(SETTINGS, BERLIN, asked[0], learned)
    began = time.perf_counter()
    for one in asked:
        plan(SETTINGS, BERLIN, one, learned)
    return MICROSECONDS * (time.perf_counter() - began) / times
