"""Which orders used which of our codes: the target of each order's facts today, in whatever order they came."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, delete, literal, select

from plugin.core.codes import known_form
from plugin.core.order_book import OrderChange
from plugin.database import Upsert, among
from widgets.coupon.tables import REPLACED, REVOKED, WITHDRAWN, coupon, coupon_code, coupon_use

_FIND = (
    select(
        coupon_code.c.id,
        coupon_code.c.shop_id,
        coupon_code.c.code,
        coupon_code.c.state,
        coupon_code.c.order_ref,
        coupon.c.mailed,
    )
    .outerjoin(coupon, coupon.c.order_ref == coupon_code.c.order_ref)
    .where(among(coupon_code.c.code, "codes"), coupon_code.c.state != REPLACED)
)
_RECORDED = select(coupon_use.c.order_ref, coupon_use.c.code_id).where(among(coupon_use.c.order_ref, "refs"))
_ADD = Upsert(lambda insert: insert(coupon_use).on_conflict_do_nothing())
_DROP = delete(coupon_use).where(
    coupon_use.c.order_ref == bindparam("ref"), coupon_use.c.code_id == bindparam("code")
)

_OWNERS = select(coupon_code.c.order_ref).where(among(coupon_code.c.id, "codes"))

IS_USED: ColumnElement[bool] = (
    select(literal(1)).where(coupon_use.c.code_id == coupon_code.c.id).correlate(coupon_code).exists()
)
"""That some order uses a code, in a statement about ``coupon_code``."""

WAS_USED: ColumnElement[bool] = (
    select(literal(1))
    .select_from(coupon_use.join(coupon_code, coupon_code.c.id == coupon_use.c.code_id))
    .where(coupon_code.c.order_ref == coupon.c.order_ref)
    .correlate(coupon)
    .exists()
)
"""That some order uses a code of a coupon, in a statement about ``coupon``."""


def record(conn: Connection, changes: Sequence[OrderChange]) -> set[int]:
    """Make the recorded uses those of the orders' facts; an order's codes match in any case.

    Returns the orders whose own coupon that concerns beyond its state: a code was used although it had been taken
    back (the checkout was faster) or stands in mails, or is used no longer.
    """
    named = {change.ref: _named(change) for change in changes}
    wanted: set[tuple[int, int]] = set()
    concerned: set[int] = set()
    codes = sorted({code for mine in named.values() for code in mine})
    if codes:
        rows = {(row.shop_id, row.code): row for row in conn.execute(_FIND, {"codes": codes})}
        for change in changes:
            found = [
                rows[change.shop_id, code] for code in named[change.ref] if (change.shop_id, code) in rows
            ]
            wanted |= {(change.ref, row.id) for row in found}
            concerned |= {
                row.order_ref for row in found if row.mailed is not None or row.state in {REVOKED, WITHDRAWN}
            }
    known = [change.ref for change in changes if not change.first]
    recorded = {tuple(row) for row in conn.execute(_RECORDED, {"refs": known})} if known else set()
    if gone := recorded - wanted:
        conn.execute(_DROP, [{"ref": ref, "code": code} for ref, code in sorted(gone)])
        concerned |= set(conn.execute(_OWNERS, {"codes": sorted({code for _, code in gone})}).scalars())
    if new := wanted - recorded:
        _ADD.rows(conn, [{"order_ref": ref, "code_id": code} for ref, code in sorted(new)])
    return concerned - {None}


def _named(change: OrderChange) -> list[str]:
    forms = (known_form(text) for text in change.state.facts.codes)
    return [form for form in forms if form is not None]
