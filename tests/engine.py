"""Drives the engine through its real doors without HTTP: a shop, its settings, stored webhooks, the worker's batch."""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert, select, update

import widgets
from plugin import settings, shops, verify
from plugin.core import accounts, positions, product_facts, redemptions, settlement
from plugin.core.campaigns import ProductFacts
from plugin.core.codes import new_code
from plugin.core.orders import Arrival, Snapshot
from plugin.core.redemptions import ENDED, Redeemed, redemption
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.errors import Park
from plugin.pseudonyms import Pseudonyms
from plugin.settings import Section, ShopSettings, setting
from plugin.shops import Shop, Tokens
from plugin.verify import Report
from tests.oracle.campaigns import Shelf
from webhooks import handle, inbox, payloads
from webhooks.handle import Batch
from webhooks.inbox import Received
from widgets.loyalty import products
from widgets.loyalty.settings import LoyaltySettings

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
KEYRING = Keyring((b"k" * 32,))
VALID = timedelta(days=3650)
"""How long a code is valid that a test does not speak of."""

_ids = count(1)


def install(
    conn: Connection,
    handle_: str = "example",
    *,
    now: datetime,
    active_from: datetime = LONG_AGO,
    sections: Iterable[Section] = (),
    currency: str = "EUR",
    zone: str = "Europe/Berlin",
    count_test_orders: bool = False,
) -> Shop:
    """Install a shop whose settings are the defaults, or the given sections."""
    tokens = Tokens("access", None, None, None)
    shop = shops.record_exchange(conn, handle_, tokens, "", now, KEYRING)
    first = ShopSettings(
        time_zone=zone,
        currency=currency,
        active_from=active_from.isoformat(),
        count_test_orders=count_test_orders,
    )
    given = {section.section: section for section in sections}
    defaults = [widget.settings() for widget in widgets.ALL.values()]
    rest = [section for section in [first, *defaults] if section.section not in given]
    settings.establish(conn, shop.id, [*given.values(), *rest], now)
    return shop


def version(conn: Connection, shop: Shop, number: int, section: Section, valid_from: datetime) -> None:
    """Write a version of a section that was in force from an instant of the past."""
    row = {
        "shop_id": shop.id,
        "section": section.section,
        "version": number,
        "valid_from": valid_from,
        "value": json.dumps(section.model_dump(mode="json")),
    }
    conn.execute(insert(setting), [row])


def store(
    conn: Connection,
    topic: str,
    body: Mapping[str, Any] | bytes,
    *,
    now: datetime,
    shop: str = "example",
    webhook_id: str | None = None,
    triggered_at: datetime | None = None,
) -> None:
    """Store a webhook as the door does after its proof."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    received = Received("shopify", shop, webhook_id or f"w{next(_ids)}", topic, triggered_at, now, raw)
    inbox.store(conn, [received.row(KEYRING)])


def handle_all(conn: Connection, now: datetime, most: int = 50) -> Batch:
    """Handle everything that waits, in batches within one transaction."""
    whole = Batch()
    while (batch := handle.handle_due(conn, KEYRING, now, most)).taken:
        whole.taken += batch.taken
        whole.handled += batch.handled
        whole.parked += batch.parked
        whole.failed += batch.failed
        whole.orders |= batch.orders
    return whole


def fetch(conn: Connection, shop: Shop, body: Mapping[str, Any], fetched_at: datetime, now: datetime) -> None:
    """Feed an order as a fetch that began at ``fetched_at`` shows it; one that would be parked changes nothing."""
    facts, _ = payloads.order(json.dumps(body).encode())
    arrival = Arrival(shop.id, facts.id, Snapshot(facts, fetched_at))
    with contextlib.suppress(Park), conn.begin_nested():
        widgets.apply(conn, [arrival], now, Pseudonyms(KEYRING, [shop]))


def redeem(
    conn: Connection,
    shop: Shop,
    customer: int,
    points: int,
    at: datetime,
    now: datetime,
    *,
    kind: str = "amount",
    code: str | None = None,
) -> int:
    """Write a redemption down as of that instant, whatever the balance; returns its id."""
    account = accounts.ensure(conn, [(shop.id, customer)])[shop.id, customer]
    number = next(_ids)
    made = Redeemed(
        shop_id=shop.id,
        account_id=account.id,
        request_id=f"test {number}",
        reward="test",
        title="A reward",
        kind=kind,
        value=None,
        minimum=0,
        currency="EUR",
        cost=points,
        code=code or new_code(),
        at=at,
        expires_on=at.date() + VALID,
        ends_at=at + VALID,
    )
    id = redemptions.add(conn, made, now)
    roots = accounts.by_id(conn, [account.root_id])
    positions.post_expiry(conn, [root.id for root in roots.values() if root.expires], now)
    return id


def give_up(conn: Connection, code: str, at: datetime, now: datetime) -> None:
    """End a redemption as of that instant, its code unused."""
    found = select(redemption.c.id).where(redemption.c.code == code)
    id = conn.execute(found).scalar_one()
    conn.execute(update(redemption).where(redemption.c.id == id).values(state=ENDED, closed_at=at))
    positions.post_expiry(conn, settlement.settle(conn, [id], now), now)


def answer_products(conn: Connection, shop: Shop, shelf: Shelf, now: datetime) -> None:
    """Have the orders that wait told about their products, as the task does that asks Shopify."""
    after = 0
    while refs := products.waiting(conn, shop.id, after):
        for about in products.missing(conn, shop.id, refs):
            _, product, day = about
            facts = ProductFacts(
                frozenset(shelf.collections(product, day)),
                frozenset(tag.casefold() for tag in shelf.tags(product, day)),
            )
            product_facts.learn(conn, about, None if shelf.is_gone(product, day) else facts, now)
        products.derive(conn, refs, now)
        after = refs[-1]


def tick(conn: Connection, now: datetime) -> None:
    """Run every widget's clock jobs to their end."""
    for widget in widgets.ALL.values():
        for job in widget.jobs:
            while job.run(conn, None, now):
                pass


async def verified(db: Database, now: datetime) -> Report:
    """Return what ``dankbar verify`` finds."""
    return await db.snapshot(lambda conn: verify.verify(conn, None, None, now))


@dataclass(frozen=True, slots=True)
class Rules:
    """Versions of the two sections that an earning rule is made of."""

    loyalty: Sequence[tuple[datetime, LoyaltySettings]]
    shop: Sequence[tuple[datetime, ShopSettings]]

    def write(self, conn: Connection, shop: Shop) -> None:
        """Store all versions but the first, which ``install`` stored."""
        for versions in (self.loyalty, self.shop):
            for number, (valid_from, section) in enumerate(versions[1:], 2):
                version(conn, shop, number, section, valid_from)
