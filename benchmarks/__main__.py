"""``python -m benchmarks``: measure, print the table, and end with 1 if a budget is missed."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import islice

from benchmarks import (
    accept,
    books,
    fairness,
    large,
    machine,
    promised,
    readable,
    reading,
    start,
    turns,
    worker,
)
from benchmarks.figures import HEAD, Figure, medians, row
from benchmarks.homes import POSTGRESQL, SQLITE, Home, homes
from benchmarks.sizes import FULL, QUICK, Size

Measure = Callable[[Home, Size], Iterator[list[Figure]]]

ALL: Mapping[str, Measure] = {
    "accept": accept.measure,
    "readable": readable.measure,
    "reading": reading.measure,
    "worker": worker.measure,
    "books": books.measure,
    "start": start.measure,
    "promised": promised.measure,
    "turns": turns.measure,
    "large": large.measure,
    "fairness": fairness.measure,
}
HOMES = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def main() -> int:
    """Run what was asked for."""
    asked = _arguments()
    size, runs = (QUICK, 1) if asked.quick else (FULL, asked.runs)
    machine.stand_aside()
    missed = False
    print(f"{machine.words()}; medians of {runs}\n\n{HEAD}", flush=True)
    with homes({HOMES[name] for name in asked.home or HOMES}) as opened:
        for name in asked.benchmark or ALL:
            for home in opened:
                for figure in _medians(ALL[name], home, size, runs):
                    print(row(figure), flush=True)
                    missed |= figure.missed
    return int(missed and not asked.quick)


def _medians(measure: Measure, home: Home, size: Size, runs: int) -> list[Figure]:
    with closing(measure(home, size)) as figures:  # type: ignore[type-var]
        return medians(list(islice(figures, runs)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmark", nargs="*", choices=[[], *ALL], help="all without a name")
    parser.add_argument("--home", action="append", choices=list(HOMES), help="both without it")
    parser.add_argument("--runs", type=int, default=3, help="medians are of so many")
    parser.add_argument("--quick", action="store_true", help="a minute's smoke run: figures mean nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
