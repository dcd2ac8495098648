"""``python -m benchmarks.lighthouse``: the sandbox's storefront with our blocks and without them, visited in turns.

Ends with 1 if a budget is missed.
"""

import gzip
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx

from benchmarks.figures import HEAD, Figure, at_most, row
from benchmarks.lighthouse.install import NotInstalled, program
from benchmarks.lighthouse.report import TIMES, NoReport, Report, visit
from sandbox.pages.editor import PATH
from sandbox.pages.theme import EVERYWHERE, blocks
from tests.e2e.conftest import Sandbox, running
from tools.services import chromium

PAIRS = 5
TEMPLATE = "index"
NAME = "lighthouse"


def main() -> int:
    """Measure, print the table and say whether every budget is met."""
    if chromium() is None:
        print("Chromium is missing: run make services.", file=sys.stderr)
        return 1
    try:
        lighthouse = program()
        with TemporaryDirectory() as data, running(Path(data)) as sandbox:
            pairs = list(islice(_pairs(lighthouse, sandbox), PAIRS))
            weight = sum(_packed(url) for url in {url for _, one in pairs for url in one.scripts})
    except (NotInstalled, NoReport) as error:
        print(error, file=sys.stderr)
        return 1
    found = list(_figures(pairs, weight))
    print("\n".join([HEAD, *map(row, found)]))
    return int(any(figure.missed for figure in found))


def _pairs(lighthouse: Path, sandbox: Sandbox) -> Iterator[tuple[Report, Report]]:
    """Yield reports without our blocks and with them; who comes first changes, and the first visits do not count."""
    url = f"{sandbox.base}/storefront"
    for number in range(PAIRS + 1):
        found = {}
        for ours in (False, True) if number % 2 else (True, False):
            _place(sandbox, ours=ours)
            found[ours] = visit(lighthouse, url)
            state = "with" if ours else "without"
            print(f"{number or 'warm'}: {found[ours].performance:.1f} {state} our blocks", flush=True)
        if found[False].scripts or not found[True].scripts:
            raise NoReport("The theme editor did not place our blocks, or did not take them away.")
        if number:
            yield found[False], found[True]


def _place(sandbox: Sandbox, *, ours: bool) -> None:
    """Have every block that may stand on the page, and every embed, stand there, or none."""
    places = [
        f"{block.handle}/{place}"
        for block in blocks()
        for place in block.places
        if place in {TEMPLATE, EVERYWHERE}
    ]
    answer = httpx.post(
        f"{sandbox.base}{PATH}", data={"place": places if ours else []}, verify=False, timeout=60
    )
    if answer.status_code != 303:
        raise NoReport(f"The sandbox's theme editor answered {answer.status_code}.")


def _packed(url: str) -> int:
    return len(gzip.compress(httpx.get(url, verify=False, timeout=60).content, 9))


def _figures(pairs: list[tuple[Report, Report]], weight: int) -> Iterator[Figure]:
    def of(what: str, values: list[float]) -> Figure:
        return Figure(NAME, "", what, median(values), spread=(min(values), max(values)))

    without = of("performance without our blocks", [one.performance for one, _ in pairs])
    with_ours = of("performance with all of them", [one.performance for _, one in pairs])
    yield without
    yield with_ours
    for name, words in TIMES.items():
        more = [there.times[name] - bare.times[name] for bare, there in pairs]
        yield replace(of(f"{words}, with them later by", more), unit="ms")
    yield Figure(
        NAME, "", "difference of the medians", abs(without.value - with_ours.value), budget=at_most(0.99)
    )
    shift = max(one.shift for _, one in pairs)
    yield Figure(NAME, "", "layout shift with them, largest", shift, budget=at_most(0))
    blocking = {url for _, one in pairs for url in one.blocking}
    yield Figure(NAME, "", "files of ours that block rendering", len(blocking), budget=at_most(0))
    yield Figure(NAME, "", "script of ours before any interaction", weight / 1024, "KB gz", at_most(2))


if __name__ == "__main__":
    sys.exit(main())
