"""What was last measured under load, kept in ``measured.json``; ``python -m benchmarks.measured`` prints it as a table.

``python -m benchmarks.loaded`` measures and writes the file. The table stands in docs/benchmarks.md, and docs/capacity.md
is computed from it.
"""

from pathlib import Path

import msgspec

PATH = Path(__file__).with_name("measured.json")


class Run(msgspec.Struct, frozen=True):
    """One database on so many cores with so many shops. Costs in microseconds of processor, memory in KiB."""

    home: str
    cores: int
    shops: int
    accepted: float
    appended: float
    accept_cost: float
    accept_database: float
    handled: float
    inserted: float
    handle_cost: float
    handle_database: float
    shown_median: float
    shown_most: float
    web_kib: int
    worker_kib: int
    connection_kib: int


class Costs(msgspec.Struct, frozen=True):
    """What one unit costs on PostgreSQL: microseconds of processor, bytes on disk, bytes of its log."""

    page: float
    page_database: float
    fragment: float
    fragment_database: float
    log_of_accept: float
    log_of_order: float
    waiting: float
    handled: float
    order: float
    entry: float
    order_sqlite: float


class Measured(msgspec.Struct, frozen=True):
    """All of it, and in which circumstances: machine, load average before and after, and how the figures came here."""

    machine: str
    load: tuple[float, float]
    runs: list[Run]
    costs: Costs
    origin: str = "`python -m benchmarks.loaded` measured all of it in one run and wrote it down."

    def run(self, home: str, cores: int, shops: int) -> Run:
        """Return the one that was measured so. Raises StopIteration when there is none."""
        wanted = (home, cores, shops)
        return next(one for one in self.runs if (one.home, one.cores, one.shops) == wanted)


def read() -> Measured:
    """Return what was last measured."""
    return msgspec.json.decode(PATH.read_bytes(), type=Measured)


def write(measured: Measured) -> None:
    """Keep it, rounded to what a measurement can tell."""
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")


HEAD = (
    "| database | cores | shops | accepted a second (of bare appending) | processor for one, and the database's "
    "| orders handled a second (of bare inserts) | processor for one, and the database's "
    "| webhook to coupon, 25 orders a second: median, p99 | most memory: web, worker, a connection |"
)


def table(measured: Measured) -> str:
    """Return the runs as a Markdown table."""
    rows = [HEAD, "|" + "---|" * 9, *map(row, measured.runs)]
    return "\n".join(rows)


def row(run: Run) -> str:
    """Return one run as a row of the table."""
    connection = f", {_mib(run.connection_kib)}" if run.connection_kib else ""
    cells = (
        run.home,
        f"{run.cores}",
        f"{run.shops:,}",
        f"{run.accepted:,.0f} ({run.accepted / run.appended:.2f})",
        f"{run.accept_cost:.0f}, {run.accept_database:.0f} us",
        f"{run.handled:,.0f} ({run.handled / run.inserted:.2f})",
        f"{run.handle_cost:,.0f}, {run.handle_database:,.0f} us",
        f"{run.shown_median:,.0f}, {run.shown_most:,.0f} ms",
        f"{_mib(run.web_kib)}, {_mib(run.worker_kib)}{connection} MiB",
    )
    return f"| {' | '.join(cells)} |"


def _mib(kib: int) -> str:
    return f"{kib / 1024:,.0f}"


if __name__ == "__main__":
    print(table(read()))
