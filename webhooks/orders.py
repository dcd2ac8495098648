"""orders/create, paid, updated, cancelled and delete: each is one thing told about one order."""

from plugin.core.orders import Arrival, Snapshot
from plugin.crypto import keyed_hash
from plugin.shops import Shop
from webhooks import payloads
from webhooks.inbox import Event


def snapshot(event: Event, shop: Shop, key: bytes) -> Arrival:
    """Return the order as the body shows it; raises Park when it cannot be read."""
    facts, token = payloads.order(event.body or b"")
    return Arrival(
        shop_id=shop.id,
        order_id=facts.id,
        snapshot=Snapshot(facts),
        token=keyed_hash(key, token) if token else None,
    )


def deleted(event: Event, shop: Shop, key: bytes) -> Arrival:
    """Return the tombstone of an order; it wins over any snapshot."""
    return Arrival(shop_id=shop.id, order_id=payloads.deletion(event.body or b""), deleted=True)
