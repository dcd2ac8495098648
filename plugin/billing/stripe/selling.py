"""What has to be at Stripe before a shop can pay: one customer, the plan's price, and an open checkout page.

Each write carries an idempotency key made of what is wanted, so that two tabs that want the same get the same.
"""

from stripe import StripeClient
from stripe.checkout import Session
from stripe.params.checkout import SessionCreateParams

from plugin.billing.plans import Plan
from plugin.billing.stripe.once import once
from plugin.billing.stripe.truth import PLAN, SHOP, lookup_key
from plugin.billing.stripe.wire import asked
from plugin.shops import Shop

MOST = 100


async def customers(client: StripeClient, shop: Shop) -> list[str]:
    """Return every customer that bears the shop's name here, the oldest first; a new one is found within a minute."""
    query = f"metadata['{SHOP}']:'{shop.handle}'"
    found = await asked(client.v1.customers.search_async({"query": query, "limit": MOST}))
    return [one.id for one in sorted(found.data, key=lambda one: (one.created, one.id))]


async def customer(client: StripeClient, shop: Shop) -> str:
    """Return a customer for the shop; one that was deleted at Stripe since is followed by another."""
    former = None
    while True:
        made = await once(
            lambda key: client.v1.customers.create_async(
                {"metadata": {SHOP: shop.handle}}, {"idempotency_key": key}
            ),
            "customer",
            shop.handle,
            former,
        )
        # The answer may be an earlier one, repeated for the same key, of a customer that is gone by now.
        if not getattr(await asked(client.v1.customers.retrieve_async(made.id)), "deleted", False):
            # Beside the key, since a shop that is renamed after a lost answer is the same shop.
            await asked(client.v1.customers.update_async(made.id, {"name": shop.name}))
            return made.id
        former = made.id


async def price(client: StripeClient, plan: Plan, currency: str) -> str:
    """Return the plan's price at Stripe, made when it is first sold."""
    name = lookup_key(plan, currency)
    found = await asked(client.v1.prices.list_async({"lookup_keys": [name], "active": True}))
    if found.data:
        return found.data[0].id
    made = await once(
        lambda key: client.v1.prices.create_async(
            {
                "currency": currency.lower(),
                "unit_amount": plan.price(currency),
                "recurring": {"interval": "month"},
                "tax_behavior": "exclusive",
                "product_data": {"name": f"Dankbar {plan.name}"},
                "lookup_key": name,
                "transfer_lookup_key": True,
                "metadata": {PLAN: plan.handle},
            },
            {"idempotency_key": key},
        ),
        "price",
        name,
    )
    return made.id


async def checkout(
    client: StripeClient, shop: Shop, payer: str, price_id: str, back: str, *, tax: bool
) -> str:
    """Return the address of the one open checkout page for this price; pages for other prices are closed."""
    sessions = await asked(client.v1.checkout.sessions.list_async({"customer": payer, "limit": MOST}))
    for session in sessions.data:
        if session.status != "open":
            continue
        if session.url and _same(session, price_id, back):
            return session.url
        await asked(client.v1.checkout.sessions.expire_async(session.id))
    latest = sessions.data[0].id if sessions.data else None
    made = await once(
        lambda key: client.v1.checkout.sessions.create_async(
            _wanted(shop, payer, price_id, back, tax=tax), {"idempotency_key": key}
        ),
        "checkout",
        payer,
        price_id,
        back,
        tax,
        latest,
    )
    return made.url or back


def _same(session: Session, price_id: str, back: str) -> bool:
    metadata = session.metadata.to_dict() if session.metadata else {}
    return metadata.get("price") == price_id and session.success_url == back


def _wanted(shop: Shop, payer: str, price_id: str, back: str, *, tax: bool) -> SessionCreateParams:
    return {
        "mode": "subscription",
        "customer": payer,
        "client_reference_id": shop.handle,
        "line_items": [{"price": price_id, "quantity": 1}],
        "success_url": back,
        "cancel_url": back,
        "billing_address_collection": "required",
        "tax_id_collection": {"enabled": True},
        "automatic_tax": {"enabled": tax},
        "customer_update": {"address": "auto", "name": "auto"},
        "metadata": {SHOP: shop.handle, "price": price_id},
        "subscription_data": {"metadata": {SHOP: shop.handle}},
    }
