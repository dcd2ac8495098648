"""What so many shops need on their busiest day, reckoned from measured costs; every assumption is a field with its reason."""

import math
from dataclasses import dataclass

from benchmarks.homes import POSTGRESQL
from benchmarks.measured import Measured

MONTH, DAY, HOUR = 30, 86_400, 3_600


@dataclass(frozen=True, slots=True)
class Assumed:
    """What was not measured; ``docs/capacity.md`` says where each comes from."""

    orders_a_month: int = 500
    busiest_day: float = 10
    busiest_hour: float = 0.12
    busiest_second: float = 2
    webhooks: float = 5
    pages: float = 2
    fragments: float = 50
    calls: float = 2
    cost_of_call: float = 10
    busy: float = 0.5
    cores_of_host: int = 4
    days_handled_kept: int = 7
    database_cores: int = 32
    log_a_second: float = 100e6
    connections: int = 500
    pool: int = 10
    published: float = 20_000
    admin_points: float = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """A part that does not simply grow with more hosts: what is needed of what it can do, both in ``unit``."""

    name: str
    needed: float
    most: float
    unit: str

    @property
    def share(self) -> float:
        """How much of it is used."""
        return self.needed / self.most


@dataclass(frozen=True, slots=True)
class Demand:
    """What the busiest second of the busiest day asks for. Cores are busy ones, sizes bytes."""

    shops: int
    orders_a_day: float
    orders_a_second: float
    web_cores: float
    worker_cores: float
    database_cores: float
    fragments_of_database: float
    web_processes: int
    workers: int
    hosts: int
    log_a_second: float
    log_a_day: float
    size_after_year: float
    inbox: float
    limits: tuple[Limit, ...]

    @property
    def next_to_break(self) -> Limit:
        """The part of which the largest share is used."""
        return max(self.limits, key=lambda one: one.share)


def demand(shops: int, measured: Measured, assumed: Assumed) -> Demand:
    """Reckon what the shops need."""
    a, cost, run = assumed, measured.costs, measured.run(POSTGRESQL, 1, 1_000)
    ordinary = shops * a.orders_a_month / MONTH
    busiest = ordinary * a.busiest_day
    second = busiest * a.busiest_hour / HOUR * a.busiest_second
    web = second * (a.webhooks * run.accept_cost + a.pages * cost.page + a.fragments * cost.fragment) / 1e6
    worker = second * a.webhooks * run.handle_cost / 1e6
    shown = second * a.fragments * cost.fragment_database / 1e6
    database = shown + second / 1e6 * (
        a.webhooks * (run.accept_database + run.handle_database) + a.pages * cost.page_database
    )
    log_of_one = a.webhooks * cost.log_of_accept + cost.log_of_order
    web_processes, workers = (max(1, math.ceil(cores / a.busy)) for cores in (web, worker))
    limits = (
        Limit("PostgreSQL's processor", database, a.database_cores * a.busy, "cores"),
        Limit("PostgreSQL's log", second * log_of_one / 1e6, a.log_a_second / 1e6, "MB a second"),
        Limit("connections", (web_processes + workers) * a.pool, a.connections, "connections"),
        Limit("Redis", second * a.webhooks * 2, a.published, "messages a second"),
        Limit(
            "a shop's Admin API", second / shops * a.calls * a.cost_of_call, a.admin_points, "points a second"
        ),
    )
    return Demand(
        shops=shops,
        orders_a_day=busiest,
        orders_a_second=second,
        web_cores=web,
        worker_cores=worker,
        database_cores=database,
        fragments_of_database=shown / database,
        web_processes=web_processes,
        workers=workers,
        hosts=math.ceil((web_processes + workers) / a.cores_of_host),
        log_a_second=second * log_of_one,
        log_a_day=busiest * log_of_one,
        size_after_year=shops * a.orders_a_month * 12 * cost.order,
        inbox=ordinary * a.days_handled_kept * a.webhooks * cost.handled,
        limits=limits,
    )


def shops_on_a_core(measured: Measured, assumed: Assumed) -> int:
    """Return how many shops one core holds with app, worker and database on it, half of it free."""
    one = demand(1, measured, assumed)
    return int(assumed.busy / (one.web_cores + one.worker_cores + one.database_cores))
