"""Campaign versions: what a coupon is worth, as one immutable discount node each (semantics C 19)."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from plugin.core.codes import PREFIX
from plugin.database import Upsert, among
from plugin.settings import ShopSettings, Versions
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import REFUSED, coupon_node

COMBINATION = "none"
"""A coupon combines with no other discount, Shopify's default."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a coupon takes off; ``value`` in percent or minor units, ``minimum`` in minor units of ``currency``.

    ``products`` or ``collections``, ids at Shopify in order, are all that it holds for; empty means everything.
    ``title`` names it for the merchant alone and is no term of it; ``prefix`` is what its codes begin with.
    """

    kind: str
    value: int
    minimum: int
    currency: str
    prefix: str = PREFIX
    products: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    title: str = field(default="", compare=False)

    @property
    def fingerprint(self) -> str:
        """The name of this version within a shop: the same terms are the same discount node."""
        return _fingerprint(self)


@dataclass(frozen=True, slots=True)
class Node:
    """A campaign version's discount node; see the table for what is None when.

    A ``retired`` one has no pool; one that is ``refused`` has none until Shopify makes it.
    """

    id: int
    shop_id: int
    campaign: Campaign
    gid: str | None
    first_code: str | None
    creation: str | None
    low_id: int | None
    created_at: datetime
    retired: bool = False
    refused: bool = False


_FIND = select(coupon_node).where(
    among(coupon_node.c.shop_id, "shops"),
    among(coupon_node.c.fingerprint, "fingerprints"),
)
_BY_ID = select(coupon_node).where(among(coupon_node.c.id, "ids"))
_ADD = Upsert(
    lambda insert: insert(coupon_node).on_conflict_do_nothing(index_elements=["shop_id", "fingerprint"])
)


def current(versions: Versions, shop_id: int) -> Campaign | None:
    """Return the ordinary campaign in force now; None while coupons are switched off."""
    settings = versions.current(shop_id, CouponSettings).value
    if not settings.enabled:
        return None
    currency = versions.current(shop_id, ShopSettings).value.currency
    return Campaign(
        settings.kind, settings.value, settings.minimum_subtotal, currency, prefix=settings.prefix
    )


def nodes(conn: Connection, wanted: Mapping[int, Campaign], now: datetime) -> dict[int, Node]:
    """Return each shop's node for its campaign, written down where it is new; minting it is a task's."""
    return {shop_id: node for (shop_id, _), node in all_nodes(conn, wanted.items(), now).items()}


def all_nodes(
    conn: Connection, wanted: Collection[tuple[int, Campaign]], now: datetime
) -> dict[tuple[int, Campaign], Node]:
    """Return the node of each campaign of each shop, written down where it is new."""
    found = _find(conn, wanted)
    missing = [pair for pair in dict.fromkeys(wanted) if pair not in found]
    if missing:
        conn.execute(
            _ADD.on(conn), [_row(shop_id, campaign, now) for shop_id, campaign in sorted(missing, key=_name)]
        )
        found |= _find(conn, missing)
    return found


def by_id(conn: Connection, ids: set[int]) -> dict[int, Node]:
    """Return the nodes by their ids."""
    return {row.id: _node(row) for row in conn.execute(_BY_ID, {"ids": sorted(ids)})} if ids else {}


def heirs(conn: Connection, nodes: Iterable[Node], now: datetime) -> dict[int, Node]:
    """Return, by the ids of those that are retired, the nodes that hold their campaigns now."""
    old = {node.id: (node.shop_id, node.campaign) for node in nodes if node.retired}
    found = all_nodes(conn, list(old.values()), now) if old else {}
    return {id: found[pair] for id, pair in old.items()}


def _find(conn: Connection, wanted: Collection[tuple[int, Campaign]]) -> dict[tuple[int, Campaign], Node]:
    if not wanted:
        return {}
    named = {_name(pair): pair for pair in wanted}
    shops, fingerprints = sorted({id for id, _ in named}), sorted({text for _, text in named})
    rows = conn.execute(_FIND, {"shops": shops, "fingerprints": fingerprints})
    return {
        named[row.shop_id, row.fingerprint]: _node(row)
        for row in rows
        if (row.shop_id, row.fingerprint) in named
    }


def _name(pair: tuple[int, Campaign]) -> tuple[int, str]:
    return pair[0], pair[1].fingerprint


def _node(row: Any) -> Node:
    goods = json.loads(row.goods) if row.goods else {}
    campaign = Campaign(
        kind=row.kind,
        value=row.value,
        minimum=row.minimum,
        currency=row.currency,
        prefix=row.prefix,
        products=tuple(goods.get("products", ())),
        collections=tuple(goods.get("collections", ())),
        title=row.title,
    )
    return Node(
        id=row.id,
        shop_id=row.shop_id,
        campaign=campaign,
        gid=row.gid,
        first_code=row.first_code,
        creation=row.creation,
        low_id=row.low_id,
        created_at=row.created_at,
        retired=row.fingerprint != campaign.fingerprint,
        refused=row.trouble == REFUSED,
    )


def _row(shop_id: int, campaign: Campaign, now: datetime) -> dict[str, object]:
    return {
        "shop_id": shop_id,
        "fingerprint": campaign.fingerprint,
        "kind": campaign.kind,
        "value": campaign.value,
        "minimum": campaign.minimum,
        "currency": campaign.currency,
        "prefix": campaign.prefix,
        "goods": _goods(campaign),
        "title": campaign.title,
        "created_at": now,
    }


def _goods(campaign: Campaign) -> str | None:
    if campaign.products:
        return json.dumps({"products": campaign.products})
    return json.dumps({"collections": campaign.collections}) if campaign.collections else None


@lru_cache(4096)
def _fingerprint(campaign: Campaign) -> str:
    terms: list[object] = [campaign.kind, campaign.value, campaign.minimum, campaign.currency, COMBINATION]
    if campaign.prefix != PREFIX or _goods(campaign):
        terms += [campaign.prefix, campaign.products, campaign.collections]
    return hashlib.sha256(json.dumps(terms).encode()).hexdigest()
