"""``python -m benchmarks.calibrated FILE``: how well promises made day by day over a shop's past would have been kept.

The file is CSV with ``ordered_at, handed_over_at, delivered_at`` (ISO 8601, UTC unless said; empty where it never was), and
where known ``country, province, carrier, known_at, cancelled_at``. Other columns are passed over.
"""

import argparse
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.walked import Journey, Judged, Walk
from widgets.delivery.learned import Way
from widgets.delivery.settings import DeliverySettings

LEVELS = (80, 90, 95)
HEAD = "| level | promises | stated | kept | kept one day sooner | days promised | worst month |\n|---|---|---|---|---|---|---|"


def main() -> None:
    """Walk through the file and print a row for each level."""
    asked = _arguments()
    lane = {"countries": ["*"], "min": asked.min, "max": asked.max, "carrier": "*", "days": asked.days}
    settings = DeliverySettings.model_validate(
        {
            "origin": asked.origin,
            "cutoff": asked.cutoff,
            "handling_days": asked.handling,
            "dispatch_days": asked.dispatch,
            "lanes": [lane],
        }
    )
    with asked.file.open(newline="", encoding="utf-8-sig") as file:
        walk = Walk(settings, ZoneInfo(asked.zone), journeys(csv.DictReader(file), settings.from_.country))
    print(HEAD)
    for level, rows in walk.promises(LEVELS).items():
        print(row(level, rows))


def journeys(rows: Iterable[Mapping[str, str]], country: str) -> Iterator[Journey]:
    """Return each row's journey; a delivery that says nothing else was known as it happened."""
    for one in rows:
        ordered_at = _at(one.get("ordered_at"))
        if ordered_at is None:
            continue
        delivered_at = _at(one.get("delivered_at"))
        way = Way(one.get("country") or country, one.get("province") or None, one.get("carrier") or "*")
        yield Journey(
            ordered_at,
            way,
            _at(one.get("handed_over_at")),
            delivered_at,
            _at(one.get("known_at")) or delivered_at,
            cancelled_at=_at(one.get("cancelled_at")),
        )


def row(level: int, rows: Sequence[Judged]) -> str:
    """Return a level's row: shares in percent, the worst month by kept minus stated."""
    if not rows:
        return f"| {level} | 0 | | | | | |"
    months: dict[str, list[Judged]] = {}
    for one in rows:
        months.setdefault(f"{one.on:%Y-%m}", []).append(one)
    worst, found = min(months.items(), key=lambda month: _kept(month[1]) - _stated(month[1]))
    sooner = 100 * sum(one.sooner for one in rows) / len(rows)
    days = sum(one.days for one in rows) / len(rows)
    gap = _kept(found) - _stated(found)
    return (
        f"| {level} | {len(rows)} | {_stated(rows):.2f} | {_kept(rows):.2f} | {sooner:.2f} | {days:.1f} "
        f"| {worst}: {gap:+.1f} of {len(found)} |"
    )


def _stated(rows: Sequence[Judged]) -> float:
    return 100 * sum(one.chance for one in rows) / len(rows)


def _kept(rows: Sequence[Judged]) -> float:
    return 100 * sum(one.kept for one in rows) / len(rows)


def _at(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrated", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--zone", default="Europe/Berlin")
    parser.add_argument("--origin", default="DE", help="country, or DE-BY")
    parser.add_argument("--cutoff", default="14:00")
    parser.add_argument("--dispatch", default="mon-fri", help="days on which parcels are handed over")
    parser.add_argument("--days", default="mon-sat", help="days on which they are delivered")
    parser.add_argument("--handling", type=int, nargs=2, default=(0, 2), metavar=("LEAST", "MOST"))
    parser.add_argument("--min", type=int, default=1, help="days on the way at least, by the merchant")
    parser.add_argument("--max", type=int, default=3, help="and at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
