"""What is counted and timed while a process works, under the names that an operator's monitoring reads.

No series is named after a shop, a customer or an order: their number does not grow with what the app is used for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

SOON = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds of what somebody waits for."""

LATE = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86400.0)
"""Seconds of what nobody waits for."""

SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)

DELIVERIES = Counter("dankbar_webhooks", "Webhooks answered, by the status of the answer", ["status"])
ACCEPTING = Histogram(
    "dankbar_webhook_accept_seconds", "From a webhook's arrival to its answer", buckets=SOON
)

EVENTS = Counter(
    "dankbar_events",
    "Stored webhooks by what became of a try: handled, failed, parked; one given up is the last two",
    ["outcome"],
)
BATCHES = Histogram("dankbar_batch_seconds", "One transaction of the worker", buckets=SOON)
AGES = Histogram("dankbar_event_age_seconds", "From a webhook's receipt to its being handled", buckets=LATE)

TASKS = Counter("dankbar_tasks", "Tasks by what became of a try: done, retried, parked", ["task", "outcome"])
TASK_SECONDS = Histogram("dankbar_task_seconds", "One try of a task", buckets=LATE)
HINDRANCES = Counter("dankbar_worker_hindrances", "Times that the worker met an outage", ["loop"])

CALLS = Counter("dankbar_admin_api_calls", "Calls of Shopify's Admin API, by how they ended", ["outcome"])
CALL_SECONDS = Histogram("dankbar_admin_api_seconds", "One call of the Admin API", buckets=SOON)
COST_LEFT = Histogram(
    "dankbar_admin_api_cost_left_ratio", "What an answer says is left of a shop's call limit", buckets=SHARES
)
PARTNER_CALLS = Counter(
    "dankbar_partner_api_calls",
    "Calls of Shopify's Partner API, by how they ended: answered, held_back, throttled, unreachable, refused, misunderstood",
    ["outcome"],
)
REFRESHES = Counter(
    "dankbar_token_refreshes",
    "Refreshes of shops' tokens: refreshed, overtaken, refused, unreachable",
    ["outcome"],
)

REQUESTS = Counter("dankbar_requests", "Requests answered, by part of the app and status", ["part", "status"])
REQUEST_SECONDS = Histogram("dankbar_request_seconds", "From a request to its answer", ["part"], buckets=SOON)

REDIS_FAILURES = Counter(
    "dankbar_redis_failures", "Times that Redis gave no answer: to limits, rings or listening", ["use"]
)

CLAIMS = Counter("dankbar_shopper_claims", "Undocumented claims seen in shoppers' tokens", ["claim"])
"""``iss``, ``sid`` or ``other``: whether Shopify's real tokens carry more than its documentation says."""

PARTS = ("admin", "ext", "proxy")
"""The first part of a path that tells whose request it is; everything else is ``other``."""


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Time what is done within, however it ends."""
    start = perf_counter()
    try:
        yield
    finally:
        histogram.observe(perf_counter() - start)


def part_of(path: str) -> str:
    """Return the part of the app that a path belongs to, one of a few words whatever the path."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in PARTS else "admin" if path == "/" else "other"
