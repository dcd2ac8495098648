"""The page of capacity and the table of load say what was measured, and reckon it right."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from benchmarks import capacity, measured
from benchmarks.demand import Assumed, demand, shops_on_a_core
from benchmarks.measured import Costs, Measured, Run

DOCS = Path(__file__).parents[3] / "docs"

RUN = Run(
    home="PostgreSQL",
    cores=1,
    shops=1_000,
    accepted=4_000,
    appended=8_000,
    accept_cost=100,
    accept_database=50,
    handled=500,
    inserted=1_000,
    handle_cost=400,
    handle_database=150,
    shown_median=20,
    shown_most=80,
    web_kib=102_400,
    worker_kib=102_400,
    connection_kib=20_480,
)
COSTS = Costs(
    page=1_000,
    page_database=500,
    fragment=500,
    fragment_database=100,
    log_of_accept=1_000,
    log_of_order=5_000,
    waiting=1_000,
    handled=400,
    order=3_000,
    entry=400,
    order_sqlite=2_000,
)
FOUND = Measured("a machine", (0, 0), [RUN, structs.replace(RUN, home="SQLite", shops=1)], COSTS)
PLAIN = Assumed(
    orders_a_month=3_000, busiest_day=36, busiest_hour=0.1, busiest_second=1, webhooks=2, pages=1, fragments=4
)
"""100 orders a day, 3,600 on the busiest, 0.1 in its busiest second."""


def test_the_page_is_what_the_command_prints() -> None:
    assert (DOCS / "capacity.md").read_text() == capacity.page(measured.read(), Assumed())


def test_the_table_of_load_is_what_was_measured() -> None:
    assert measured.table(measured.read()) in (DOCS / "benchmarks.md").read_text()


def test_cores_are_rates_times_costs() -> None:
    need = demand(10, FOUND, PLAIN)
    assert (need.orders_a_day, need.orders_a_second) == pytest.approx((36_000, 1))
    assert need.web_cores == pytest.approx((2 * 100 + 1_000 + 4 * 500) / 1e6)
    assert need.worker_cores == pytest.approx(2 * 400 / 1e6)
    assert need.database_cores == pytest.approx((2 * (50 + 150) + 500 + 4 * 100) / 1e6)
    assert need.log_a_second == pytest.approx(2 * 1_000 + 5_000)
    assert need.size_after_year == 10 * 3_000 * 12 * 3_000
    assert need.inbox == 10 * 100 * 7 * 2 * 400


def test_one_core_holds_as_many_shops_as_half_of_it_serves() -> None:
    each = 0.1 * (2 * (100 + 400 + 200) + 1_500 + 4 * 600) / 1e6
    assert shops_on_a_core(FOUND, PLAIN) == int(0.5 / each)


def test_processes_leave_half_of_their_core_free_and_hosts_hold_four() -> None:
    need = demand(10_000, FOUND, PLAIN)
    assert (need.web_processes, need.workers, need.hosts) == (7, 2, 3)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"fragments": 4_000.0, "connections": 10**9}, "PostgreSQL's processor"),
        ({"log_a_second": 1.0}, "PostgreSQL's log"),
        ({"connections": 1}, "connections"),
        ({"published": 1.0}, "Redis"),
        ({"calls": 10_000.0}, "a shop's Admin API"),
    ],
)
def test_what_breaks_next_is_what_is_used_most(changed: dict[str, float], part: str) -> None:
    need = demand(100_000, FOUND, replace(PLAIN, **changed))  # type: ignore[arg-type]
    assert need.next_to_break.name == part
    assert part in capacity.THEN


def test_the_page_names_every_size_of_shops() -> None:
    text = capacity.page(FOUND, PLAIN)
    assert "1 shop |" in text
    assert "100,000 shops |" in text
