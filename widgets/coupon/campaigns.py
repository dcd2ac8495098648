"""Campaign versions: what a coupon is worth, as one immutable discount node each (semantics C 19)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from plugin.database import Upsert, among
from plugin.settings import ShopSettings, Versions
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon_node

COMBINATION = "none"
"""A coupon combines with no other discount, Shopify's default."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a coupon takes off; ``value`` in percent or minor units, ``minimum`` in minor units of ``currency``."""

    kind: str
    value: int
    minimum: int
    currency: str

    @property
    def fingerprint(self) -> str:
        """The name of this version within a shop: the same terms are the same discount node."""
        return _fingerprint(self)


@dataclass(frozen=True, slots=True)
class Node:
    """A campaign version's discount node; see the table for what is None when."""

    id: int
    shop_id: int
    campaign: Campaign
    gid: str | None
    first_code: str | None
    creation: str | None
    low_id: int | None
    created_at: datetime


_FIND = select(coupon_node).where(
    among(coupon_node.c.shop_id, "shops"),
    among(coupon_node.c.fingerprint, "fingerprints"),
)
_BY_ID = select(coupon_node).where(among(coupon_node.c.id, "ids"))
_ADD = Upsert(
    lambda insert: insert(coupon_node).on_conflict_do_nothing(index_elements=["shop_id", "fingerprint"])
)


def current(versions: Versions, shop_id: int) -> Campaign | None:
    """Return the campaign in force now; None while coupons are switched off."""
    settings = versions.current(shop_id, CouponSettings).value
    if not settings.enabled:
        return None
    currency = versions.current(shop_id, ShopSettings).value.currency
    return Campaign(settings.kind, settings.value, settings.minimum_subtotal, currency)


def nodes(conn: Connection, wanted: Mapping[int, Campaign], now: datetime) -> dict[int, Node]:
    """Return each shop's node for its campaign, written down where it is new; minting it is a task's."""
    found = _find(conn, wanted)
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        conn.execute(_ADD.on(conn), [_row(shop_id, wanted[shop_id], now) for shop_id in missing])
        found |= _find(conn, {shop_id: wanted[shop_id] for shop_id in missing})
    return found


def by_id(conn: Connection, ids: set[int]) -> dict[int, Node]:
    """Return the nodes by their ids."""
    return {row.id: _node(row) for row in conn.execute(_BY_ID, {"ids": sorted(ids)})} if ids else {}


def _find(conn: Connection, wanted: Mapping[int, Campaign]) -> dict[int, Node]:
    if not wanted:
        return {}
    fingerprints = sorted({campaign.fingerprint for campaign in wanted.values()})
    rows = conn.execute(_FIND, {"shops": sorted(wanted), "fingerprints": fingerprints})
    return {row.shop_id: _node(row) for row in rows if row.fingerprint == wanted[row.shop_id].fingerprint}


def _node(row: Any) -> Node:
    campaign = Campaign(row.kind, row.value, row.minimum, row.currency)
    return Node(
        row.id, row.shop_id, campaign, row.gid, row.first_code, row.creation, row.low_id, row.created_at
    )


def _row(shop_id: int, campaign: Campaign, now: datetime) -> dict[str, object]:
    return {
        "shop_id": shop_id,
        "fingerprint": campaign.fingerprint,
        "kind": campaign.kind,
        "value": campaign.value,
        "minimum": campaign.minimum,
        "currency": campaign.currency,
        "created_at": now,
    }


@lru_cache(4096)
def _fingerprint(campaign: Campaign) -> str:
    terms = [campaign.kind, campaign.value, campaign.minimum, campaign.currency, COMBINATION]
    return hashlib.sha256(json.dumps(terms).encode()).hexdigest()
