"""Codes made at Shopify: the discount, its codes in portions, and the removal of single ones.

Each step is written down before the call and looked up after an unknown outcome, so that it may be cut off anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Connection

from plugin.core.money import major
from plugin.errors import DankbarError, Retry
from plugin.shopify import Misunderstood, Refused, discounts
from plugin.shopify.discounts import Added, Amount, Percentage, Terms
from plugin.tasks import TaskRun
from widgets.coupon import mending, refusals, stock
from widgets.coupon.campaigns import Campaign, Node

T = TypeVar("T")

PATIENCE = 40.0
"""Seconds a task waits for Shopify's background work before it gives way to others."""

_TAKEN = {"TAKEN", "DUPLICATE"}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_AHEAD = timedelta(hours=1)
"""A discount begins a little before it is made: our clock may run ahead of Shopify's."""


async def create(run: TaskRun, node: Node) -> bool:
    """Make the node at Shopify, or find it there by its first code; False if Shopify refuses what it is to grant.

    Raises GatewayError or Retry.
    """
    code = await run.db.write(lambda conn: stock.first_code(conn, node))
    if code is None:
        return True
    gid = await discounts.find_code(run.gateway, run.shop, code) if node.first_code else None
    code_gid: str | None = None
    if gid is None:
        try:
            made = await discounts.create_node(run.gateway, run.shop, _terms(node, code))
        except Refused as refused:
            if refused.has("INTERNAL_ERROR"):
                raise
            if not refused.has("TAKEN"):
                errors, now = refused.errors, run.now
                await run.db.write(lambda conn: refusals.record(conn, node, errors, now))
                return False
            gid = await discounts.find_code(run.gateway, run.shop, code)
        else:
            gid, code_gid = made.id, made.code_id
    if gid is None:
        await run.db.write(lambda conn: stock.another_first_code(conn, node, code))
        raise Retry("Shopify says that a code exists and does not find it.")
    if code_gid is None:
        found = await discounts.code_ids(run.gateway, run.shop, gid, [code])
        code_gid = found.get(code)
    home, own = gid, code_gid
    await run.db.write(lambda conn: stock.created(conn, node, home, code, own))
    return True


async def add(run: TaskRun, node: Node, gid: str, codes: Sequence[str]) -> None:
    """Have these codes added, or see what became of them when that was begun before. Raises GatewayError or Retry."""
    there, failed = await _imported(run, node, gid, codes)
    lost = [code for code in codes if code not in there]
    await run.db.write(lambda conn: stock.minted(conn, node, there, lost))
    if codes and not there:
        reasons = ", ".join(sorted(set(failed.values()))) or "no reason"
        raise DankbarError(f"Shopify added none of the codes: {reasons}.")


async def restore(run: TaskRun, node: Node, gid: str, codes: Sequence[str]) -> None:
    """Have given codes made again with the same text; whose text is taken gets another. Raises GatewayError or Retry."""
    there, failed = await _imported(run, node, gid, codes)
    taken = [code for code in codes if code not in there and failed.get(code) in _TAKEN]

    now = run.now

    def record(conn: Connection) -> None:
        mending.restored(conn, node, there, taken, now)
        stock.importing(conn, node, None)

    await run.db.write(record)
    if codes and not (there or taken):
        raise Retry("Shopify did not make given codes again.")


async def _imported(
    run: TaskRun, node: Node, gid: str, codes: Sequence[str]
) -> tuple[dict[str, str], Mapping[str, str]]:
    """Have codes added; returns the ids of those that are there, and Shopify's reason for others."""
    creation = node.creation
    if creation is None:
        creation = await discounts.add_codes(run.gateway, run.shop, gid, codes)
        started = creation
        await run.db.write(lambda conn: stock.importing(conn, node, started))
    asked = creation

    async def look() -> Added | None:
        try:
            return await discounts.codes_added(run.gateway, run.shop, asked)
        except Misunderstood:
            return Added({}, {})  # forgotten: the codes themselves are looked for

    added = await _until(look, "Shopify is still adding codes.")
    there = {code: added.made[code] for code in codes if code in added.made}
    if missing := [code for code in codes if code not in there]:
        there |= await discounts.code_ids(run.gateway, run.shop, gid, missing)
    return there, added.failed


async def remove(run: TaskRun, gid: str, code_gids: Sequence[str]) -> None:
    """Remove these codes alone; returns when it is done. Raises GatewayError or Retry."""
    job = await discounts.remove_codes(run.gateway, run.shop, gid, code_gids)

    async def look() -> bool | None:
        return await discounts.job_done(run.gateway, run.shop, job) or None

    await _until(look, "Shopify is still removing codes.")


async def _until(look: Callable[[], Awaitable[T | None]], else_say: str) -> T:
    pause, waited = _FIRST_PAUSE, 0.0
    while (found := await look()) is None:
        if waited >= PATIENCE:
            raise Retry(else_say)
        await asyncio.sleep(pause)
        waited += pause
        pause = min(2 * pause, _LONGEST_PAUSE)
    return found


def _terms(node: Node, code: str) -> Terms:
    campaign = node.campaign
    return Terms(
        title=title(campaign),
        code=code,
        value=Percentage(Decimal(campaign.value))
        if campaign.kind == "percentage"
        else Amount(campaign.value, campaign.currency),
        currency=campaign.currency,
        starts_at=node.created_at - _AHEAD,
        minimum=campaign.minimum,
        products=campaign.products,
        collections=campaign.collections,
    )


def title(campaign: Campaign) -> str:
    """Return the name under which a merchant finds the discount in the admin."""
    value = f"{campaign.value} %"
    if campaign.kind == "amount":
        value = _money(campaign.value, campaign.currency)
    start = f", {_money(campaign.minimum, campaign.currency)} +" if campaign.minimum else ""
    named = f" ({campaign.title})" if campaign.title else ""
    return f"Dankbar {value}{start}{named}"


def _money(amount: int, currency: str) -> str:
    return f"{major(amount, currency)} {currency}"
