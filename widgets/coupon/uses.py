"""Which orders used which of our codes: the target of each order's facts today, in whatever order they came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, bindparam, delete, literal, select, update

from plugin.core.codes import known_form
from plugin.core.order_book import OrderChange
from plugin.database import Big, Changes, Id, Upsert, among, lock_rows
from widgets.coupon import taken
from widgets.coupon.tables import REPLACED, REVOKED, WITHDRAWN, coupon, coupon_code, coupon_use

_FIND = (
    select(
        coupon_code.c.id,
        coupon_code.c.shop_id,
        coupon_code.c.code,
        coupon_code.c.state,
        coupon_code.c.order_ref,
        coupon.c.mailed,
        coupon.c.campaign,
    )
    .outerjoin(coupon, coupon.c.order_ref == coupon_code.c.order_ref)
    .where(among(coupon_code.c.code, "codes"), coupon_code.c.state != REPLACED)
)
_FACTS = ("campaign", "currency", "revenue", "discount")
_RECORDED = (
    select(coupon_use, coupon_code.c.order_ref.label("owner"))
    .join(coupon_code, coupon_code.c.id == coupon_use.c.code_id)
    .where(among(coupon_use.c.order_ref, "refs"), coupon_code.c.code.is_not(None))
)
"""Whose owner was erased has no text any more that an order could show; that it was used stays as it is."""
_ADD = Upsert(lambda insert: insert(coupon_use).on_conflict_do_nothing())
_DROP = delete(coupon_use).where(
    coupon_use.c.order_ref == bindparam("ref"), coupon_use.c.code_id == bindparam("code")
)
_CHANGE = Changes(
    {
        "code": Id,
        "ref": Id,
        "new_campaign": String(),
        "new_currency": String(),
        "new_revenue": Big(),
        "new_discount": Big(),
    },
    lambda new: (
        update(coupon_use)
        .where(coupon_use.c.code_id == new["code"], coupon_use.c.order_ref == new["ref"])
        .values({name: new[f"new_{name}"] for name in _FACTS})
    ),
)

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


@dataclass(frozen=True, slots=True)
class Shown:
    """What orders' facts show of our codes, and what was recorded of them before."""

    changes: Sequence[OrderChange]
    codes: Mapping[tuple[int, str], Any]
    """By shop and text."""
    recorded: Mapping[tuple[int, int], Any]
    """By order and code."""

    @property
    def owners(self) -> set[int]:
        """The orders whose own coupon this may concern: their coupons are locked before anything is recorded."""
        found = {row.order_ref for row in self.codes.values()} | {row.owner for row in self.recorded.values()}
        return found - {None}


def shown(conn: Connection, changes: Sequence[OrderChange]) -> Shown:
    """Return what these orders show; an order's codes match in any case."""
    known = [change.ref for change in changes if not change.first]
    rows = conn.execute(_RECORDED, {"refs": known}).all() if known else ()
    return Shown(changes, _codes(conn, changes), {(row.order_ref, row.code_id): row for row in rows})


def record(conn: Connection, seen: Shown) -> set[int]:
    """Make the recorded uses those of the orders' facts.

    Returns the orders whose own coupon that concerns beyond its state: a code was used although it had been taken
    back (the checkout was faster) or stands in mails, or is used no longer.
    """
    codes = _codes(conn, seen.changes) if lock_rows(conn) and seen.codes else seen.codes
    wanted: dict[tuple[int, int], tuple[object, ...]] = {}
    concerned: set[int] = set()
    for change in seen.changes if codes else ():
        found = [codes[change.shop_id, code] for code in _named(change) if (change.shop_id, code) in codes]
        wanted |= {(change.ref, row.id): _facts(change, row) for row in found}
        concerned |= {
            row.order_ref for row in found if row.mailed is not None or row.state in {REVOKED, WITHDRAWN}
        }
    if gone := seen.recorded.keys() - wanted.keys():
        conn.execute(_DROP, [{"ref": ref, "code": code} for ref, code in sorted(gone)])
        concerned |= {seen.recorded[one].owner for one in gone}
    _write(conn, wanted, seen.recorded)
    return concerned - {None}


def _codes(conn: Connection, changes: Sequence[OrderChange]) -> dict[tuple[int, str], Any]:
    named = sorted({code for change in changes for code in _named(change)})
    return {(row.shop_id, row.code): row for row in conn.execute(_FIND, {"codes": named})} if named else {}


def _write(
    conn: Connection,
    wanted: Mapping[tuple[int, int], tuple[object, ...]],
    recorded: Mapping[tuple[int, int], Any],
) -> None:
    new, changed = [], []
    for (ref, code), facts in sorted(wanted.items()):
        row = recorded.get((ref, code))
        if row is None:
            new.append({"order_ref": ref, "code_id": code} | dict(zip(_FACTS, facts, strict=True)))
        elif tuple(getattr(row, name) for name in _FACTS) != facts:
            values = {f"new_{name}": value for name, value in zip(_FACTS, facts, strict=True)}
            changed.append({"ref": ref, "code": code} | values)
    if new:
        _ADD.rows(conn, new)
    if changed:
        _CHANGE.rows(conn, changed)


def _facts(change: OrderChange, row: Any) -> tuple[object, ...]:
    """What is noted of a use, in the order of ``_FACTS``."""
    state = change.state
    return row.campaign or "", state.facts.currency, taken.revenue(state), taken.discount(state, row.code)


def _named(change: OrderChange) -> list[str]:
    forms = (known_form(text) for text in change.state.facts.codes)
    return [form for form in forms if form is not None]
