"""The token columns of a shop's row: read, leased for a refresh, replaced by compare-and-set, wrapped again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select, update

from plugin.clock import APART
from plugin.crypto import Keyring, SealBroken
from plugin.database import lock_rows
from plugin.shops import SEALED, Tokens, context, sealed_pair, shop

LEASE = timedelta(seconds=60)
"""How long one process may be about to refresh before another one may try; longer than any refresh takes."""

_LONGEST = LEASE + APART
"""A lease that ends further ahead than this is of a clock that ran ahead, and counts as over."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens of a shop as they are stored now; ``stamp`` is the sealed refresh token, for comparing."""

    shop_id: int
    handle: str
    installed: bool
    needs_reopen: bool
    access: str | None = field(repr=False)
    access_expires: datetime | None
    refresh: str | None = field(repr=False)
    refresh_expires: datetime | None
    stamp: bytes | None = field(repr=False)
    leased_until: datetime | None = None

    def lasts(self, until: datetime) -> bool:
        """Tell whether there is an access token that is still good at that time."""
        return self.access is not None and (self.access_expires is None or self.access_expires > until)

    def leased(self, at: datetime) -> bool:
        """Tell whether another process is about to refresh it."""
        return self.leased_until is not None and at < self.leased_until <= at + _LONGEST


def load_pair(conn: Connection, keyring: Keyring, shop_id: int) -> Pair | None:
    """The pair of that shop, opened. Raises SealBroken when its key is configured no longer."""
    row = conn.execute(select(shop).where(shop.c.id == shop_id)).one_or_none()
    if row is None:
        return None

    def opened(column: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else keyring.open(sealed, context=context(shop_id, column)).decode()

    return Pair(
        shop_id,
        row.handle,
        installed=row.uninstalled_at is None,
        needs_reopen=row.needs_reopen,
        access=opened("access_token", row.access_token),
        access_expires=row.access_expires,
        refresh=opened("refresh_token", row.refresh_token),
        refresh_expires=row.refresh_expires,
        stamp=row.refresh_token,
        leased_until=row.lease_until,
    )


def take_lease(conn: Connection, pair: Pair, owner: str, now: datetime) -> bool:
    """Claim the right to refresh this very pair; False when another process has it or the pair changed."""
    free = or_(
        shop.c.lease_until.is_(None),
        shop.c.lease_until <= now,
        shop.c.lease_until > now + _LONGEST,
    )
    statement = update(shop).where(_unchanged(pair), free).values(lease_owner=owner, lease_until=now + LEASE)
    return conn.execute(statement).rowcount == 1


def release(conn: Connection, pair: Pair, owner: str) -> None:
    """Give up the claim without having refreshed."""
    mine = (shop.c.id == pair.shop_id) & (shop.c.lease_owner == owner)
    conn.execute(update(shop).where(mine).values(lease_owner=None, lease_until=None))


def replace_pair(conn: Connection, keyring: Keyring, pair: Pair, fresh: Tokens, scopes: str) -> bool:
    """Store the fresh pair if the old one is still there; False when somebody was first or the shop uninstalled."""
    values = sealed_pair(keyring, pair.shop_id, fresh)
    granted = {"scopes": scopes} if scopes else {}
    statement = (
        update(shop)
        .where(_unchanged(pair))
        .values(**values, **granted, needs_reopen=False, lease_owner=None, lease_until=None)
    )
    return conn.execute(statement).rowcount == 1


def mark_reopen(conn: Connection, pair: Pair) -> bool:
    """Note that this pair is dead and staff must open the app; False when the pair is not the stored one any more."""
    statement = (
        update(shop).where(_unchanged(pair)).values(needs_reopen=True, lease_owner=None, lease_until=None)
    )
    return conn.execute(statement).rowcount == 1


def pairs_older(conn: Connection, bound: datetime) -> list[int]:
    """The installed shops whose access token expired before ``bound`` and can be refreshed."""
    statement = select(shop.c.id).where(
        shop.c.uninstalled_at.is_(None),
        shop.c.refresh_token.is_not(None),
        ~shop.c.needs_reopen,
        shop.c.access_expires < bound,
    )
    return list(conn.execute(statement.order_by(shop.c.id)).scalars())


def shop_ids(conn: Connection) -> list[int]:
    """Every shop that has a row, installed or not."""
    return list(conn.execute(select(shop.c.id).order_by(shop.c.id)).scalars())


def rewrap(conn: Connection, keyring: Keyring, shop_id: int) -> tuple[int, int]:
    """Seal what an older key sealed in this row with the newest one: how many values were, how many do not open."""
    statement = select(*(shop.c[name] for name in SEALED)).where(shop.c.id == shop_id)
    row = conn.execute(statement.with_for_update() if lock_rows(conn) else statement).one_or_none()
    fresh: dict[str, Any] = {}
    broken = 0
    for column, sealed in zip(SEALED, row or (), strict=row is not None):
        if sealed is None or not keyring.needs_rewrap(sealed):
            continue
        try:
            fresh[column] = keyring.rewrap(sealed, context=context(shop_id, column))
        except SealBroken:
            broken += 1
    if fresh:
        conn.execute(update(shop).where(shop.c.id == shop_id).values(**fresh))
    return len(fresh), broken


def _unchanged(pair: Pair) -> ColumnElement[bool]:
    return (
        (shop.c.id == pair.shop_id) & (shop.c.refresh_token == pair.stamp) & shop.c.uninstalled_at.is_(None)
    )
