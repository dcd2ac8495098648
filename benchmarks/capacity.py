"""``python -m benchmarks.capacity`` prints docs/capacity.md: hosts and sizes reckoned from what was last measured."""

import math
from textwrap import fill

from benchmarks import measured
from benchmarks.demand import Assumed, Demand, Limit, demand, shops_on_a_core
from benchmarks.homes import POSTGRESQL, SQLITE
from benchmarks.measured import Measured

SHOPS = (1, 1_000, 100_000)

THEN = {
    "PostgreSQL's processor": "Let fragments be read from a replica (a view only reads, by the door that runs it), or kept "
    "for some seconds in the web process; then give groups of shops a database of their own: no statement joins two shops.",
    "PostgreSQL's log": "Put the log on a disk of its own and set `wal_compression`; then give groups of shops a database of "
    "their own.",
    "connections": "Put PgBouncer in front in session mode, or lower the pool of each process: a web process uses two "
    "connections for webhooks and some for pages.",
    "Redis": "A cluster, or none: a bell that is not heard costs half a second, never a fact.",
    "a shop's Admin API": "Nothing here scales it: tasks wait and are tried again, coupons come from the pool minted "
    "before, and the copy of balances at Shopify is late.",
}


def page(found: Measured, assumed: Assumed) -> str:
    """Return the whole page."""
    needs = [demand(shops, found, assumed) for shops in SHOPS]
    parts = (
        _beginning(found, assumed),
        _table(needs),
        _single(found, assumed),
        _assumptions(assumed),
        _costs(found, assumed),
        _breaks(needs),
    )
    return "\n\n".join(parts) + "\n"


def _beginning(found: Measured, assumed: Assumed) -> str:
    low, high = found.load
    return "# Capacity\n\n" + _words(
        "How many hosts, and what database, for so many shops on the day of the highest sales. Reckoned by "
        "`python -m benchmarks.capacity` from `benchmarks/measured.json`; a test holds this page to it. "
        f"{found.origin} Measured on {found.machine}, at a load average of {low:.1f} before and {high:.1f} after: the "
        "machine had other work to do, which makes costs too large rather than too small. Sizes are for one half busy "
        f"processor ({assumed.busy:.0%}) in the busiest second."
    )


def _table(needs: list[Demand]) -> str:
    rows = {
        "orders on that day": [f"{one.orders_a_day:,.0f}" for one in needs],
        "orders in its busiest second": [_small(one.orders_a_second) for one in needs],
        "busy cores: web, worker, PostgreSQL": [
            f"{_small(one.web_cores)}, {_small(one.worker_cores)}, {_small(one.database_cores)}"
            for one in needs
        ],
        "web processes and workers": [f"{one.web_processes:,} and {one.workers:,}" for one in needs],
        "hosts of four cores for them": [f"{one.hosts:,}" for one in needs],
        "PostgreSQL's log in that second; on that day": [
            f"{_bytes(one.log_a_second)}; {_bytes(one.log_a_day)}" for one in needs
        ],
        "database after a year of such shops": [_bytes(one.size_after_year) for one in needs],
        "and handled webhooks, seven ordinary days": [_bytes(one.inbox) for one in needs],
        "most used of what hosts do not add": [
            f"{one.next_to_break.name}: {_percent(one.next_to_break.share)}" for one in needs
        ],
    }
    head = " | ".join(f"{one.shops:,} shop{'s' if one.shops > 1 else ''}" for one in needs)
    lines = [f"| | {head} |", "|---|" + "---|" * len(needs)]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())])


def _single(found: Measured, assumed: Assumed) -> str:
    one = found.run(SQLITE, 1, 1)
    return _words(
        f"One core with everything on it holds {shops_on_a_core(found, assumed):,} such shops; by itself it accepts "
        f"{one.accepted:,.0f} webhooks and handles {one.handled:,.0f} orders a second on SQLite, where an order takes "
        f"{found.costs.order_sqlite:,.0f} bytes."
    )


