"""The tag that Shopify keeps on a customer while a tier is held, for early access; it follows the tier, also in time.

An account is only marked where its tier may have changed; ``plugin.copies`` has the clock ask for one task a shop. What
Shopify was told is remembered before it is told, so that no tag is forgotten and none is sent twice.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    literal,
    select,
    update,
)

from plugin import copies, settings
from plugin.clock import Job
from plugin.core import privacy
from plugin.core.accounts import account
from plugin.core.tiers import leaves, window
from plugin.database import Id, Upsert, Utc, among, metadata
from plugin.language import sentence
from plugin.settings import Section, Versions
from plugin.shopify import Refused, add_tags, remove_tags
from plugin.shops import shop
from plugin.tasks import Handler, TaskRun
from widgets.base import Processing, Seal, Subject
from widgets.loyalty import ranks
from widgets.loyalty.rules import MODELS, rule_at
from widgets.loyalty.settings import LoyaltySettings

TAGS, UNTAG = "loyalty.tags", "loyalty.untag"
SCOPE = "write_customers"
PORTION = 25
CALLS = 60
"""A task ends after so many portions; the clock asks for the next one while accounts are due."""

tier_tag = Table(
    "tier_tag",
    metadata,
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("held", Text, nullable=False, server_default="[]"),
    Column("due_at", Utc),
    Index("ix_tier_tag_shop_id_due_at", "shop_id", "due_at"),
)
"""``held``: the tags that may be on the customer, JSON; ``due_at``: when to look again, None while nothing can change."""


def _mark(make: Callable[..., Any]) -> Any:
    statement = make(tier_tag)
    return statement.on_conflict_do_update(
        index_elements=["account_id"], set_={"due_at": statement.excluded.due_at}
    )


_MARK = Upsert(_mark)
_ALL = select(account.c.id, account.c.shop_id, bindparam("now", type_=Utc)).where(
    account.c.shop_id == bindparam("shop"),
    account.c.id == account.c.root_id,
    account.c.customer_id.is_not(None),
)
_MARK_ALL = Upsert(
    lambda make: _mark(lambda table: make(table).from_select(["account_id", "shop_id", "due_at"], _ALL))
)
_DUE = (
    select(tier_tag.c.account_id, account.c.root_id)
    .join(account, account.c.id == tier_tag.c.account_id)
    .where(tier_tag.c.shop_id == bindparam("shop"), tier_tag.c.due_at <= bindparam("now", type_=Utc))
    .order_by(tier_tag.c.due_at, tier_tag.c.account_id)
    .limit(PORTION)
)
_ROOT = account.alias("root")
_FAMILY = (
    select(account.c.root_id, _ROOT.c.customer_id, tier_tag.c.account_id, tier_tag.c.held, tier_tag.c.due_at)
    .join(account, account.c.id == tier_tag.c.account_id)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .where(among(account.c.root_id, "roots"))
    .order_by(tier_tag.c.account_id)
)
_SETTLE = (
    update(tier_tag)
    .where(
        tier_tag.c.account_id == bindparam("id"),
        tier_tag.c.due_at.is_not_distinct_from(bindparam("seen", type_=Utc)),
    )
    .values(due_at=bindparam("next_at", type_=Utc))
)
_LIVING = select(account.c.id, account.c.shop_id).where(
    account.c.id == bindparam("id"), account.c.customer_id.is_not(None)
)
_HOLD = (
    update(tier_tag)
    .where(
        tier_tag.c.account_id == bindparam("id"),
        tier_tag.c.account_id.in_(_LIVING.with_only_columns(account.c.id)),
    )
    .values(held=bindparam("tags"))
)
_ADD_ROOT = Upsert(
    lambda make: make(tier_tag).from_select(["account_id", "shop_id"], _LIVING).on_conflict_do_nothing()
)
"""Nobody who was erased meanwhile is written down again."""
_DROP = delete(tier_tag).where(among(tier_tag.c.account_id, "ids"))
_OF = select(account.c.customer_id, tier_tag.c.held).join(account, account.c.id == tier_tag.c.account_id)
_OF = _OF.where(tier_tag.c.account_id.in_(privacy.MINE))


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tagged:
    """A root account that is due: what its customer should have (at most one tag), and what may be there."""

    root: int
    customer_id: int | None
    wanted: frozenset[str]
    held: frozenset[str]
    next_at: datetime | None
    seen: Mapping[int, datetime | None]
    """The marks of its accounts as they were read."""


def uses_tags(versions: Versions, shop_id: int) -> bool:
    """Tell whether the shop has, or ever had, a tag on a tier."""
    return bool(_every_tag(versions, shop_id))


def mark(conn: Connection, shop_id: int, roots: Iterable[int], now: datetime) -> None:
    """Have the tags of these root accounts looked at."""
    rows = [{"account_id": root, "shop_id": shop_id, "due_at": now} for root in sorted(set(roots))]
    if rows:
        conn.execute(_MARK.on(conn), rows)


def on_change(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
    """Have every customer's tag looked at once tiers are others, or are counted otherwise."""
    if isinstance(before, LoyaltySettings) and isinstance(after, LoyaltySettings):
        counted = [(one.enabled, one.tiers, one.tier_basis, one.tier_months) for one in (before, after)]
        if counted[0] == counted[1]:
            return
    if uses_tags(settings.versions(conn, [shop_id], MODELS), shop_id):
        conn.execute(_MARK_ALL.on(conn), {"shop": shop_id, "now": now})


