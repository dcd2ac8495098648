"""What the Admin API says of a customer, asked only where a campaign needs it. Needs ``read_customers``."""

from dataclasses import dataclass, field

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Misunderstood
from plugin.shopify.names import gid
from plugin.shops import Shop


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """``orders``: how many the customer has placed with this shop, ever; ``tags`` are empty unless asked for."""

    orders: int
    tags: tuple[str, ...] = field(default=(), repr=False)


async def customer_facts(
    gateway: Gateway, shop: Shop, customer_id: int, *, tags: bool = False
) -> CustomerFacts | None:
    """The customer as they are now, None where the shop has no such customer any more. Raises GatewayError."""
    asked = {"id": gid("Customer", customer_id), "tags": tags}
    result = await gateway.execute(shop, document("CustomerFacts"), asked)
    found = result.data.get("customer")
    if found is None:
        return None
    try:
        return CustomerFacts(int(found["numberOfOrders"]), tuple(map(str, found["tags"])) if tags else ())
    except (KeyError, TypeError, ValueError) as error:
        raise Misunderstood("Shopify's answer about a customer cannot be read.") from error
