"""refunds/create: a refund of an order that may not have arrived yet."""

from plugin.core.orders import Arrival
from plugin.shops import Shop
from webhooks import payloads
from webhooks.inbox import Event


def created(event: Event, shop: Shop, key: bytes) -> Arrival:
    """Return the refund as something told about its order; raises Park when it cannot be read."""
    order_id, refund = payloads.refund_of(event.body or b"")
    return Arrival(shop_id=shop.id, order_id=order_id, refunds=(refund,))
