"""A shop's past as a file: read as it is written, walked through, and told in one row for each level."""

from datetime import UTC, date, datetime

import pytest

from benchmarks import calibrated
from tests.unit.delivery.synthetic import Shop

COLUMNS = "ordered_at handed_over_at delivered_at country carrier cancelled_at known_at".split()


def test_a_file_is_walked_through(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path_factory.mktemp("past") / "orders.csv"
    lines = [",".join(COLUMNS)]
    for one in Shop(9).past(900, date(2025, 3, 1), 60):
        way = one.way
        times = (one.ordered_at, one.handed_over_at, one.delivered_at, one.cancelled_at, one.known_at)
        ordered, handed, arrived, over, known = (at.isoformat() if at else "" for at in times)
        lines.append(f"{ordered},{handed},{arrived},{way.country},{way.carrier},{over},{known}")
    path.write_text("\n".join(lines), "utf-8")
    monkeypatch.setattr("sys.argv", ["calibrated", str(path), "--handling", "0", "1"])
    calibrated.main()
    told = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in told[2:]] == ["80", "90", "95"]
    assert all(int(line.split("|")[2]) > 300 for line in told[2:])


def test_times_are_utc_unless_said_and_what_is_missing_is_passed_over() -> None:
    rows = [{"ordered_at": "2025-03-01 10:00:00", "delivered_at": ""}, {"ordered_at": ""}]
    (found,) = calibrated.journeys(rows, "BR")
    assert found.ordered_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert (found.way.country, found.handed_over_at, found.delivered_at) == ("BR", None, None)
    assert calibrated.row(90, []).startswith("| 90 | 0 |")
