"""What a shop has now: its plan by the vendor's last word, how much of it is used, and whether anything new waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from plugin.billing import gates, subscriptions, usage
from plugin.billing.gates import Over, Verdict
from plugin.billing.plans import FREE, Plan, plan_of
from plugin.billing.subscriptions import State, Subscription
from plugin.billing.usage import Month
from plugin.shops import Shop

_THEIRS = {State.TRIALING, State.ACTIVE, State.PAST_DUE, State.FROZEN}
"""With a payment that failed the plan goes on for the grace; a paused shop finds it again."""


@dataclass(frozen=True, slots=True)
class Held:
    """The plan that a shop has: ``plan`` is None where none is needed, and for one that the code no longer knows.

    The latter's ``handle`` is all that is known of it; whoever has it keeps it, without a limit.
    """

    plan: Plan | None
    handle: str = ""

    @property
    def limit(self) -> int | None:
        """Return how many kept orders a month it covers; None without limit."""
        return self.plan.orders if self.plan else None


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it; ``months`` end with the present one, ``over`` is to be remembered for the next reading."""

    held: Held
    row: Subscription | None
    months: Sequence[Month]
    verdict: Verdict
    over: Over | None
    living: bool = False
    """Something is charged at the vendor, or would be, whatever the shop has of it: what can be ended or changed."""

    @property
    def larger(self) -> Plan | None:
        """Return the smallest plan that covers what was kept; None where there is nothing larger to take."""
        return None if self.held.plan is None else gates.larger(self.held.plan, self.verdict.orders)


def held(row: Subscription | None, now: datetime, *, needed: bool, development: bool) -> Held:
    """Return the plan of a shop with that row; development stores need none, and nobody does where nobody pays."""
    if not needed or development:
        return Held(None)
    if row is None or not _is_theirs(row, now):
        return Held(FREE, FREE.handle)
    return Held(plan_of(row.plan), row.plan)


def _is_theirs(row: Subscription, now: datetime) -> bool:
    if row.state is State.CANCELLED:
        ends = row.cancel_at or row.period_end
        return ends is not None and now < ends
    if row.state is State.PAST_DUE and row.past_due_since is not None:
        return now < row.past_due_since + gates.GRACE
    return row.state in _THEIRS


def _lives(row: Subscription | None, now: datetime) -> bool:
    if row is None or row.plan == FREE.handle:
        return False
    return row.state in _THEIRS or _is_theirs(row, now)


def read(
    conn: Connection,
    shop: Shop,
    now: datetime,
    *,
    needed: bool,
    most: int = 2,
) -> Standing:
    """Return how it stands with the shop, its last ``most`` months counted, two at least.

    Nothing waits in a shop whose vendor never answered: what it has is not known.
    """
    row = subscriptions.find(conn, shop.id)
    has = held(row, now, needed=needed, development=shop.development)
    found = usage.months(conn, shop.id, now, most) if needed else []
    before, this = found[-2:] if found else (None, None)
    counted = (before.kept if before else 0, this.kept if this else 0)
    known = row is not None and row.checked_at is not None
    over = gates.over(_remembered(row, has), has.limit, counted, now) if known else None
    verdict = gates.judge(has.limit, counted, over.since if over else None, now)
    return Standing(has, row, found, verdict, over, _lives(row, now))


def _remembered(row: Subscription | None, has: Held) -> Over | None:
    """A release that did not remember the limit had the shop's present one in mind."""
    limit = row.over_limit if row and row.over_limit is not None else has.limit
    return Over(row.over_since, limit) if row and row.over_since and limit is not None else None


def keep(conn: Connection, shop: Shop, now: datetime, kind: str) -> Standing:
    """Read how it stands and remember since when more is kept than the plan covers."""
    found = read(conn, shop, now, needed=kind != "none")
    row, over = found.row, found.over
    known = (row.over_since, row.over_limit) if row else (None, None)
    now_known = (over.since, over.limit) if over else (None, None)
    if known != now_known:
        subscriptions.keep_over(conn, shop.id, kind, *now_known)
    return found