def _assumptions(a: Assumed) -> str:
    rows = (
        ("orders of a shop in a month", f"{a.orders_a_month}", "the second plan of a rival's price list (Joy: 150, 500, 2,000, 7,000)"),
        ("its busiest day against an ordinary one", f"{a.busiest_day:.0f} times", "assumed; no source"),
        ("share of that day's orders in its busiest hour", f"{a.busiest_hour:.0%}", "assumed; all shops at the same time"),
        ("busiest second against the mean of that hour", f"{a.busiest_second:.0f} times", "assumed"),
        ("webhooks of an order", f"{a.webhooks:.0f}", "created, paid, updated, fulfilled, delivered; each reckoned as dear as the first"),
        ("requests of thank-you and order pages for an order", f"{a.pages:.0f}", "assumed"),
        ("storefront fragments for an order", f"{a.fragments:.0f}", "assumed: one visit in forty buys, and sees a block on a page or two"),
        ("Admin API calls for an order, at points each", f"{a.calls:.0f}, {a.cost_of_call:.0f}", "a mutation costs 10; the copy of the balance, and the order's metafield"),
        ("PostgreSQL server", f"{a.database_cores} cores, {a.log_a_second / 1e6:.0f} MB of log a second, {a.connections} connections", "assumed: a large one, not the largest"),
        ("connections of a process", f"{a.pool}", "its pool"),
        ("messages of Redis a second", f"{a.published:,.0f}", "assumed; far under what one does"),
        ("Admin API of a shop", f"{a.admin_points:.0f} points a second", "Shopify's Basic plan"),
    )  # fmt: skip
    lines = ["## Assumed, not measured", "", "| what | taken as | why |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {taken} | {why} |" for what, taken, why in rows)])


def _costs(found: Measured, a: Assumed) -> str:
    run, cost = found.run(POSTGRESQL, 1, 1_000), found.costs
    rows = (
        ("a webhook of 10 KB accepted", run.accept_cost, run.accept_database, a.webhooks),
        ("an order's webhook handled", run.handle_cost, run.handle_database, a.webhooks),
        ("a thank-you page", cost.page, cost.page_database, a.pages),
        ("a storefront fragment", cost.fragment, cost.fragment_database, a.fragments),
    )
    lines = [
        "## Measured",
        "",
        "| what | processor of ours | of PostgreSQL | for an order |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {what} | {ours:,.0f} us | {theirs:,.0f} us | {times:.0f} times, {(ours + theirs) * times / 1000:,.1f} ms |"
        for what, ours, theirs, times in rows
    ]
    sizes = _words(
        f"Bytes with their indexes: {cost.order:,.0f} for an order (with everything that follows from it), "
        f"{cost.entry:,.0f} of them its entry in the ledger; {cost.waiting:,.0f} for an order's webhook while it waits and "
        f"{cost.handled:,.0f} for seven days after; {cost.log_of_accept:,.0f} of PostgreSQL's log for accepting it and "
        f"{cost.log_of_order:,.0f} for handling. Orders and entries stay as long as the shop does. A web process held at most "
        f"{run.web_kib / 1024:,.0f} MiB, a worker {run.worker_kib / 1024:,.0f} MiB, a connection of PostgreSQL "
        f"{run.connection_kib / 1024:,.0f} MiB, shared memory that it touched included."
    )
    return "\n".join([*lines, "", sizes])


def _breaks(needs: list[Demand]) -> str:
    lines = ["## What breaks next, and what to do then", ""]
    lines += [
        "| part | " + " | ".join(f"{one.shops:,}" for one in needs) + " | then |",
        "|---|" + "---|" * (len(needs) + 1),
    ]
    for index, limit in enumerate(needs[-1].limits):
        shares = " | ".join(_share(one.limits[index]) for one in needs)
        lines.append(f"| {limit.name} | {shares} | {THEN[limit.name]} |")
    most = needs[-1]
    reach = math.floor(most.shops / most.next_to_break.share)
    return (
        "\n".join([*lines, ""])
        + "\n"
        + _words(
            f"Reckoned in a straight line, the first to be full is: {most.next_to_break.name}, at about {_rounded(reach):,} shops. "
            f"{most.fragments_of_database:.0%} of PostgreSQL's processor goes into fragments, which are no fact and can be read "
            "elsewhere. Syncs of the log are no limit: whoever waits for one shares it, so that a slower disk makes larger batches; "
            "a web process has two under way at most."
        )
    )


def _share(limit: Limit) -> str:
    return f"{_small(limit.needed)} of {limit.most:,.0f} {limit.unit} ({_percent(limit.share)})"


def _rounded(number: int) -> int:
    digits = max(0, len(str(number)) - 2)
    return round(number, -digits)


def _small(number: float) -> str:
    if number < 0.001:
        return "under 0.001"
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "under 1 %"


def _bytes(number: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if number < 1000:
            return f"{_small(number)} {unit}"
        number /= 1000
    return f"{_small(number)} TB"


def _words(text: str) -> str:
    return fill(text, 128, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    print(page(measured.read(), Assumed()), end="")
