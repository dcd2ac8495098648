"""Which plan each shop has, as its vendor last said; one row a shop. Every function works inside the caller's transaction."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    case,
    func,
    null,
    select,
    update,
)

from plugin.billing.plans import FREE
from plugin.database import Id, Upsert, Utc, metadata
from plugin.shops import shop


class State(StrEnum):
    """How it stands with the plan; ``none`` is a shop that never took one."""

    NONE = "none"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    """A payment failed and is tried again; the plan is theirs meanwhile."""
    FROZEN = "frozen"
    """The shop itself is paused at Shopify, and with it the plan."""
    CANCELLED = "cancelled"
    """Ended, or, until ``cancel_at``, about to."""
    DECLINED = "declined"
    """Offered and not accepted."""


subscription = Table(
    "subscription",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("state", String(10), nullable=False, server_default="none"),
    Column("plan", String(60), nullable=False, server_default=FREE.handle),
    Column("outside_id", String(255)),
    Column("payer_id", String(255)),
    Column("currency", String(3)),
    Column("amount", BigInteger),
    Column("period_start", Utc),
    Column("period_end", Utc),
    Column("trial_end", Utc),
    Column("cancel_at", Utc),
    Column("pending_plan", String(60)),
    Column("pending_at", Utc),
    Column("test", Boolean, nullable=False, server_default="0"),
    Column("past_due_since", Utc),
    Column("over_since", Utc),
    Column("over_limit", Integer),
    Column("checked_at", Utc),
    Column("asked_at", Utc),
    Index("ix_subscription_asked_at", "asked_at"),
    Index("ix_subscription_payer_id", "payer_id"),
)
"""``amount``: minor units a month as agreed; ``outside_id`` and ``payer_id``: the vendor's names of the subscription and
of the shop; ``checked_at``: when the vendor was asked whose answer this is; ``asked_at``: when the clock last had it
asked; ``over_since``: since when more orders are kept than the ``over_limit`` of the plan, both ours alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    kind: str
    state: State
    plan: str = FREE.handle
    outside_id: str | None = None
    payer_id: str | None = None
    currency: str | None = None
    amount: int | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    pending_plan: str | None = None
    pending_at: datetime | None = None
    test: bool = False
    past_due_since: datetime | None = None
    """Since when a payment is missing, where the vendor says so; else it is since it was first heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(_Facts):
    """What a vendor said when it was asked at ``checked_at``; the plan's handle may be one that we no longer know."""

    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(_Facts):
    """A shop's row; nothing but our own count is known before ``checked_at``."""

    shop_id: int
    checked_at: datetime | None
    over_since: datetime | None
    over_limit: int | None = None


_TOLD = tuple(Told.__dataclass_fields__)
_READ = select(
    subscription.c.shop_id,
    *(subscription.c[name] for name in _TOLD),
    subscription.c.over_since,
    subscription.c.over_limit,
)


def _newer(insert: Callable[..., Any]) -> Any:
    statement = insert(subscription)
    told = statement.excluded
    first_heard = func.coalesce(subscription.c.past_due_since, told.checked_at)
    by_vendor = told.past_due_since != told.checked_at
    since = case((by_vendor, told.past_due_since), else_=first_heard)
    return statement.on_conflict_do_update(
        index_elements=["shop_id"],
        set_={
            **{name: told[name] for name in _TOLD},
            "past_due_since": case((told.state == State.PAST_DUE.value, since), else_=null()),
        },
        where=subscription.c.checked_at.is_(None)
        | (subscription.c.checked_at <= told.checked_at)
        | (subscription.c.kind != told.kind),
    )


_RECORD = Upsert(_newer)
_BEGIN = Upsert(lambda insert: insert(subscription).on_conflict_do_nothing(index_elements=["shop_id"]))
_OF = _READ.where(subscription.c.shop_id == bindparam("shop"))
_OF_PAYER = (
    select(subscription.c.shop_id)
    .where(subscription.c.kind == bindparam("vendor"), subscription.c.payer_id == bindparam("payer"))
    .order_by(subscription.c.shop_id)
    .limit(1)
)
_OVER = (
    update(subscription)
    .where(subscription.c.shop_id == bindparam("shop"))
    .values(over_since=bindparam("since", type_=Utc), over_limit=bindparam("most", type_=Integer))
)
_WITHOUT = (
    select(shop.c.id)
    .outerjoin(subscription, subscription.c.shop_id == shop.c.id)
    .where(shop.c.uninstalled_at.is_(None), subscription.c.shop_id.is_(None))
    .order_by(shop.c.id)
    .limit(bindparam("most"))
)
_LONGEST_UNASKED = (
    select(subscription.c.shop_id)
    .join(shop, shop.c.id == subscription.c.shop_id)
    .where(
        shop.c.uninstalled_at.is_(None),
        subscription.c.asked_at.is_(None) | (subscription.c.asked_at < bindparam("before", type_=Utc)),
    )
    .order_by(subscription.c.asked_at.is_not(None), subscription.c.asked_at, subscription.c.shop_id)
    .limit(bindparam("most"))
)
_ASKED = (
    update(subscription)
    .where(subscription.c.shop_id == bindparam("asked"))
    .values(asked_at=bindparam("at", type_=Utc))
)


def find(conn: Connection, shop_id: int) -> Subscription | None:
    """Return the shop's row; None where nobody was asked yet."""
    row = conn.execute(_OF, {"shop": shop_id}).one_or_none()
    if row is None:
        return None
    return Subscription(**{**row._mapping, "state": State(row.state)})  # noqa: SLF001 its public name


def record(conn: Connection, shop_id: int, told: Told) -> bool:
    """Write down what a vendor said, unless a later answer is there already; returns whether it was.

    The answer is the whole truth: what it leaves out is gone.
    """
    since = (told.past_due_since or told.checked_at) if told.state is State.PAST_DUE else None
    row = {**asdict(told), "state": told.state.value, "shop_id": shop_id, "past_due_since": since}
    return conn.execute(_RECORD.on(conn), row).rowcount == 1


def shop_of_payer(conn: Connection, kind: str, payer_id: str) -> int | None:
    """Return which shop the vendor knows by this name; None for nobody, as after its erasure."""
    found = conn.execute(_OF_PAYER, {"vendor": kind, "payer": payer_id}).scalar_one_or_none()
    return None if found is None else int(found)


def keep_over(
    conn: Connection, shop_id: int, kind: str, since: datetime | None, limit: int | None = None
) -> None:
    """Remember since when more orders are kept than the limit that the plan had then; None while they are not."""
    values = {"shop": shop_id, "since": since, "most": limit}
    if not conn.execute(_OVER, values).rowcount and since is not None:
        conn.execute(_BEGIN.on(conn), {"shop_id": shop_id, "kind": kind})
        conn.execute(_OVER, values)


def to_ask(conn: Connection, kind: str, before: datetime, now: datetime, most: int) -> list[int]:
    """Return installed shops whose vendor was last asked before then, the longest ago first, and count them as asked."""
    fresh = list(conn.execute(_WITHOUT, {"most": most}).scalars())
    if fresh:
        conn.execute(_BEGIN.on(conn), [{"shop_id": id, "kind": kind} for id in fresh])
    found = list(conn.execute(_LONGEST_UNASKED, {"before": before, "most": most}).scalars())
    if found:
        conn.execute(_ASKED, [{"asked": id, "at": now} for id in found])
    return found


def keep_asked(conn: Connection, shop_id: int, at: datetime) -> None:
    """Count a shop as asked about at another moment than it was, so that its next turn comes sooner or later."""
    conn.execute(_ASKED, {"asked": shop_id, "at": at})
