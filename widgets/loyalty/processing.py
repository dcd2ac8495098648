"""What points say about a person: whose account it is, what came in and went out, and until when."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from plugin.core import adjustments, privacy, settlement
from plugin.core.accounts import account
from plugin.core.bonuses import bonus
from plugin.core.ledger import earning, ledger_entry
from plugin.core.order_book import order
from plugin.core.redemptions import redemption
from plugin.database import among
from plugin.language import sentence
from widgets.base import Processing, Subject, asked
from widgets.loyalty import effects
from widgets.loyalty.expiry_notices import NOTICES
from widgets.loyalty.mirror import COPY
from widgets.loyalty.tags import TAG

_ROOT = account.alias("root")
_ACCOUNTS = (
    select(account.c.customer_id, account.c.total, _ROOT.c.expired_to)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .where(account.c.id.in_(privacy.MINE))
    .order_by(account.c.id)
)
_ENTRIES = (
    select(
        ledger_entry.c.kind,
        ledger_entry.c.points,
        ledger_entry.c.business_at,
        ledger_entry.c.recorded_at,
        ledger_entry.c.expires_at,
        ledger_entry.c.rule_version,
        ledger_entry.c.breakdown,
        order.c.order_id,
    )
    .outerjoin(order, order.c.id == ledger_entry.c.order_ref)
    .where(ledger_entry.c.account_id.in_(privacy.MINE))
    .order_by(ledger_entry.c.business_at, ledger_entry.c.id)
)
_BONUSES = (
    select(bonus.c.source, bonus.c.points, bonus.c.reached_at, bonus.c.available_at, bonus.c.expires_at)
    .where(bonus.c.account_id.in_(privacy.MINE))
    .order_by(bonus.c.reached_at, bonus.c.id)
)
_LOTS = (
    select(
        order.c.order_id,
        earning.c.points,
        earning.c.kept,
        earning.c.breakdown,
        earning.c.base,
        earning.c.tier,
        earning.c.available_at,
        earning.c.expires_at,
    )
    .join(order, order.c.id == earning.c.order_ref)
    .where(among(earning.c.order_ref, "refs"), ~order.c.sealed)
    .order_by(earning.c.available_at, order.c.id)
)
_END_WAIT = update(earning).where(among(earning.c.order_ref, "refs")).values(waits=False)

_REWARDS = (
    select(redemption).where(redemption.c.account_id.in_(privacy.MINE)).order_by(redemption.c.redeemed_at)
)
_FORGET_REWARDS = (
    update(redemption)
    .where(redemption.c.account_id.in_(privacy.MINE))
    .values(request_id=None, code=None, gid=None)
)


def export(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield the person's accounts, every entry, and what each order earns today."""
    if subject.customer_ids:
        whose = {"shop": subject.shop_id, "customers": list(subject.customer_ids)}
        for mine in conn.execute(_ACCOUNTS, whose).all():
            yield {
                "account": {
                    "customer": str(mine.customer_id),
                    "total": mine.total,
                    "expiry_posted_to": mine.expired_to,
                }
            }
        for entry in conn.execute(_ENTRIES, whose).all():
            yield {
                "entry": {
                    "kind": entry.kind,
                    "points": entry.points,
                    "at": entry.business_at,
                    "recorded_at": entry.recorded_at,
                    "expires_at": entry.expires_at,
                    "rule": entry.rule_version,
                    "breakdown": entry.breakdown,
                    "order": None if entry.order_id is None else str(entry.order_id),
                }
            }
        for one in conn.execute(_BONUSES, whose).all():
            yield {
                "bonus": {
                    "for": one.source,
                    "points": one.points,
                    "reached_at": one.reached_at,
                    "available_at": one.available_at,
                    "expires_at": one.expires_at,
                }
            }
    for lot in conn.execute(_LOTS, {"refs": list(subject.order_refs)}).all():
        yield {
            "earned": {
                "order": str(lot.order_id),
                "points": lot.points,
                "on_amount": lot.kept,
                "breakdown": lot.breakdown,
                "without_tier": lot.base,
                "tier": lot.tier,
                "available_at": lot.available_at,
                "expires_at": lot.expires_at,
            }
        }


