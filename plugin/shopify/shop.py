"""What Shopify says of a shop itself. Needs no scope."""

from dataclasses import dataclass

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Misunderstood
from plugin.shops import Shop


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """Currency as ISO 4217, time zone as IANA, country as ISO 3166; ``primary_domain`` is the storefront's host."""

    gid: str
    name: str
    currency: str
    time_zone: str
    country: str
    development: bool
    primary_domain: str


async def shop_facts(gateway: Gateway, shop: Shop) -> ShopFacts:
    """Ask the shop about itself. Raises GatewayError."""
    result = await gateway.execute(shop, document("ShopFacts"))
    try:
        found = result.data["shop"]
        return ShopFacts(
            gid=str(found["id"]),
            name=str(found["name"]),
            currency=str(found["currencyCode"]),
            time_zone=str(found["ianaTimezone"]),
            country=str(found["shopAddress"]["countryCodeV2"] or ""),
            development=bool(found["plan"]["partnerDevelopment"]),
            primary_domain=str(found["primaryDomain"]["host"]),
        )
    except (KeyError, TypeError) as error:
        raise Misunderstood("Shopify's answer about the shop cannot be read.") from error