def ask(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask for the task of every shop where accounts are due."""
    due = (tier_tag.c.shop_id == shop.c.id) & (tier_tag.c.due_at <= literal(now, Utc))
    copies.ask(conn, TAGS, SCOPE, due, shop_id, now)
    return 0


async def follow(run: TaskRun) -> None:
    """Bring the tags of all who are due to their tiers; whom Shopify refuses is tried again after a day."""
    for _ in range(CALLS):
        found = await run.db.read(partial(due, shop_id=run.shop.id, now=run.now))
        if not found:
            return
        for one in found:
            try:
                await _follow(run, one)
            except Refused:
                log.warning("tag refused", shop=run.shop.handle)
                await run.db.write(partial(_postpone, one=one, until=run.now + copies.ASIDE))


async def _follow(run: TaskRun, one: Tagged) -> None:
    held = one.wanted
    if one.customer_id is not None and one.wanted != one.held:
        if not await run.db.write(partial(_remember, one=one, held=one.held | one.wanted)):
            return
        known = await remove_tags(run.gateway, run.shop, one.customer_id, one.held - one.wanted)
        if not (known and await add_tags(run.gateway, run.shop, one.customer_id, one.wanted - one.held)):
            held = frozenset()
    await run.db.write(partial(_settle, one=one, held=held))


def due(conn: Connection, shop_id: int, now: datetime) -> list[Tagged]:
    """Return up to 25 root accounts of the shop that are due, longest first; reads only."""
    roots = list(dict.fromkeys(row.root_id for row in conn.execute(_DUE, {"shop": shop_id, "now": now})))
    if not roots:
        return []
    rows = conn.execute(_FAMILY, {"roots": roots}).all()
    versions = settings.versions(conn, [shop_id], MODELS)
    rule = rule_at(versions, shop_id, now)
    histories = ranks.of_roots(conn, shop_id, roots, versions).histories
    found = []
    for root in roots:
        mine, history = [row for row in rows if row.root_id == root], histories[root]
        tier = history.tier(rule, now)
        first = history.first_after(window(now, rule.ladder.months, rule.zone)) if tier else None
        found.append(
            Tagged(
                root=root,
                customer_id=mine[0].customer_id,
                wanted=frozenset({tier.tag} if tier and tier.tag else ()),
                held=frozenset(tag for row in mine for tag in json.loads(row.held)),
                next_at=leaves(first, rule.ladder.months, rule.zone) if first else None,
                seen={row.account_id: row.due_at for row in mine},
            )
        )
    return found


def _remember(conn: Connection, one: Tagged, held: frozenset[str]) -> bool:
    """Shopify hands the tags of a merged customer to the one who stays, and so do we.

    Tells whether the account still has a customer; of one who was erased meanwhile nothing is remembered.
    """
    conn.execute(_ADD_ROOT.on(conn), {"id": one.root})
    values = {"id": one.root, "tags": json.dumps(sorted(held), ensure_ascii=False)}
    return conn.execute(_HOLD, values).rowcount > 0


def _settle(conn: Connection, one: Tagged, held: frozenset[str]) -> None:
    _remember(conn, one, held)
    next_at = one.next_at if one.customer_id is not None else None
    conn.execute(_SETTLE, {"id": one.root, "seen": one.seen.get(one.root), "next_at": next_at})
    if aliases := [id for id in one.seen if id != one.root]:
        conn.execute(_DROP, {"ids": aliases})


def _postpone(conn: Connection, one: Tagged, until: datetime) -> None:
    """Look at an account and its aliases later; a refusal is definite: what was to be added is not there."""
    _remember(conn, one, one.held)
    for id, seen in one.seen.items():
        conn.execute(_SETTLE, {"id": id, "seen": seen, "next_at": until})


def recall(conn: Connection, subject: Subject, seal: Seal, now: datetime) -> None:
    """Ask for the removal of the tags of a person who is about to be erased here, whatever is noted of them."""
    used = uses_tags(settings.versions(conn, [subject.shop_id], MODELS), subject.shop_id)
    if used and copies.granted(conn, subject.shop_id, SCOPE):
        copies.take_back(conn, UNTAG, subject.shop_id, sorted(subject.customer_ids), seal, now)


async def untag(run: TaskRun) -> None:
    """Remove every tag that a tier of this shop ever had from an erased person, as far as that is possible."""
    versions = await run.db.read(lambda conn: settings.versions(conn, [run.shop.id], MODELS))
    tags = _every_tag(versions, run.shop.id)

    async def remove(customers: list[int]) -> None:
        for customer in customers:
            with suppress(Refused):  # which is no reason to leave the others as they are
                await remove_tags(run.gateway, run.shop, customer, tags)

    await copies.taken_back(run, remove)


def _every_tag(versions: Versions, shop_id: int) -> set[str]:
    every = versions.every(shop_id, LoyaltySettings)
    return {tier.customer_tag for one in every for tier in one.value.tiers if tier.customer_tag}


def export(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield the tags that Shopify was told."""
    whose = {"shop": subject.shop_id, "customers": list(subject.customer_ids)}
    for row in conn.execute(_OF, whose).all():
        yield {"customer": str(row.customer_id), "tags": json.loads(row.held)}


def erase(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget the tags of the person; Shopify was asked to remove them before."""
    whose = {"shop": subject.shop_id, "customers": list(subject.customer_ids)}
    conn.execute(delete(tier_tag).where(tier_tag.c.account_id.in_(privacy.MINE)), whose)


TAG = Processing(
    what=sentence("The tag of your tier on your customer account at Shopify"),
    purpose=sentence("So that the shop can let you in earlier while you hold the tier."),
    basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
    retention=sentence(
        "Until the tier ends or the customer's data is erased; then it is removed there as well."
    ),
    recipients=(sentence("Shopify, which keeps the tag"),),
    columns=("tier_tag.held", "tier_tag.due_at"),
    export=export,
    erase=erase,
)
"""Erased before the accounts lose their customers: it is found by them."""

TASKS: Mapping[str, Handler] = {TAGS: follow, UNTAG: untag}
JOBS = (Job(TAGS, timedelta(seconds=30), ask),)
