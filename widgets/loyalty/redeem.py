"""A shopper redeems a reward: paid first, its code written down, then asked of Shopify (semantics B 16, D 26)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from plugin import tasks
from plugin.core import accounts, redemptions, standing, tombstones
from plugin.core.accounts import account
from plugin.core.codes import new_code
from plugin.core.earning import midnight
from plugin.core.redemptions import ENDED, EXPIRED, PENDING, REVERSED, Redeemed, redemption
from plugin.errors import Conflict, Invalid, NotFound
from widgets.base import Context
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.reward_codes import IS_USED
from widgets.loyalty.settings import LoyaltySettings

MINT = "loyalty.mint"
"""The task that asks Shopify for the code of a redemption; its key is the redemption's id."""

_REQUEST = re.compile(r"[ -~]{1,64}")
_OF_REQUEST = (
    select(redemption, IS_USED.label("used"))
    .join(account, account.c.id == redemption.c.account_id)
    .where(account.c.root_id == bindparam("root"), redemption.c.request_id == bindparam("request"))
    .order_by(redemption.c.id)
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A redemption as it is now; ``code`` only while it can be used, ``available`` what is left to spend."""

    request_id: str
    state: str
    cost: int
    available: int
    code: str | None = None


def redeem(conn: Connection, ctx: Context, settings: LoyaltySettings, form: Mapping[str, str]) -> Outcome:
    """Buy a reward; the same request does it once and answers the same redemption each time.

    Raises Invalid for a form that is none, NotFound for an unknown reward, and Conflict where the points do not suffice,
    the reward is not offered today, or the request bought another.
    """
    wanted, request_id = _read(ctx, form)
    customer_id = _signed_in(ctx)
    tombstones.share(conn, [ctx.shop.id])
    root = accounts.lock_root(conn, ctx.shop.id, customer_id)
    if root is not None and (known := _known(conn, root.id, request_id, wanted, ctx)) is not None:
        return _outcome(conn, ctx, customer_id, known)
    reward = _offered(ctx, settings, wanted)
    if root is not None:
        ctx = replace(ctx, now=redemptions.after_debits(conn, root.id, ctx.now))
    available = _available(conn, ctx, customer_id)
    if root is None or available < reward.cost:
        raise Conflict(
            ctx.language.gettext(
                "This costs %(cost)s points, and you have %(available)s to spend.",
                cost=ctx.language.number(reward.cost),
                available=ctx.language.number(available),
            ),
            code="not_enough",
        )
    id = redemptions.add(conn, _bought(ctx, reward, root.id, request_id), ctx.now)
    tasks.enqueue(conn, [tasks.Wanted(ctx.shop.id, MINT, str(id), ctx.now, {})], ctx.now)
    return _outcome(conn, ctx, customer_id, _known_by_request(conn, root.id, request_id)[0])


def last_day(day: date, reward: Reward) -> date:
    """Return the last day on which a code redeemed that day can be used."""
    return day + timedelta(days=reward.valid_days)


def shown_state(row: Row[Any], now: datetime) -> str:
    """Return what a redemption comes to for whoever asked for it: pending, ready or reversed.

    One that is past its date unused is pending until its code is gone and its points are back.
    """
    if row.state in {REVERSED, ENDED}:
        return "reversed"
    over = row.state == EXPIRED or row.ends_at <= now
    return "pending" if row.state == PENDING or (over and not row.used) else "ready"


def _read(ctx: Context, form: Mapping[str, str]) -> tuple[str, str]:
    wanted, request_id = form.get("reward", ""), form.get("request_id", "")
    if not wanted:
        text = ctx.language.gettext("Please choose a reward.")
        raise Invalid(text, fields={"reward": text})
    if not _REQUEST.fullmatch(request_id):
        text = ctx.language.gettext("This form is incomplete: please reload the page.")
        raise Invalid(text, fields={"request_id": text})
    return wanted, request_id


def _signed_in(ctx: Context) -> int:
    if ctx.customer_id is None:
        raise LookupError("an action's customer is signed in")
    return ctx.customer_id


def _known_by_request(conn: Connection, root: int, request_id: str) -> list[Row[Any]]:
    return list(conn.execute(_OF_REQUEST, {"root": root, "request": request_id}))


def _known(conn: Connection, root: int, request_id: str, wanted: str, ctx: Context) -> Row[Any] | None:
    """Customers who were merged may each have sent the same request; theirs of this reward is meant."""
    found = _known_by_request(conn, root, request_id)
    mine = [row for row in found if row.reward == wanted]
    if found and not mine:
        text = ctx.language.gettext("This form was already used for another reward: please reload the page.")
        raise Conflict(text, code="request_used")
    return mine[0] if mine else None


def _offered(ctx: Context, settings: LoyaltySettings, wanted: str) -> Reward:
    reward = next((one for one in settings.rewards if one.id == wanted), None)
    if reward is None:
        raise NotFound(ctx.language.gettext("There is no such reward."))
    if not reward.is_offered(_today(ctx)):
        raise Conflict(ctx.language.gettext("This reward is not offered at the moment."), code="not_offered")
    return reward


def _available(conn: Connection, ctx: Context, customer_id: int) -> int:
    mine = standing.standing(conn, ctx.shop.id, customer_id, ctx.now)
    return mine.available if mine else 0


def _bought(ctx: Context, reward: Reward, root: int, request_id: str) -> Redeemed:
    day = last_day(_today(ctx), reward)
    return Redeemed(
        shop_id=ctx.shop.id,
        account_id=root,
        request_id=request_id,
        reward=reward.id,
        title=reward.title,
        kind=reward.kind,
        value=None if reward.value is None else str(reward.value),
        minimum=reward.minimum_subtotal,
        currency=ctx.settings.currency,
        cost=reward.cost,
        code=new_code(),
        at=ctx.now,
        expires_on=day,
        ends_at=_end(ctx, day),
    )


def _end(ctx: Context, day: date) -> datetime:
    return midnight(day + timedelta(days=1), ctx.settings.zone)


def _today(ctx: Context) -> date:
    return ctx.now.astimezone(ctx.settings.zone).date()


def _outcome(conn: Connection, ctx: Context, customer_id: int, row: Row[Any]) -> Outcome:
    state = shown_state(row, ctx.now)
    return Outcome(
        request_id=row.request_id,
        state=state,
        cost=row.cost,
        available=_available(conn, ctx, customer_id),
        code=row.code if state == "ready" else None,
    )