def export_rewards(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield every reward the person bought, with its code and what came back of it."""
    if not subject.customer_ids:
        return
    whose = {"shop": subject.shop_id, "customers": list(subject.customer_ids)}
    rows = conn.execute(_REWARDS, whose).all()
    back = settlement.returns(conn, [row.id for row in rows])
    for row in rows:
        yield {
            "reward": {
                "title": row.title,
                "points": row.cost,
                "code": row.code,
                "state": row.state,
                "request": row.request_id,
                "at": row.redeemed_at,
                "expires_on": row.expires_on,
                "given_back": [{"points": one.points, "at": one.at} for one in back.get(row.id, ())],
            }
        }


def erase_rewards(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget the codes and their names at Shopify; a live code ends there by its own date."""
    if subject.customer_ids:
        whose = {"shop": subject.shop_id, "customers": list(subject.customer_ids)}
        conn.execute(_FORGET_REWARDS, whose)


def erase(conn: Connection, subject: Subject, now: datetime) -> None:
    """Take the person from their accounts; sums and entries stay in the books and lead to nobody.

    What an order posted is all that it ever will: nothing is asked about its products any more.
    """
    conn.execute(_END_WAIT, {"refs": list(subject.order_refs)})
    effects.leave(conn, subject, now)
    privacy.detach(conn, subject.shop_id, subject.customer_ids)


def export_corrections(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield why points were given or taken by hand."""
    if subject.customer_ids:
        yield from adjustments.of_customers(conn, subject.shop_id, subject.customer_ids)


def erase_corrections(conn: Connection, subject: Subject, now: datetime) -> None:
    """Erase why, and by whom."""
    if subject.customer_ids:
        adjustments.forget(conn, subject.shop_id, subject.customer_ids)


CORRECTIONS = Processing(
    what=sentence("Points corrected by hand: why, and by which member of the shop's staff"),
    purpose=sentence("So that every correction can be explained."),
    basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
    retention=sentence("Until the customer's data is erased; the staff member's number at most three years."),
    columns=(
        "adjustment.reason",
        "adjustment.told",
        "adjustment.author",
        "adjustment.made_at",
    ),
    export=export_corrections,
    erase=erase_corrections,
)
"""Erased before the accounts lose their customers: it is found by them."""

PROCESSING = (
    CORRECTIONS,
    TAG,
    Processing(
        what=sentence("Rewards: what was bought with points, its code, and what came back of it"),
        purpose=sentence("So that a reward is paid for once, and given back when its order is undone."),
        basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
        retention=sentence(
            "Until the customer's data is erased; what a reward cost stays in the books then."
        ),
        recipients=(sentence("Shopify, which redeems the code"),),
        columns=(
            "redemption.request_id",
            "redemption.reward",
            "redemption.title",
            "redemption.cost",
            "redemption.code",
            "redemption.gid",
            "redemption.redeemed_at",
            "redemption.expires_on",
            "redemption_return.at",
            "redemption_return.points",
        ),
        scopes=("write_discounts",),
        export=export_rewards,
        erase=erase_rewards,
    ),
    COPY,
    NOTICES,
    Processing(
        what=sentence("Points: what each order brought, what was spent or expired, and the balance"),
        purpose=sentence("So that points can be collected, spent and checked."),
        basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
        retention=sentence(
            "Until the customer's data is erased; sums stay in the books then, without a name or number."
        ),
        columns=(
            "account.customer_id",
            "account.total",
            "account.expired_to",
            "ledger_entry.kind",
            "ledger_entry.points",
            "ledger_entry.business_at",
            "ledger_entry.recorded_at",
            "ledger_entry.expires_at",
            "ledger_entry.rule_version",
            "ledger_entry.breakdown",
            "bonus.points",
            "bonus.reached_at",
            "bonus.available_at",
            "bonus.expires_at",
            "bonus.rule_version",
            "bonus.source",
            "earning.points",
            "earning.kept",
            "earning.available_at",
            "earning.expires_at",
            "earning.rule_version",
            "earning.breakdown",
            "earning.base",
            "earning.tier",
            "earning.final_from",
        ),
        asks=asked(
            "customers-merge",
            "admin_graphql_api_customer_kept_id",
            "admin_graphql_api_customer_deleted_id",
            "status",
        ),
        scopes=("read_customer_merge",),
        export=export,
        erase=erase,
    ),
)
