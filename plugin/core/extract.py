"""The whole ledger read out entry by entry, account by account, in portions of bounded size."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, tuple_

from plugin.core.accounts import account
from plugin.core.adjustments import OF_ENTRY, adjustment
from plugin.core.ledger import ledger_entry
from plugin.core.order_book import order
from plugin.database import Utc

PORTION = 2000

_PLACE = tuple_(account.c.id, ledger_entry.c.id)
_READ = (
    select(
        account.c.id.label("account"),
        account.c.root_id.label("root"),
        account.c.customer_id,
        ledger_entry.c.id.label("entry"),
        ledger_entry.c.kind,
        ledger_entry.c.points,
        ledger_entry.c.business_at,
        ledger_entry.c.recorded_at,
        ledger_entry.c.expires_at,
        ledger_entry.c.rule_version,
        order.c.order_id,
        adjustment.c.reason,
    )
    .join(ledger_entry, ledger_entry.c.account_id == account.c.id)
    .outerjoin(order, order.c.id == ledger_entry.c.order_ref)
    .outerjoin(adjustment, OF_ENTRY)
    .where(
        account.c.shop_id == bindparam("shop"),
        account.c.id >= bindparam("account"),
        tuple_(bindparam("account"), bindparam("entry")) < _PLACE,
        ledger_entry.c.recorded_at <= bindparam("until", type_=Utc),
    )
    .order_by(account.c.id, ledger_entry.c.id)
    .limit(PORTION)
)
_MEMBER = account.alias("member")
_OF_CUSTOMER = _READ.where(
    account.c.root_id
    == select(_MEMBER.c.root_id)
    .where(_MEMBER.c.shop_id == bindparam("shop"), _MEMBER.c.customer_id == bindparam("customer"))
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Place:
    """How far the reading has come."""

    account: int = 0
    entry: int = 0


def portion(
    conn: Connection, shop_id: int, customer_id: int | None, after: Place, until: datetime
) -> Sequence[Any]:
    """Return the next entries recorded until then, of the shop or of all accounts merged with one customer's."""
    values = {"shop": shop_id, "account": after.account, "entry": after.entry, "until": until}
    if customer_id is None:
        return conn.execute(_READ, values).all()
    return conn.execute(_OF_CUSTOMER, {**values, "customer": customer_id}).all()


def place_of(row: Any) -> Place:
    """Return the place of an entry read."""
    return Place(row.account, row.entry)
