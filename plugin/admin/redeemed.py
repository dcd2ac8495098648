"""Rewards that a customer has bought: what they cost, what became of their codes, and which orders used them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, func, select

from plugin.core import redemptions
from plugin.core.accounts import account
from plugin.core.ledger import ledger_entry
from plugin.core.order_book import order
from plugin.core.redemptions import redemption, redemption_use
from plugin.database import among
from plugin.language import sentence

MOST = 100
"""Redemptions shown at once, the newest first."""

STATES = {
    redemptions.PENDING: sentence("its code is being made"),
    redemptions.READY: sentence("its code can be used"),
    redemptions.REVERSED: sentence("no code could be made, the points are back"),
    redemptions.EXPIRED: sentence("not used in time, the points are on their way back"),
    redemptions.ENDED: sentence("not used in time, the points are back"),
    redemptions.SPENT: sentence("used, and past its date"),
}

_BOUGHT = (
    select(
        redemption.c.id,
        redemption.c.title,
        redemption.c.cost,
        redemption.c.code,
        redemption.c.state,
        redemption.c.redeemed_at,
        redemption.c.expires_on,
    )
    .join(account, account.c.id == redemption.c.account_id)
    .where(account.c.root_id == bindparam("root"))
    .order_by(redemption.c.redeemed_at.desc(), redemption.c.id.desc())
    .limit(MOST)
)
_USES = (
    select(redemption_use.c.redemption_id, order.c.order_id)
    .join(order, order.c.id == redemption_use.c.order_ref)
    .where(among(redemption_use.c.redemption_id, "ids"), order.c.order_id.is_not(None))
    .order_by(order.c.order_id)
)
_POSTED = (
    select(ledger_entry.c.redemption_id, func.sum(ledger_entry.c.points).label("points"))
    .where(among(ledger_entry.c.redemption_id, "ids"))
    .group_by(ledger_entry.c.redemption_id)
)


@dataclass(frozen=True, slots=True)
class Bought:
    """One redemption; ``back`` are the points that the ledger has given back of its cost."""

    title: str
    cost: int
    code: str | None
    state: str
    at: datetime
    expires_on: date
    used_by: tuple[int, ...]
    back: int


def bought(conn: Connection, root: int) -> tuple[Bought, ...]:
    """Return the redemptions of all accounts merged into this one, the newest first."""
    rows = conn.execute(_BOUGHT, {"root": root}).all()
    uses: dict[int, list[int]] = defaultdict(list)
    posted: dict[int, int] = {}
    if rows:
        ids = {"ids": [row.id for row in rows]}
        for use in conn.execute(_USES, ids):
            uses[use.redemption_id].append(use.order_id)
        posted = {row.redemption_id: int(row.points) for row in conn.execute(_POSTED, ids)}
    return tuple(
        Bought(
            title=row.title,
            cost=row.cost,
            code=row.code,
            state=row.state,
            at=row.redeemed_at,
            expires_on=row.expires_on,
            used_by=tuple(uses[row.id]),
            back=row.cost + posted.get(row.id, -row.cost),
        )
        for row in rows
    )
